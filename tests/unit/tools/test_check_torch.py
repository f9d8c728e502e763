"""The guard against CUDA packages, on reports and output that pip really gave."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
RECORDED = ROOT / "tests" / "data"


@pytest.fixture(scope="module")
def check_torch() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_torch", ROOT / "tools" / "check_torch.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text("utf-8"))


def test_cuda_build_is_recognised(check_torch: ModuleType) -> None:
    found = check_torch.cuda_in_report(recorded("pip_report_cuda.json"))

    assert {"cuda-toolkit", "nvidia-cublas", "nvidia-cudnn-cu13", "triton"} <= set(found)
    assert len(found) == 19
    assert not {"torch", "sympy", "setuptools", "filelock"} & set(found)


def test_cpu_build_passes(check_torch: ModuleType) -> None:
    assert check_torch.cuda_in_report(recorded("pip_report_cpu.json")) == []


@pytest.mark.parametrize("name", ["nvidia-cublas", "NVIDIA_nccl.cu13", "cuda-bindings", "triton", "pytorch-triton"])
def test_names_of_cuda_packages(check_torch: ModuleType, name: str) -> None:
    assert check_torch.is_cuda(name)


@pytest.mark.parametrize("name", ["torch", "tritonclient", "my-nvidia-tool", "cudatext", "barracuda-x"])
def test_names_of_other_packages(check_torch: ModuleType, name: str) -> None:
    assert not check_torch.is_cuda(name)


def test_output_of_pip_is_stopped_at_the_first_cuda_package(check_torch: ModuleType) -> None:
    lines = iter(
        [
            "Collecting torch==2.13.0\n",
            "  Obtaining dependency information for torch==2.13.0 from x\n",
            "Collecting filelock (from torch==2.13.0)\n",
            "Collecting nvidia-cublas==13.1.1.3 (from cuda-toolkit)\n",
            "Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (900 MB)\n",
        ]
    )

    assert check_torch.first_cuda(lines) == "nvidia-cublas"
    assert next(lines).startswith("Downloading")


def run_check(check_torch: ModuleType, monkeypatch: pytest.MonkeyPatch, report: str) -> tuple[int, list[list[str]]]:
    """Run `main` with a pip that writes a recorded report."""
    commands: list[list[str]] = []
    real = subprocess.Popen

    def popen(command: list[str], **options: Any) -> subprocess.Popen[str]:
        commands.append(command)
        target = command[command.index("--report") + 1]
        Path(target).write_text((RECORDED / report).read_text("utf-8"), "utf-8")
        started: subprocess.Popen[str] = real([sys.executable, "-c", "print('Collecting torch')"], **options)
        return started

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(sys, "platform", "linux")
    return check_torch.main(["torch==2.13.0", "--index-url", "https://example.org"]), commands


def test_main_stops_with_advice(
    check_torch: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ALLOW_CUDA", raising=False)
    monkeypatch.setenv("GOAL", "test")

    code, commands = run_check(check_torch, monkeypatch, "pip_report_cuda.json")

    assert code == 1
    assert commands[0][-3:] == ["torch==2.13.0", "--index-url", "https://example.org"]
    assert "--dry-run" in commands[0]
    message = capsys.readouterr().err
    assert "make test TORCH_INDEX=URL" in message
    assert "make test ALLOW_CUDA=1" in message
    assert "Nothing was installed" in message


def test_main_lets_the_cpu_build_pass(
    check_torch: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ALLOW_CUDA", raising=False)

    assert run_check(check_torch, monkeypatch, "pip_report_cpu.json")[0] == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("platform", "allowed"), [("linux", "1"), ("darwin", ""), ("win32", "")])
def test_main_does_not_ask_pip_where_it_need_not(
    check_torch: ModuleType, monkeypatch: pytest.MonkeyPatch, platform: str, allowed: str
) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("pip was run"))
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("ALLOW_CUDA", allowed)

    assert check_torch.main(["torch"]) == 0


def test_requirement_that_pip_refuses_ends_with_its_code(
    check_torch: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda _, **options: real([sys.executable, "-c", "import sys; sys.exit(2)"], **options)
    )

    with pytest.raises(SystemExit) as caught:
        check_torch.find_cuda(["no such requirement"])

    assert caught.value.code == 2
