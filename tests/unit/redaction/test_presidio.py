"""Presidio as a redactor, where it is installed; what is said where it is not."""

from __future__ import annotations

import importlib.util

import pytest

from hub.contract import MissingError
from hub.data.redaction import PRESIDIO, Scanner

HAS_PRESIDIO = importlib.util.find_spec("presidio_analyzer") is not None


@pytest.mark.skipif(not HAS_PRESIDIO, reason="needs the extra [presidio]")
@pytest.mark.filterwarnings("ignore")
def test_patterns_of_presidio_are_found() -> None:
    text = "Card 4111 1111 1111 1111 was charged"

    (found,) = Scanner((PRESIDIO,)).find(text)

    assert (text[found.start : found.end], found.kind, found.certain) == (
        "4111 1111 1111 1111",
        "presidio-pattern",
        True,
    )


@pytest.mark.skipif(HAS_PRESIDIO, reason="the extra [presidio] is installed")
def test_without_it_the_extra_is_named() -> None:
    with pytest.raises(MissingError) as caught:
        Scanner((PRESIDIO,)).find("text")

    assert (caught.value.code, caught.value.exit_code) == ("HUB-P035", 4)
    assert "domainhub[presidio]" in caught.value.fix
