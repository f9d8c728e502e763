"""``hub export --verify-python``: another Python, here made-up ones, answers the self-test of a bundle."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from hub.contract.errors import HubError, MissingError, UsageError
from hub.contract.kinds import KINDS
from hub.edge import Bundle
from hub.pipeline.exporting import python_check
from hub.pipeline.exporting.answers import Answers
from tests.support.cli import run_hub
from tests.support.exporting import TinyExport, exporter, quick_timing, shared_export, use

KIND = "text-classification"
ANSWERS = """
import json
from pathlib import Path
import numpy as np, onnxruntime
from tokenizers import Tokenizer

folder, target = map(Path, sys.argv[2:])
bundle = json.loads((folder / "bundle.json").read_text())
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
found = {}
for variant, entry in bundle["variants"].items():
    session = onnxruntime.InferenceSession(folder / entry["file"])
    for number, line in enumerate((folder / "selftest.jsonl").read_text().splitlines()):
        text = tokenizer.encode(json.loads(line)["text"])
        values = {"input_ids": text.ids, "attention_mask": text.attention_mask, "token_type_ids": text.type_ids}
        feeds = {one.name: np.array([values[one.name]], dtype=np.int64) for one in session.get_inputs()}
        found[f"{variant}/{number}"] = session.run(["logits"], feeds)[0][0] * FACTOR
np.savez(target, **found)
print("something that a library says")
print(json.dumps({"versions": {"transformers": "4.57.6"}, "rows": 24}))
"""
"""What the script does with optimum-onnx, done without it."""

MISSING = 'print(\'{"missing": "No module named optimum"}\')\nsys.exit(4)'


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyExport:
    return shared_export(KIND, tmp_path_factory)


def python(folder: Path, code: str) -> Path:
    """Write a program that stands for a Python: it gets the script's name and does something else."""
    file = folder / "python"
    file.write_text(f"#!{sys.executable}\nimport sys\n{code}\n", "utf-8")
    file.chmod(0o755)
    return file


def answers(bundle: Path) -> Answers:
    opened = Bundle.open(bundle)
    return Answers(KINDS[KIND], opened.labels, opened.encoder)


@pytest.mark.parametrize(("factor", "passed"), [(1.0, True), (1.2, False)])
def test_equal_answers_pass_and_others_do_not(tiny: TinyExport, tmp_path: Path, factor: float, passed: bool) -> None:
    program = python(tmp_path, ANSWERS.replace("FACTOR", str(factor)))

    gates = python_check.check_python(program, tiny.out, answers(tiny.out))

    assert [gate.name for gate in gates] == ["optimum/fp32", "optimum/int8"]
    assert gates[0].passed is passed
    assert (gates[0].value < 1e-6) is passed
    assert "24 rows" in gates[0].detail and "transformers 4.57.6" in gates[0].detail


def test_the_gates_are_part_of_the_bundle(tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_timing(monkeypatch)
    use(monkeypatch, exporter())
    words = ("export", str(tiny.checkpoint), "--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs"))
    right = python(tmp_path, ANSWERS.replace("FACTOR", "1"))

    assert run_hub(*words, "--verify-python", str(right)).code == 0
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "optimum/fp32" in card
    assert run_hub("verify", str(tmp_path / "out")).code == 0
    shutil.rmtree(tmp_path / "out")

    wrong = python(tmp_path, ANSWERS.replace("FACTOR", "2"))
    done = run_hub(*words, "--verify-python", str(wrong))
    assert done.code == 1 and "optimum/fp32" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("code", "error", "name", "words"),
    [
        (MISSING, MissingError, "HUB-X064", "optimum-onnx"),
        ("sys.exit('Segmentation of the fault')", HubError, "HUB-X065", "Segmentation of the fault"),
        ("print('all well, but nothing is written')", HubError, "HUB-X065", "nothing"),
        ("import time; time.sleep(60)", HubError, "HUB-X065", "2 seconds"),
    ],
)
def test_a_python_that_cannot_do_it(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    code: str, error: type[HubError], name: str, words: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(python_check, "SECONDS", 2)

    with pytest.raises(error, match=name) as caught:
        python_check.check_python(python(tmp_path, code), tiny.out, answers(tiny.out))

    assert words in str(caught.value)


def test_a_program_that_is_not_there(tiny: TinyExport, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="HUB-X063"):
        python_check.check_python(tmp_path / "no-python", tiny.out, answers(tiny.out))


def test_this_python_has_no_optimum_onnx(tiny: TinyExport) -> None:
    """It cannot: the training part needs transformers 5."""
    with pytest.raises(MissingError, match="HUB-X064"):
        python_check.check_python(Path(sys.executable), tiny.out, answers(tiny.out))
