"""The catalogue names who supplies what, and how it is installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.catalog import known_distributions, supplier_of
from hub.catalog.registry import FILE, how_to_install, shipped_bytes


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


INDUSTRIES = ("education", "finance", "legal", "manufacturing", "medical")


def test_known_distributions() -> None:
    assert known_distributions() == {f"domainhub-{name}" for name in (*INDUSTRIES, "onnx", "openvino")}


def test_the_users_copy_names_suppliers_but_cannot_make_a_plugin_known(tmp_path: Path) -> None:
    registry = json.loads(shipped_bytes())
    registry["plugins"] = [
        {
            "distribution": "acme-weather",
            "name": "weather",
            "summary": "Weather.",
            "contract": "1.0",
            "published": False,
            "domains": ["weather"],
        }
    ]
    (tmp_path / FILE).write_text(json.dumps(registry), "utf-8")

    supplier = supplier_of("domain", "weather", tmp_path)

    assert supplier is not None
    assert supplier.distribution == "acme-weather"
    assert supplier.install.startswith("hub plugins install weather --from DIR")
    assert supplier_of("domain", "medical", tmp_path) is None
    assert supplier_of("exporter", "onnx", tmp_path) is not None
    assert "acme-weather" not in known_distributions()


@pytest.mark.parametrize(
    ("published", "path", "words"),
    [
        (True, "plugins/a", "hub plugins install a"),
        (True, "", "hub plugins install a"),
        (False, "plugins/a", "pip install ./plugins/a (in a checkout"),
        (False, "", "hub plugins install a --from DIR"),
    ],
)
def test_how_to_install(published: bool, path: str, words: str) -> None:
    assert how_to_install("a", published, path).startswith(words)
