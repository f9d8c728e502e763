from __future__ import annotations

import pytest

from hub.contract import Dataset
from hub_finance.codes import Register, find_folder, read_register
from hub_finance.merchants import split_register


@pytest.fixture(scope="session")
def register() -> Register:
    return read_register(find_folder())


@pytest.fixture(scope="session")
def dataset(register: Register) -> Dataset:
    return split_register(register, seed=13)
