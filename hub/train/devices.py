"""Where a training computes: on a GPU when there is one, else on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.contract.errors import RunError, UsageError, nearest

if TYPE_CHECKING:
    import torch

AUTO, CPU, CUDA, MPS = "auto", "cpu", "cuda", "mps"
DEVICES = (AUTO, CPU, CUDA, MPS)


def out_of_memory(error: Exception) -> bool:
    """Whether an exception says that memory ran out: PyTorch has no type for that where the CPU's was asked for."""
    if isinstance(error, MemoryError) or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)


def no_memory(error: Exception) -> RunError:
    """Return what to raise for an exception that says that memory ran out."""
    why = f"{type(error).__name__}: {error}".splitlines()[0]
    return RunError("HUB-T009", "memory ran out", why, "read shorter texts, smaller batches, or take a smaller base")


def choose_device(wanted: str, process: int = 0) -> str:
    """Return the device to train on, as PyTorch names it.

    Args:
        wanted: ``auto`` takes a GPU where PyTorch has one, ``cuda`` (NVIDIA, AMD) before ``mps`` (Apple); or ``cpu``,
            ``cuda``, ``mps``.
        process: number of this process among those of this machine: each has a GPU of its own, in turn.

    Raises:
        UsageError: HUB-R002, unknown device; HUB-T005, PyTorch finds none of the kind.
    """
    if wanted not in DEVICES:
        raise UsageError("HUB-R002", f"device cannot be {wanted!r}", nearest(wanted, DEVICES))
    there = [kind for kind in (CUDA, MPS) if _found(kind)]
    if wanted in (CUDA, MPS) and wanted not in there:
        raise UsageError(
            "HUB-T005",
            f"there is no device {wanted!r}",
            "PyTorch was built without it, or finds none on this machine",
            "--set teacher.device=auto --set student.device=auto",
        )
    chosen = next(iter(there), CPU) if wanted == AUTO else wanted
    return f"{CUDA}:{process % _count()}" if chosen == CUDA else chosen


def _found(kind: str) -> bool:
    import torch

    return torch.cuda.is_available() if kind == CUDA else torch.backends.mps.is_available()


def _count() -> int:
    import torch

    return torch.cuda.device_count()


def device_of(model: Any) -> torch.device:
    """Return the device of a model's first weight; the CPU for one without weights."""
    import torch

    weight = next(iter(model.parameters()), None)
    return torch.device(CPU) if weight is None else weight.device


def wait_for(device: str) -> None:
    """Wait until a device has done what it was told; a CPU always has. Only then does a clock say how long it took."""
    import torch

    if device.startswith(CUDA):
        torch.cuda.synchronize(device)
    elif device == MPS:
        torch.mps.synchronize()


def random_state(device: str) -> list[torch.Tensor]:
    """Return the state of the random numbers of the CPU and, where it has its own, of the device."""
    import torch

    found = [torch.get_rng_state()]
    if device.startswith(CUDA):
        found.append(torch.cuda.get_rng_state(device))
    elif device == MPS:
        found.append(torch.mps.get_rng_state())
    return found


def set_random_state(device: str, state: list[torch.Tensor]) -> None:
    """Put back what `random_state` gave; a state of another kind of device leaves that device's as it is."""
    import torch

    torch.set_rng_state(state[0])
    if len(state) > 1 and device.startswith(CUDA):
        torch.cuda.set_rng_state(state[1], device)
    elif len(state) > 1 and device == MPS:
        torch.mps.set_rng_state(state[1])
