"""The code of the card for vectors, answers and words for gaps: it runs, and answers the same."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.edge import Bundle
from hub.publish.usage import usage
from tests.support.tiny_answers import make_answers_bundle, make_gaps_bundle, make_vectors_bundle

MAKERS: dict[str, Callable[[Path], Path]] = {
    "vector": make_vectors_bundle,
    "answer": make_answers_bundle,
    "fill": make_gaps_bundle,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("usage")
    return {name: make(folder / name) for name, make in MAKERS.items()}


def codes(folder: Path, language: str) -> list[str]:
    text = usage(Bundle.open(folder).manifest)
    return re.findall(rf"```{language}\n(.*?)\n```", text, re.DOTALL)


def run(program: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("place", [0, 1], ids=["hub", "bare"])
def test_a_vector_is_shown(made: dict[str, Path], place: int) -> None:
    program = codes(made["vector"], "python")[place].replace("Write your own text here", "cat oak")
    numbers = re.findall(r"\d+\.\d+|\d+\.|\d+", run(program, made["vector"]).replace("np.float32", ""))
    assert int(numbers[0]) == 16
    assert [float(number) for number in numbers[1:5]] == pytest.approx([0.5**0.5, 0.5**0.5, 0, 0])


@pytest.mark.parametrize("place", [0, 1], ids=["hub", "bare"])
@pytest.mark.parametrize("context", ["Ada saw New York, near the river.", "the old cat"])
def test_an_answer_is_shown_with_its_probability(made: dict[str, Path], place: int, context: str) -> None:
    program = codes(made["answer"], "python")[place].replace("Ada wrote the program in 1843.", context)
    (answer,) = Bundle.open(made["answer"]).predict([("Who wrote the program?", context)])
    shown = run(program, made["answer"])
    assert shown.startswith(f"{answer.score:.3f} {answer.answer or 'the context holds no answer'}")


@pytest.mark.parametrize("place", [0, 1], ids=["hub", "bare"])
def test_words_for_a_gap_are_shown(made: dict[str, Path], place: int) -> None:
    program = codes(made["fill"], "python")[place].replace("Write your own text here", "cat cat")
    (answer,) = Bundle.open(made["fill"]).predict(["cat cat [MASK]"])
    token, score = answer.fills[0][0]
    assert run(program, made["fill"]).startswith(f"{score:.3f} {token}")
    assert token == "cat"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vector", ("sentence_embedding", "AutoModel", 'dtype: "fp32"')),
        ("answer", ('pipeline("question-answering"', "Ada wrote")),
        ("fill", ('pipeline("fill-mask"', "tokenizer.mask_token")),
    ],
)
def test_node_has_code_too(made: dict[str, Path], name: str, words: tuple[str, ...], tmp_path: Path) -> None:
    (program,) = codes(made[name], "js")
    assert all(word in program for word in words)
    if shutil.which("node"):
        file = tmp_path / "program.mjs"
        file.write_text(program, encoding="utf-8")
        subprocess.run(["node", "--check", str(file)], check=True, capture_output=True)


def test_the_command_gives_what_the_kind_reads(made: dict[str, Path]) -> None:
    assert '--pair "Ada wrote' in codes(made["answer"], "sh")[0]
    assert "mask token" in codes(made["fill"], "sh")[0]
    assert "--pair" not in codes(made["vector"], "sh")[0]
