"""The first thing a reader sees: warnings, then the figures that decide."""

from __future__ import annotations

from hub.contract import figures, numbers
from hub.contract.results import SliceName
from hub.report.markup import Child, Html, element, join
from hub.report.view import View


def headline(view: View) -> Html:
    """Return the page's heading, what must be known first, and the tiles."""
    result = view.result
    made = " · ".join(filter(None, ("Build report", result.created, f"run {result.run}" if result.run else "")))
    warnings = figures.leading_sentences(result)
    notes = element("ul", *(element("li", sentence) for sentence in warnings), class_="warnings") if warnings else None
    default = f"Default variant: {result.default_variant}. " if result.default_variant else ""
    tiles = [_score(view, part) for part in view.parts] + [_size(view), _speed(view), _gates(view)]
    return element(
        "header",
        element("p", made, class_="eyebrow"),
        element("h1", result.task),
        notes,
        element("p", join(element("strong", default), result.summary), class_="summary"),
        element("div", *tiles, class_="tiles"),
    )


def tile(title: Child, figure: Child, *lines: Child, mark: str = "") -> Html:
    """Return a tile: a title, one large figure and small lines below it."""
    below = [element("p", line, class_="line") for line in lines if line]
    classes = f"tile {mark}".strip()
    return element(
        "div", element("p", title, class_="name"), element("p", figure, class_="figure"), *below, class_=classes
    )


def _score(view: View, part: SliceName) -> Html:
    result, metric = view.result, view.result.headline_metric
    evaluation = view.default_evaluation(part.name)
    value = evaluation.metrics.get(metric) if evaluation else None
    title = f"{numbers.capital(view.metric)}, {view.part_title(part)}"
    if evaluation is None or value is None:
        return tile(title, "–", "not measured")
    interval = evaluation.intervals.get(metric)
    share = figures.share_of_teacher(result, view.default, part.name)
    others = []
    for model in (view.teacher, view.baseline):
        other = figures.score(model, part.name, metric)
        if model is not None and other is not None:
            others.append(f"{model.name} {numbers.number(other)}")
    return tile(
        title,
        numbers.number(value),
        f"95 % interval {numbers.number(interval.low)}–{numbers.number(interval.high)}" if interval else "",
        element("strong", f"{numbers.percent(share)} of the teacher") if share is not None else "",
        numbers.capital(", ".join(others)),
        f"{evaluation.rows:,} test rows",
    )


def _size(view: View) -> Html:
    default, teacher = view.default, view.teacher
    if default is None or not default.bytes:
        return tile("Size", "–", "not measured")
    against = ""
    if teacher and teacher.bytes:
        against = (
            f"{numbers.ratio(teacher.bytes / default.bytes)} smaller than the teacher ({numbers.size(teacher.bytes)})"
        )
    return tile("Size", numbers.size(default.bytes), "everything that a device fetches", against)


def _speed(view: View) -> Html:
    default = view.default
    if default is None or not default.latency:
        return tile(f"Time for one {view.reads}", "–", "not measured")
    shortest, *others = (tokens for tokens in figures.lengths(view.result) if tokens in default.latency)
    first = default.latency[shortest]
    lines = [_faster(view, shortest)]
    for tokens in others:
        time = numbers.milliseconds(default.latency[tokens].p50_ms)
        length = figures.length_name(view.result, tokens)
        lines.append(", ".join(filter(None, (f"{length}: {time}", _faster(view, tokens)))))
    threads = f"on {first.threads} thread" + ("s" if first.threads != 1 else "")
    title = f"Median time, {figures.length_name(view.result, shortest)}"
    return tile(title, numbers.milliseconds(first.p50_ms), *lines, threads)


def _faster(view: View, tokens: str) -> str:
    faster = figures.speed_up(view.result, view.default, tokens)
    return f"{numbers.ratio(faster)} faster than the teacher" if faster is not None else ""


def _gates(view: View) -> Html:
    gates = view.result.gates
    if not gates:
        return tile("Gates", "–", "none were set")
    missed = figures.missed(view.result)
    passed = len(gates) - len(missed)
    if not missed:
        return tile("Gates", f"{passed} of {len(gates)}", "all passed", mark="good")
    names = ", ".join(dict.fromkeys(gate.name for gate in missed))
    return tile("Gates", f"{passed} of {len(gates)}", f"passed; {len(missed)} missed: {names}", mark="bad")
