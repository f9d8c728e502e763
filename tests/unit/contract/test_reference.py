from __future__ import annotations

from pathlib import Path

import pytest

from hub.contract.errors import MissingError
from hub.contract.reference import check_reference, resolve


@pytest.mark.parametrize("reference", ["a:b", "hub.contract.metrics:macro_f1", "_a._b1:_c"])
def test_references_are_a_module_and_a_name(reference: str) -> None:
    assert check_reference(reference) == reference


@pytest.mark.parametrize(
    "reference",
    [
        "",
        ":",
        "a",
        "a:",
        ":b",
        "a.b",
        "a:b:c",
        "a:b.c",
        ".a:b",
        "a.:b",
        "a b:c",
        "1a:b",
        "a:b\n",
        "a:b()",
        "os:system ",
    ],
)
def test_anything_else_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        check_reference(reference)


def test_reference_is_resolved() -> None:
    assert resolve("math:isqrt")(17) == 4
    assert resolve("os.path:join")("a", "b") == str(Path("a") / "b")


@pytest.mark.parametrize("reference", ["no_such_module_at_all:x", "math.deeper:x"])
def test_missing_module_is_named(reference: str) -> None:
    with pytest.raises(MissingError) as caught:
        resolve(reference)

    assert (caught.value.code, caught.value.exit_code) == ("HUB-P010", 4)
    assert repr(reference.partition(":")[0]) in caught.value.what
    assert "pip install" in caught.value.fix
    assert isinstance(caught.value.__cause__, ImportError)


def test_missing_name_is_named() -> None:
    with pytest.raises(MissingError) as caught:
        resolve("math:square_circle")

    assert caught.value.code == "HUB-P010"
    assert "'square_circle'" in caught.value.what


def test_resolve_checks_the_form_first() -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        resolve("math")
