"""Numbers as people read them: one rule a unit, shared by reports, cards and the command line."""

from __future__ import annotations

import math


def number(value: float) -> str:
    """Return a number without a unit: thousands separated, about three significant digits.

    Args:
        value: any number; scores in 0..1 get three decimals, whole numbers none.

    Returns:
        For example ``0.812``, ``12,000``, ``3.1e-7``; ``–`` when ``value`` is not finite.
    """
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 2 and float(value).is_integer():
        return f"{value:,.0f}"
    if 0 < size < 0.001:
        digits, _, exponent = f"{value:.1e}".partition("e")
        return f"{digits}e{int(exponent)}"
    return f"{value:,.1f}" if size >= 100 else f"{value:.3f}"


def percent(share: float) -> str:
    """Return a share (1 is all) in percent with one decimal: ``98.9 %``."""
    return f"{100 * share:.1f} %" if math.isfinite(share) else "–"


def pair(limit: float, value: float) -> tuple[str, str]:
    """Return a limit and a measured value with as many digits as tell them apart, four at least."""
    for digits in range(4, 17):
        shown = _plain(limit, digits), _plain(value, digits)
        if shown[0] != shown[1]:
            return shown
    return _plain(limit, 4), _plain(value, 4)


def size(value_bytes: int) -> str:
    """Return bytes in decimal units with three significant digits: ``7.62 MB``; ``–`` for none."""
    if value_bytes <= 0:
        return "–"
    scaled, unit = _scaled(value_bytes, ("B", "kB", "MB", "GB"))
    return f"{value_bytes} B" if unit == "B" else f"{_three_digits(scaled)} {unit}"


def milliseconds(value_ms: float) -> str:
    """Return a time in milliseconds: ``0.59 ms``, ``24.9 ms``, ``146 ms``; ``–`` when not finite."""
    if not math.isfinite(value_ms):
        return "–"
    return f"{value_ms:.3f} ms" if 0 < value_ms < 0.1 else f"{_three_digits(value_ms)} ms"


def count(value: int) -> str:
    """Return a large count with three digits: ``22.7 M``; below 100,000 in full: ``8,923``; ``–`` for 0."""
    if value <= 0:
        return "–"
    if value < 100_000:
        return f"{value:,}"
    scaled, unit = _scaled(value, ("", "k", "M", "G"))
    return f"{_three_digits(scaled)} {unit}"


def duration(seconds: float) -> str:
    """Return a time span: ``0.8 s``, ``3 min 24 s``, ``1 h 02 min``; ``–`` when not finite."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def ratio(value: float) -> str:
    """Return how many times: ``24×``, ``1.8×``; ``–`` when not finite."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.0f}×" if value >= 9.95 else f"{value:.1f}×"


def name(identifier: str) -> str:
    """Return a snake-case or kebab-case identifier as words: ``macro_f1`` becomes ``macro F1``."""
    words = identifier.replace("_", " ").replace("-", " ").split()
    return " ".join(_WORDS.get(word, word) for word in words)


def capital(text: str) -> str:
    """Return ``text`` with its first letter in upper case and the rest unchanged."""
    return text[:1].upper() + text[1:]


_WORDS = {
    "f1": "F1",
    "f2": "F2",
    "r2": "R²",
    "ece": "ECE",
    "mcc": "MCC",
    "auc": "AUC",
    "roc": "ROC",
    "ks": "KS",
    "id": "ID",
    "url": "URL",
    "onnx": "ONNX",
}


def _three_digits(value: float) -> str:
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def _scaled(value: float, units: tuple[str, ...]) -> tuple[float, str]:
    """Return ``value`` in the unit in which it is below 1000; the rounded figure decides."""
    for unit in units[:-1]:
        if value < 999.5:
            return value, unit
        value /= 1000
    return value, units[-1]


def _plain(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return "–"
    if float(value).is_integer():
        return f"{value:,.0f}"
    if abs(value) < 0.0001:
        mantissa, _, exponent = f"{value:.{digits - 3}e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    whole = len(str(int(abs(value))))
    places = max(digits - whole, 1)
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if abs(value) >= 1 else f"{value:.{digits}g}"
