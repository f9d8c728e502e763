"""What machine this is: processor, instruction sets, cores, memory, versions. Standard library only."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from hub.contract.errors import BundleError

INSTRUCTION_SETS = (
    "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx_vnni",
    "amx_tile", "amx_int8", "amx_bf16", "neon", "dotprod", "i8mm", "bf16", "sve", "sve2",
)  # fmt: skip
"""The names used in bundles: those of Linux on x86; ``neon``, ``dotprod``, ``i8mm``, ``bf16``, ``sve`` on ARM."""

PACKAGES = ("domainhub", "numpy", "onnxruntime", "tokenizers", "torch", "transformers")

_ARM_NAMES = {"asimd": "neon", "asimddp": "dotprod"}
_MAC_X86_NAMES = {"avx1.0": "avx", "avx512vnni": "avx512_vnni"}
_MAC_ARM_NAMES = {"AdvSIMD": "neon", "FEAT_DotProd": "dotprod", "FEAT_I8MM": "i8mm", "FEAT_BF16": "bf16"}
_WINDOWS_FEATURES = {19: "neon", 39: "avx", 40: "avx2", 41: "avx512f", 43: "dotprod"}
"""Numbers of IsProcessorFeaturePresent (winnt.h). Windows names no more of them."""


def describe(packages: Iterable[str] = PACKAGES) -> dict[str, Any]:
    """Describe the machine, for results that name where they were measured.

    Args:
        packages: distributions whose versions are listed if they are installed. None is imported.

    Returns:
        ``processor``, ``instruction_sets`` (list), ``cores`` (usable by this process), ``memory_bytes``
        (0 when unknown), ``system``, ``python``, ``packages`` (name to version), ``date`` (ISO, UTC).
    """
    return {
        "processor": processor(),
        "instruction_sets": list(instruction_sets()),
        "cores": cores(),
        "memory_bytes": memory_bytes(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": _versions(packages),
        "date": datetime.now(UTC).date().isoformat(),
    }


def processor() -> str:
    """Return the processor's name, or its architecture where the system has no name for it."""
    if sys.platform == "linux":
        name = parse_cpuinfo(_cpuinfo())[0]
    elif sys.platform == "darwin":
        name = _sysctl("machdep.cpu.brand_string")
    else:
        name = platform.processor()
    return name or platform.machine() or "unknown"


def instruction_sets() -> tuple[str, ...]:
    """Return the names among `INSTRUCTION_SETS` that this machine has, in that order."""
    if sys.platform == "linux":
        found: Collection[str] = parse_cpuinfo(_cpuinfo())[1]
    elif sys.platform == "darwin":
        found = _mac_sets()
    elif sys.platform == "win32":
        import ctypes

        present = ctypes.windll.kernel32.IsProcessorFeaturePresent
        found = [name for number, name in _WINDOWS_FEATURES.items() if present(number)]
    else:
        found = ()
    return tuple(name for name in INSTRUCTION_SETS if name in found)


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int:
    """Return the size of the machine's memory, 0 when unknown."""
    if sys.platform == "win32":
        return _windows_memory_bytes()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return 0


def peak_memory_bytes() -> int:
    """Return the most memory this process has held (resident), 0 when unknown.

    Linux keeps the peak of the parent over fork and exec in ``ru_maxrss``; ``VmHWM`` is this process alone.
    """
    if sys.platform == "linux":
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0
    if sys.platform == "win32":
        return _windows_peak_bytes()
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def parse_cpuinfo(text: str) -> tuple[str, frozenset[str]]:
    """Read the first processor of Linux's /proc/cpuinfo.

    Returns:
        Its name (``""`` on most ARM systems) and its instruction sets by the names of `INSTRUCTION_SETS`.
    """
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip().lower(), value.strip())
    flags = fields.get("flags") or fields.get("features") or ""
    names = {_ARM_NAMES.get(flag, flag) for flag in flags.lower().split()}
    return fields.get("model name", ""), frozenset(names & set(INSTRUCTION_SETS))


def lacking(needed: Iterable[str]) -> tuple[str, ...]:
    """Return those of some instruction sets that this machine does not have.

    Args:
        needed: names of `INSTRUCTION_SETS`.
    """
    wanted = set(needed)
    return tuple(sorted(wanted - set(instruction_sets()))) if wanted else ()


def require(needed: Iterable[str], what: str) -> None:
    """Refuse to run on a machine that lacks an instruction set.

    Args:
        needed: names of `INSTRUCTION_SETS`.
        what: what needs them, for the message.

    Raises:
        BundleError: HUB-E009, naming what is missing.
    """
    missing = lacking(needed)
    if missing:
        raise BundleError(
            "HUB-E009",
            f"{what} does not run on this machine",
            f"{processor()} has no {', '.join(missing)}",
            "choose a portable variant",
        )


def _versions(packages: Iterable[str]) -> dict[str, str]:
    versions = {}
    for name in packages:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _sysctl(name: str) -> str:
    try:
        done = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _mac_sets() -> frozenset[str]:
    if platform.machine() == "arm64":
        names = {_MAC_ARM_NAMES[key] for key in _MAC_ARM_NAMES if _sysctl(f"hw.optional.arm.{key}") == "1"}
        return frozenset(names | {"neon"})
    flags = f"{_sysctl('machdep.cpu.features')} {_sysctl('machdep.cpu.leaf7_features')}".lower().split()
    return frozenset(_MAC_X86_NAMES.get(flag, flag) for flag in flags)


def _windows_memory_bytes() -> int:
    if sys.platform != "win32":
        return 0
    import ctypes

    class _Status(ctypes.Structure):
        """MEMORYSTATUSEX of sysinfoapi.h."""

        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "c", "d", "e", "f", "g")),
        )

    status = _Status()
    status.length = ctypes.sizeof(_Status)
    return int(status.total) if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else 0


def _windows_peak_bytes() -> int:
    if sys.platform != "win32":
        return 0
    import ctypes

    class _Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS of psapi.h."""

        _fields_ = (
            ("length", ctypes.c_ulong),
            ("faults", ctypes.c_ulong),
            ("peak", ctypes.c_size_t),
            *((name, ctypes.c_size_t) for name in ("now", "a", "b", "c", "d", "e", "f")),
        )

    counters = _Counters()
    counters.length = ctypes.sizeof(_Counters)
    kernel = ctypes.windll.kernel32
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(kernel.GetCurrentProcess())
    done = kernel.K32GetProcessMemoryInfo(handle, ctypes.byref(counters), counters.length)
    return int(counters.peak) if done else 0
