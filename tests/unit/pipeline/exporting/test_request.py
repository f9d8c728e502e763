"""Which variants are made, for which machines."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import UsageError
from hub.contract.exporter import Exporter, QuantizedForm
from hub.edge.opening import PROFILES
from hub.pipeline.exporting.request import ExportRun, sets_of, wanted_variants

FORMS = (
    QuantizedForm("seven", "int8", ""),
    QuantizedForm("eight", "int8", "", requires=("avx512_vnni",)),
    QuantizedForm("four", "int4", ""),
)
EXPORTER = Exporter("made-up", "", "a.b:c", "a.b:c", ".x", "1.0", quantize="a.b:c", forms=FORMS)


def names(**chosen: Any) -> dict[str, tuple[list[str], bool]]:
    request = dataclasses.replace(ExportRun("name", Path("out"), EXPORTER), **chosen)
    return {one.name: ([form.name for form in one.forms], one.required) for one in wanted_variants(request)}


def test_auto_is_the_first_precision_with_all_forms_that_every_machine_runs() -> None:
    assert names() == {"int8": (["seven"], False)}


def test_a_profile_adds_the_forms_that_its_machines_run() -> None:
    assert names(profile="x86-vnni") == {"int8": (["seven", "eight"], False)}


@pytest.mark.parametrize(
    ("variants", "found"),
    [
        (("fp32",), {}),
        (("fp32", "int8"), {"int8": (["seven"], True)}),
        (("seven", "four"), {"seven": (["seven"], True), "four": (["four"], True)}),
        (("int4",), {"int4": (["four"], True)}),
        (("auto", "four"), {"int8": (["seven"], False), "four": (["four"], True)}),
    ],
)
def test_named_variants_are_required(variants: tuple[str, ...], found: dict[str, Any]) -> None:
    assert names(variants=variants) == found


def test_a_format_without_forms_gives_fp32_only() -> None:
    plain = dataclasses.replace(EXPORTER, quantize="", forms=(), parts="")

    assert names(exporter=plain) == {}
    with pytest.raises(UsageError, match="HUB-X060"):
        names(exporter=plain, variants=("int8",))


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UsageError, match="HUB-X060") as caught:
        names(variants=("int7",))

    assert "int8" in caught.value.why


def test_a_form_that_the_profile_cannot_run_is_refused() -> None:
    with pytest.raises(UsageError, match="HUB-X060") as caught:
        names(variants=("eight",))

    assert "avx512_vnni" in caught.value.why


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_known(profile: str) -> None:
    assert isinstance(sets_of(profile), tuple)


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(UsageError, match="HUB-E008"):
        sets_of("toaster")
