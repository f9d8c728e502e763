from __future__ import annotations

import json
import subprocess
import sys

import pytest

from hub.contract.errors import BundleError
from hub.edge import machine

X86 = """processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Processor @ 2.70GHz
flags\t\t: fpu sse2 avx f16c avx2 avx512f avx512_vnni amx_int8 amx_bf16 amx_tile avx_vnni fma

processor\t: 1
model name\t: Another
flags\t\t: fpu
"""
ARM = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm aes crc32 asimddp i8mm bf16 sve
CPU implementer\t: 0x41
"""


def test_x86_names_are_kept() -> None:
    name, sets = machine.parse_cpuinfo(X86)
    assert name == "Intel(R) Xeon(R) Processor @ 2.70GHz"
    assert sets == {
        "avx", "f16c", "avx2", "avx512f", "avx512_vnni", "amx_int8", "amx_bf16", "amx_tile", "avx_vnni", "fma"
    }  # fmt: skip


def test_arm_names_are_translated() -> None:
    assert machine.parse_cpuinfo(ARM) == ("", {"neon", "dotprod", "i8mm", "bf16", "sve"})


@pytest.mark.parametrize("text", ["", "\0", "no colon here", "flags:", ":::"])
def test_an_unreadable_list_is_empty(text: str) -> None:
    assert machine.parse_cpuinfo(text) == ("", frozenset())


def test_a_mac_with_its_own_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"hw.optional.arm.FEAT_DotProd": "1", "hw.optional.arm.FEAT_I8MM": "0"}
    monkeypatch.setattr(machine.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(machine, "_sysctl", lambda name: answers.get(name, ""))
    assert machine._mac_sets() == {"neon", "dotprod"}


def test_a_mac_with_an_intel_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"machdep.cpu.features": "FPU SSE2 FMA AVX1.0", "machdep.cpu.leaf7_features": "AVX2 AVX512F AVX512VNNI"}
    monkeypatch.setattr(machine.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(machine, "_sysctl", answers.__getitem__)
    assert {"fma", "avx", "avx2", "avx512f", "avx512_vnni"} <= machine._mac_sets()


def test_a_missing_sysctl_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: object, **kwargs: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(machine.subprocess, "run", missing)
    assert machine._sysctl("hw.model") == ""


def test_the_description_is_json_with_every_key() -> None:
    found = json.loads(json.dumps(machine.describe()))
    assert set(found) == {
        "processor", "instruction_sets", "cores", "memory_bytes", "system", "python", "packages", "date"
    }  # fmt: skip
    assert found["processor"]
    assert found["cores"] >= 1
    assert set(found["instruction_sets"]) <= set(machine.INSTRUCTION_SETS)
    assert found["packages"]["onnxruntime"]
    assert machine.describe(["no-such-distribution"])["packages"] == {}


def test_requirements() -> None:
    machine.require([], "x")
    machine.require(machine.instruction_sets(), "x")
    with pytest.raises(BundleError, match="no amx_of_the_future, zmm") as caught:
        machine.require(["zmm", "amx_of_the_future"], "variant 'fast'")
    assert caught.value.code == "HUB-E009"
    assert "variant 'fast'" in caught.value.what


def test_peak_memory_grows_with_what_is_held() -> None:
    code = (
        "from hub.edge.machine import peak_memory_bytes as peak\n"
        "before = peak(); block = bytearray(b'x') * 60_000_000; held = peak(); del block\n"
        "print(before, held, peak())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, held, after = map(int, done.stdout.split())
    assert 0 < before < 60_000_000
    assert held >= before + 55_000_000
    # Linux counts pages in batches, so that the figure may waver by some of them.
    assert after >= held - 2_000_000


def test_a_child_does_not_count_the_memory_of_its_parent() -> None:
    block = bytearray(b"x") * 200_000_000
    code = "from hub.edge.machine import peak_memory_bytes as peak; print(peak())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < len(block) // 2
