from __future__ import annotations

import pytest

from hub.contract import Dataset
from hub_legal.loader import choose
from hub_legal.texts import LicenceText, find_files, read_licences


@pytest.fixture(scope="session")
def licences() -> tuple[LicenceText, ...]:
    return read_licences(*find_files())


@pytest.fixture(scope="session")
def dataset(licences: tuple[LicenceText, ...]) -> Dataset:
    """The chosen rows: comparing all texts takes about a second."""
    return choose(licences)
