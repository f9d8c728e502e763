"""Every plugin and exporter of the checkout that is installed keeps every rule of the conformance kit."""

from __future__ import annotations

import tomllib

import pytest

from hub.host.discovery import find_plugins, normalised
from hub.testing import Check, plugin_checks
from tests.support.sources import ROOT

PROJECTS = sorted([*ROOT.glob("plugins/*/pyproject.toml"), *ROOT.glob("exporters/*/pyproject.toml")])
OURS = {normalised(tomllib.loads(path.read_text("utf-8"))["project"]["name"]) for path in PROJECTS}
INSTALLED = [found for found in find_plugins() if found.distribution in OURS]
CHECKS = [check for found in INSTALLED for check in plugin_checks(found.distribution)]


def test_plugins_are_installed() -> None:
    """Without this, a checkout without plugins would pass by checking nothing."""
    names = {found.distribution for found in INSTALLED}

    assert {"domainhub-medical", "domainhub-onnx"} <= names
    assert len(CHECKS) > 50


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_conformance(check: Check) -> None:
    assert check()
