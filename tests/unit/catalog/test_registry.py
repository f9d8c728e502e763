"""The catalogue names who supplies what."""

from __future__ import annotations

import pytest

from hub.catalog import known_distributions, supplier_of


def test_suppliers() -> None:
    medical = supplier_of("domain", "medical")
    onnx = supplier_of("exporter", "onnx")

    assert medical is not None
    assert medical.distribution == "domainhub-medical"
    assert "plugins/medical" in medical.install
    assert onnx is not None
    assert onnx.distribution == "domainhub-onnx"


def test_unknown_names_have_no_supplier() -> None:
    assert supplier_of("domain", "astrology") is None
    assert supplier_of("exporter", "medical") is None
    assert supplier_of("domain", "") is None


def test_unknown_kind_is_an_error() -> None:
    with pytest.raises(KeyError):
        supplier_of("colour", "medical")


def test_known_distributions() -> None:
    assert known_distributions() == {"domainhub-medical", "domainhub-onnx"}
