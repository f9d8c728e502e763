from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def denormals_as_before() -> Iterator[None]:
    """Training switches denormal numbers off for the whole process; other tests need them."""
    yield
    import torch

    torch.set_flush_denormal(False)
