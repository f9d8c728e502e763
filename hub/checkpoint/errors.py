"""The sentences of errors that several parts of the package raise."""

from __future__ import annotations

from pathlib import Path

from hub.contract.errors import CheckpointError, UsageError


def incomplete(file: Path, why: str) -> CheckpointError:
    """Return the error of a file that is missing or cut short."""
    return CheckpointError(
        "HUB-X102", f"the checkpoint is incomplete: {file.name}", why, "download or copy it again, all of it"
    )


def unreadable(file: Path, why: str) -> CheckpointError:
    """Return the error of a file that is there and makes no sense."""
    return CheckpointError("HUB-X103", f"cannot read {file.name} of the checkpoint", why, f"look at {file}")


def not_a_checkpoint(folder: Path, why: str) -> UsageError:
    """Return the error of a folder that holds something else."""
    return UsageError(
        "HUB-X101",
        f"{folder} holds no checkpoint",
        why,
        "name a run, a folder with config.json and model.safetensors, or org/model[@revision]",
    )


def pickled_only(what: str, flag: str = "--allow-pickle") -> UsageError:
    """Return the error of weights that only exist in a format that can run code."""
    return UsageError(
        "HUB-X107",
        f"{what} is a pickle",
        "reading a pickle can run any code that its author put into it",
        f"name a checkpoint with safetensors, or give {flag} if you trust where it comes from",
    )


def first_line(error: BaseException) -> str:
    """Return the first line of what another library says, or the name of its error."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "") or type(error).__name__
