"""Heat map of a confusion matrix: rows are truth, columns are predictions."""

from __future__ import annotations

from collections.abc import Sequence

from hub.report.charts import canvas
from hub.report.markup import Html, element, join

_LONGEST = 16
# From this share on the text in a cell is that for full shade: both themes are readable on either side.
_DARK = 0.62


def heat_map(
    title: str, description: str, labels: Sequence[tuple[str, str]], matrix: Sequence[Sequence[int]], key: str = ""
) -> Html:
    """Return a heat map whose cells are shaded by the share of their row.

    Args:
        title: what the map shows.
        description: the same in a sentence.
        labels: (short id, full name) in the order of the matrix.
        matrix: counts, rows are truth; square, one line a label.
        key: makes the ids unique where two charts have the same title.
    """
    side = max(16.0, min(46.0, 720.0 / max(len(labels), 1)))
    longest = max((min(len(short), _LONGEST) for short, _ in labels), default=1)
    left = 26.0 + longest * 6.6
    # Column names hang at 60 degrees.
    top = 34.0 + longest * 5.8
    size = side * len(labels)
    parts = [
        canvas.text(left + size / 2, 12, "Prediction", "middle", "axis"),
        canvas.turned(12, top + size / 2, -90, "Truth", "middle", "axis"),
        canvas.rectangle(left, top, size, size, "plane"),
    ]
    for index, (short, name) in enumerate(labels):
        shown, full = canvas.shorten(short, _LONGEST), _full(short, name)
        middle = (index + 0.5) * side
        parts.append(canvas.text(left - 6, top + middle + 4, shown, "end", "label", full))
        parts.append(canvas.turned(left + middle + 2, top - 6, -60, shown, class_="label", title=full))
    for row, counts in enumerate(matrix):
        rows = sum(counts)
        for column, count in enumerate(counts):
            if count:
                names = _full(*labels[row]), _full(*labels[column])
                parts.append(_cell(left + column * side, top + row * side, side, count, count / rows, names))
    # The last column's name reaches beyond the map.
    width = left + size + 26 + longest * 1.5
    return canvas.frame(title, description, width, top + size + 6, *parts, fixed=True, key=key)


def shade_key() -> Html:
    """Return the legend of the shading."""
    plane = canvas.rectangle(0, 0, 132, 12, "plane")
    steps = [canvas.rectangle(i * 22.0, 0, 22, 12, "heat", fill_opacity=_opacity(i / 5)) for i in range(6)]
    scale = element("svg", plane, *steps, viewBox="0 0 132 12", width=132, height=12, aria_hidden="true")
    return element("p", "Share of the true label's rows: 0 % ", scale, " 100 %", class_="key")


def _cell(x: float, y: float, side: float, count: int, share: float, names: tuple[str, str]) -> Html:
    title = f"Truth {names[0]}; predicted {names[1]}: {count:,} ({100 * share:.1f} %)"
    cell = canvas.rectangle(x, y, side, side, "heat", title, fill_opacity=_opacity(share))
    text = str(count)
    if len(text) * 6.4 > side - 3:
        return cell
    tone = "count strong" if share > _DARK else "count"
    return join(cell, canvas.text(x + side / 2, y + side / 2 + 4, text, "middle", tone))


def _opacity(share: float) -> float:
    """Faint enough for one row in a hundred to be seen and full for all of them."""
    return 0.06 + 0.94 * share if share else 0.0


def _full(short: str, name: str) -> str:
    return f"{short} {name}" if name and name != short else short
