from __future__ import annotations

import pytest

from hub.contract import Dataset
from hub_medical.icd10 import Tabular, find_file, read_tabular
from hub_medical.loader import split_tabular


@pytest.fixture(scope="session")
def tabular() -> Tabular:
    """The packaged list, read once: that takes about half a second."""
    return read_tabular(find_file())


@pytest.fixture(scope="session")
def dataset(tabular: Tabular) -> Dataset:
    return split_tabular(tabular, seed=13)
