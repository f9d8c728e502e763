from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.contract.errors import BundleError
from hub.edge import Bundle
from hub.edge.graph_file import MAX_DEPTH
from hub.edge.limits import LEAST_BYTES, most_bytes
from tests.fuzz import graphs, mutations
from tests.fuzz.attack import forged, use
from tests.support.tiny_bundle import FP32, INT8

TERA = 2_500_000_000_000
"""So many float32 numbers are 10 TB."""

LARGE = 2 * most_bytes()
"""So many are eight times what models may take here, which a machine that lends freely would still promise."""

GREEDY: dict[str, graphs.Parts] = {
    "constant of 10 TB": graphs.constant_of_shape(TERA),
    "constant of all memory": graphs.constant_of_shape(LARGE),
    "expanded to 10 TB": graphs.expand(TERA),
    "expanded to all memory": graphs.expand(LARGE),
    "reshaped to 10 TB": graphs.reshape(TERA),
    "a range of 10 TB": graphs.numbers_up_to(TERA),
    "loop": graphs.loop(),
    "loop in a branch": graphs.loop(graphs.in_branch),
}
TRIED = """
import json, resource, sys
from pathlib import Path
from hub.contract.errors import HubError
from hub.edge import Bundle
Bundle.open(sys.argv[1]).predict(["the old cat"])
resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name in sys.argv[2:]:
    try:
        answer = Bundle.open(name).predict(["the old cat"])[0].label
    except HubError as error:
        answer = error.code
    print(json.dumps([answer, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before]), flush=True)
"""


def with_model(sealed: Path, folder: Path, content: bytes) -> Path:
    return forged(sealed, folder, {FP32: content, INT8: content})


def tried(sealed: Path, folders: list[Path]) -> list[Any]:
    """Open bundles in one process of their own; return for each the answer or code, and the memory it added in KB."""
    command = [sys.executable, "-c", TRIED, str(sealed), *map(str, folders)]
    done = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, f"ended with {done.returncode} after {done.stdout}: {done.stderr}"
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_graphs_that_want_all_memory_or_all_time_are_errors(sealed: Path, tmp_path: Path) -> None:
    folders = [with_model(sealed, tmp_path / name, graphs.hostile(parts)) for name, parts in GREEDY.items()]
    found = tried(sealed, folders)
    assert [code for code, _ in found] == ["HUB-E010"] * len(GREEDY)
    assert max(kilobytes for _, kilobytes in found) < 300_000


def test_a_small_one_of_the_same_form_answers(sealed: Path, tmp_path: Path) -> None:
    for parts in (graphs.constant_of_shape(9), graphs.expand(9), graphs.numbers_up_to(9)):
        folder = with_model(sealed, tmp_path / "x", graphs.hostile(parts))
        assert use(folder, deep=False) == "answered"


def test_models_may_take_half_of_the_memory() -> None:
    assert most_bytes() >= LEAST_BYTES
    assert most_bytes() * 2 <= max(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), 2 * LEAST_BYTES)


def test_a_function_that_calls_itself_is_an_error(sealed: Path, tmp_path: Path) -> None:
    parts = ([graphs.node("again", ["ids"], ["extra"], domain="local")], {})
    folder = with_model(sealed, tmp_path / "x", graphs.hostile(parts, functions=graphs.recursive()))
    assert [code for code, _ in tried(sealed, [folder])] == ["HUB-E010"]


def not_a_number() -> graphs.Parts:
    return [graphs.node("Neg", ["ids"], ["less"]), graphs.node("Sqrt", ["less"], ["extra"])], {}


