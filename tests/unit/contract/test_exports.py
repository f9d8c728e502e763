"""The names of `hub.contract`: listed once for programs, once for type checkers, and the same."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import hub.contract


def typed_names() -> dict[str, str]:
    """Return the names that type checkers see, with their modules."""
    tree = ast.parse(Path(str(hub.contract.__file__)).read_text("utf-8"))
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("hub.contract."):
            found |= {alias.name: str(node.module) for alias in node.names}
    return found


def test_every_name_is_exported_from_the_module_that_type_checkers_see() -> None:
    names = typed_names()

    assert len(names) > 25
    assert sorted(names) == sorted(hub.contract.__all__)
    for name, module in names.items():
        assert getattr(hub.contract, name) is getattr(importlib.import_module(module), name)


def test_dir_lists_the_names() -> None:
    assert set(hub.contract.__all__) <= set(dir(hub.contract))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = hub.contract.no_such_name  # type: ignore[attr-defined]
