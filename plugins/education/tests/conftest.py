from __future__ import annotations

import pytest

from hub.contract import Dataset
from hub_education.loader import split_entries
from hub_education.words import Entry, read_entries


@pytest.fixture(scope="session")
def entries() -> list[Entry]:
    """The packaged table, read once: that takes a second."""
    return read_entries()


@pytest.fixture(scope="session")
def dataset(entries: list[Entry]) -> Dataset:
    return split_entries(entries, seed=13)
