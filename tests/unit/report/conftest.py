"""What the tests of pages share."""

from __future__ import annotations

import pytest

from hub.contract.results import BuildResult
from tests.support.results import build_result


@pytest.fixture(scope="module")
def result() -> BuildResult:
    return build_result()