def nested(depth: int) -> graphs.Parts:
    """Branches inside branches."""
    inner = graphs.node("Identity", ["ids"], ["extra"])
    for _ in range(depth):
        (inner,) = graphs.in_branch(inner)
    return [inner], {"true": np.bool_(True)}


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: graphs.hostile(([graphs.node("Evil", ["ids"], ["extra"], domain="local")], {})), "Evil"),
        (lambda: graphs.hostile(([graphs.node("Evil", ["ids"], ["extra"], domain="com.microsoft")], {})), "Evil"),
        (lambda: graphs.hostile(([graphs.node("NoSuch", ["ids"], ["extra"])], {})), "NoSuch"),
        (lambda: graphs.hostile(graphs.expand(9), opset=99), ""),
        (lambda: graphs.hostile(graphs.expand(9), opset=1), ""),
        (lambda: graphs.hostile(not_a_number()), "not a number"),
        (lambda: graphs.hostile(nested(MAX_DEPTH + 1)), "deeper"),
        (lambda: graphs.hostile(([], {})), "extra"),
        (lambda: graphs.hostile(graphs.expand(9)).replace(b"logits", b"strange"), ""),
        (lambda: b"", ""),
    ],
    ids=[
        "unknown domain", "unknown in a known domain", "unknown operator", "opset 99", "opset 1", "not a number",
        "deep", "missing value", "cut names", "empty",
    ],
)  # fmt: skip
def test_a_graph_that_cannot_run_is_an_error(
    sealed: Path, tmp_path: Path, make: Callable[[], bytes], why: str, capfd: Any
) -> None:
    folder = with_model(sealed, tmp_path / "x", make())
    with pytest.raises(BundleError) as caught:
        Bundle.open(folder).predict(["cat"])
    assert caught.value.code == "HUB-E010"
    assert why in str(caught.value)
    leaked = capfd.readouterr()
    assert leaked.out + leaked.err == ""


def test_further_outputs_change_nothing_and_a_missing_one_is_an_error(sealed: Path, tmp_path: Path) -> None:
    content = graphs.hostile(graphs.expand(9), outputs=("other",))
    plain = Bundle.open(with_model(sealed, tmp_path / "x", graphs.hostile(graphs.expand(9)))).probabilities(["cat"])
    assert np.array_equal(Bundle.open(with_model(sealed, tmp_path / "y", content)).probabilities(["cat"]), plain)
    folder = with_model(sealed, tmp_path / "z", content)
    document = json.loads((folder / "bundle.json").read_bytes()) | {"output": "none"}
    (folder / "bundle.json").write_text(json.dumps(document), "utf-8")
    assert use(folder) == "HUB-E010"


@pytest.mark.parametrize("location", ["../outside.bin", "ABSOLUTE", "unlisted.bin", "sub/../unlisted.bin", ""])
def test_weights_that_bundle_json_does_not_list_are_refused(sealed: Path, tmp_path: Path, location: str) -> None:
    weights = np.ones(400, dtype=np.float32).tobytes()
    (tmp_path / "outside.bin").write_bytes(weights)
    where = str(tmp_path / "outside.bin") if location == "ABSOLUTE" else location
    folder = with_model(sealed, tmp_path / "x", graphs.hostile(graphs.external(where)))
    (folder / "onnx" / "unlisted.bin").write_bytes(weights)
    assert use(folder) == "HUB-E003"
    with pytest.raises(BundleError):
        Bundle.open(folder, verify=False)


def test_listed_weights_are_read_and_a_link_to_others_is_not(sealed: Path, tmp_path: Path) -> None:
    weights = np.ones(400, dtype=np.float32).tobytes()
    content = graphs.hostile(graphs.external("model.onnx_data"))
    folder = forged(sealed, tmp_path / "x", {FP32: content, INT8: content, "onnx/model.onnx_data": weights})
    assert use(folder, deep=False) == "answered"
    (tmp_path / "outside.bin").write_bytes(weights)
    (folder / "onnx" / "model.onnx_data").unlink()
    (folder / "onnx" / "model.onnx_data").symlink_to(tmp_path / "outside.bin")
    assert use(folder) == "HUB-E003"
    with pytest.raises(BundleError) as caught:  # ONNX Runtime itself
        Bundle.open(folder, verify=False)
    assert caught.value.code == "HUB-E010"


def test_another_format_of_onnx_runtime_is_refused(sealed: Path, tmp_path: Path) -> None:
    folder = forged(sealed, tmp_path / "x", {"onnx/model.ort": (sealed / FP32).read_bytes()})
    document = json.loads((folder / "bundle.json").read_bytes())
    document["variants"]["int8"]["file"] = "onnx/model.ort"
    (folder / "bundle.json").write_text(json.dumps(document), "utf-8")
    assert use(folder, deep=False) == "HUB-E010"


def test_damaged_graphs_are_errors_or_answer(sealed: Path, tmp_path: Path) -> None:
    """In a process of its own: what ends that process does not end the tests."""
    content, folders = (sealed / FP32).read_bytes(), []
    for seed in range(150):
        chance = random.Random(seed)
        broken = chance.choice(mutations.ANY)(chance, content)
        folders.append(with_model(sealed, tmp_path / str(seed), broken))
    answers = {answer for answer, _ in tried(sealed, folders)}
    assert "HUB-E010" in answers
    assert answers <= {"HUB-E003", "HUB-E010", "animal", "plant", "stone"}
