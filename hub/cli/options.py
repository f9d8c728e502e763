"""Options that several commands share, so that a flag has one spelling and one meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


def json_option(function: F) -> F:
    """Add ``--json`` as the parameter ``as_json: bool``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)


def data_option(function: F) -> F:
    """Add ``--data DIR`` as the parameter ``folder: str | None``."""
    return click.option(
        "--data",
        "folder",
        metavar="DIR",
        type=click.Path(exists=False),
        help="Folder of your own rows: train.csv or train.jsonl, and the other splits if you have them.",
    )(function)
