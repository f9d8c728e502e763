"""References to functions by name, so that a declaration imports nothing."""

from __future__ import annotations

import importlib
import re
from typing import Any

from hub.contract.errors import MissingError

_PATTERN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def check_reference(reference: str) -> str:
    """Return ``reference`` unchanged if it reads ``package.module:name``.

    Raises:
        ValueError: it does not.
    """
    if not _PATTERN.fullmatch(reference):
        raise ValueError(f"{reference!r} is not of the form 'package.module:name'")
    return reference


def resolve(reference: str) -> Any:
    """Import the module of ``reference`` and return the object it names.

    Args:
        reference: ``package.module:name``.

    Raises:
        MissingError: HUB-P010, the module cannot be imported or has no such name.
    """
    check_reference(reference)
    module_name, _, name = reference.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise MissingError(
            "HUB-P010",
            f"cannot import {module_name!r}",
            str(error),
            'install what is missing; training parts come with: pip install "domainhub[train]"',
        ) from error
    try:
        return getattr(module, name)
    except AttributeError as error:
        raise MissingError(
            "HUB-P010",
            f"{module_name!r} has no {name!r}",
            "the plugin names a function that does not exist",
            "update the plugin",
        ) from error
