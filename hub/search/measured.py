"""Figures that were taken on a device: how much slower or faster it is than this machine."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hub.contract.errors import UsageError
from hub.contract.results import ModelResult

_FIX = "run on the device: hub bench BUNDLE --variant all --json > FILE, with the bundle of this run"


@dataclass(frozen=True)
class DeviceRatio:
    """Latency of a device over that of the machine of the run.

    Args:
        p50: quotient of the medians at one length; 1 is equal, 3 three times slower.
        p95: of the 95th percentiles.
        device: processor of the device, as its own figures say.
        tokens: length at which it was taken.
    """

    p50: float = 1.0
    p95: float = 1.0
    device: str = ""
    tokens: str = ""


def read_measured(file: Path) -> Mapping[str, Any]:
    """Read the document of ``hub bench --json``.

    Raises:
        UsageError: HUB-U082, it cannot be read, or has no variants with their latency.
    """
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError("HUB-U082", f"cannot read {file}", str(error), _FIX) from error
    variants = document.get("variants") if isinstance(document, dict) else None
    if not isinstance(variants, dict) or not variants:
        raise UsageError(
            "HUB-U082", f"{file} has no figures of variants", "it is not what hub bench --json prints", _FIX
        )
    if document.get("threads", 1) != 1:
        why = f"the times of a search are those of one thread, these of {document['threads']}"
        raise UsageError("HUB-U082", f"{file} cannot be compared with this run", why, _FIX)
    return document


def device_ratio(
    document: Mapping[str, Any],
    here: tuple[ModelResult, ...],
    tokens: str,
    file: str,
    hashes: Mapping[str, str] = MappingProxyType({}),
) -> DeviceRatio:
    """Compare a device's figures with those that the run took of the same variants.

    Args:
        document: of `read_measured`.
        here: result rows of the run.
        tokens: length that counts, as text.
        file: name of the document, for messages.
        hashes: SHA-256 of the run's model files by variant, as far as they are known.

    Returns:
        The median quotient over the variants that both measured.

    Raises:
        UsageError: HUB-U082, there is no such variant, it is that of another bundle, or a figure is no positive number.
    """
    own = {row.variant: row.latency[tokens] for row in here if row.variant and tokens in row.latency}
    quotients = []
    for name, latency in own.items():
        if name not in document["variants"]:
            continue
        other = _lengths(document["variants"][name], name, file).get(tokens)
        theirs = document["variants"][name].get("sha256")
        if theirs and theirs != hashes.get(name, theirs):
            why = f"the variant {name!r} that was measured is another file than the run's"
            raise UsageError("HUB-U082", f"{file} cannot be compared with this run", why, _FIX)
        if other is not None:
            p50, p95 = (_number(other, key, name, file) for key in ("p50_ms", "p95_ms"))
            quotients.append((p50 / latency.p50_ms, p95 / latency.p95_ms))
    if not quotients:
        raise UsageError(
            "HUB-U082",
            f"{file} cannot be compared with this run",
            f"no variant was measured by both at {tokens} tokens; the run has {', '.join(own) or 'none'}",
            _FIX,
        )
    machine = document.get("machine")
    device = machine.get("processor", "") if isinstance(machine, dict) else ""
    p50, p95 = (statistics.median(pair[place] for pair in quotients) for place in (0, 1))
    return DeviceRatio(round(p50, 4), round(p95, 4), str(device), tokens)


def _lengths(variant: Any, name: str, file: str) -> Mapping[str, Any]:
    lengths = variant.get("lengths") if isinstance(variant, dict) else None
    if not isinstance(lengths, dict):
        raise UsageError("HUB-U082", f"{file} has no latency of the variant {name!r}", "there is no 'lengths'", _FIX)
    return lengths


def _number(values: Any, key: str, name: str, file: str) -> float:
    value = values.get(key) if isinstance(values, dict) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        raise UsageError(
            "HUB-U082",
            f"{file} cannot be used",
            f"{key} of the variant {name!r} is {value!r}, not a number above 0",
            _FIX,
        )
    return float(value)
