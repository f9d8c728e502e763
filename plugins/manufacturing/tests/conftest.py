from __future__ import annotations

import pytest

from hub_manufacturing.machines import Reading, find_file, read_readings


@pytest.fixture(scope="session")
def readings() -> tuple[Reading, ...]:
    """The packaged rows, read once."""
    return read_readings(find_file())
