"""The runtime: one call or many at once, one output or several, and clear errors for what it cannot run."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.contract import BundleError, HubError
from hub.edge.runtimes import open_file
from hub.testing.tiny_exports import feeds
from hub_openvino.ir import describe, weights_of
from hub_openvino.libraries import into_log
from hub_openvino.runtime import OpenVinoRuntime

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(exported: Any, tmp_path: Path) -> Path:
    """The exported files, to be spoiled."""
    for path in (exported.file, weights_of(exported.file)):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path / exported.file.name


def test_it_may_be_called_from_several_threads(exported: Any) -> None:
    runtime = OpenVinoRuntime(exported.file, {})
    batches = [feeds(1 + number % 4, 2 + number) for number in range(24)]
    alone = [runtime.run(batch) for batch in batches]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(runtime.run, batches))

    for first, second in zip(alone, together, strict=True):
        assert np.abs(first - second).max() < 1e-5


def test_an_answer_is_not_overwritten_by_the_next_one(exported: Any) -> None:
    runtime = OpenVinoRuntime(exported.file, {})
    first = runtime.run(feeds(2, 5))
    kept = first.copy()

    runtime.run(feeds(2, 9))

    assert (first == kept).all()


def test_f32_unless_something_else_is_asked_for(exported: Any) -> None:
    usual = OpenVinoRuntime(exported.file, {})._compiled.get_property("INFERENCE_PRECISION_HINT")
    asked = OpenVinoRuntime(exported.file, {"precision": "bf16"})._compiled.get_property("INFERENCE_PRECISION_HINT")

    assert usual.to_string() == "f32"
    assert asked.to_string() in ("bf16", "f32")  # a CPU without bf16 stays at f32


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_those_asked_for(exported: Any, threads: int) -> None:
    compiled = OpenVinoRuntime(exported.file, {"threads": threads})._compiled

    assert compiled.get_property("INFERENCE_NUM_THREADS") == threads
    assert compiled.get_property("NUM_STREAMS") == 1


def test_files_of_other_tools_are_opened(exported: Any, copy: Path) -> None:
    weights_of(copy).rename(copy.with_suffix(".bin"))
    batch = feeds(2, 5)

    found = OpenVinoRuntime(copy, {}).run(batch)

    assert (found == OpenVinoRuntime(exported.file, {}).run(batch)).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"output": "scores"}, "has no output 'scores'"),
        ({"output": ("logits", "scores")}, "has no output 'scores'"),
        ({"precision": "f8"}, "one of f32, bf16, f16"),
    ],
)
def test_wrong_options(exported: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(BundleError, match="HUB-E010") as caught:
        OpenVinoRuntime(exported.file, options)
    assert words in str(caught.value)


def spoil_graph(file: Path) -> None:
    file.write_text("this is no graph", "utf-8")


def cut_graph(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def cut_weights(file: Path) -> None:
    content = weights_of(file).read_bytes()
    weights_of(file).write_bytes(content[: len(content) // 2])


def drop_weights(file: Path) -> None:
    weights_of(file).unlink()


def drop_graph(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("spoil", [spoil_graph, cut_graph, cut_weights, drop_weights, drop_graph])
def test_spoiled_files(copy: Path, spoil: Any) -> None:
    spoil(copy)

    with pytest.raises(BundleError, match=r"HUB-E010: OpenVINO cannot load model\.xml") as caught:
        OpenVinoRuntime(copy, {})
    assert caught.value.why
    assert "\n" not in caught.value.why
    with pytest.raises(HubError, match="HUB-X014"):
        describe(copy)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"attention_mask": None}, "it takes input_ids, attention_mask, token_type_ids"),
        ({"more": np.zeros((1, 4), np.int64)}, "was given attention_mask, input_ids, more, token_type_ids"),
        ({"input_ids": np.zeros(4, np.int64)}, "input_ids has the shape [4], not [?,?]"),
        ({"input_ids": np.zeros((1, 4, 2), np.int64)}, "input_ids has the shape [1, 4, 2], not [?,?]"),
        ({"attention_mask": np.ones((1, 3), np.int64)}, "axis 1 of attention_mask has the size 3, that of others 4"),
        ({"token_type_ids": np.ones((2, 4), np.int64)}, "axis 0 of token_type_ids has the size 2, that of others 1"),
        ({"input_ids": np.full((1, 4), "word")}, "cannot run model.xml"),
    ],
)
def test_wrong_inputs(exported: Any, changes: dict[str, Any], words: str) -> None:
    given = {name: values for name, values in {**feeds(1, 4), **changes}.items() if values is not None}

    with pytest.raises(BundleError, match="HUB-E010") as caught:
        OpenVinoRuntime(exported.file, {}).run(given)
    assert words in str(caught.value)


def test_it_runs_again_after_an_error(exported: Any) -> None:
    runtime, batch = OpenVinoRuntime(exported.file, {}), feeds(1, 4)
    before = runtime.run(batch)
    with pytest.raises(BundleError):
        runtime.run(batch | {"input_ids": np.full((1, 4), "word")})

    assert (runtime.run(batch) == before).all()


def test_the_edge_finds_it(exported: Any) -> None:
    batch = feeds(2, 5)

    assert (open_file("openvino", exported.file, {}).run(batch) == OpenVinoRuntime(exported.file, {}).run(batch)).all()


TELL = """
import sys
from pathlib import Path
from hub_openvino.runtime import OpenVinoRuntime
assert "openvino" not in sys.modules
OpenVinoRuntime(Path(sys.argv[1]), {})
print(sorted(name for name in sys.modules if name.startswith("openvino_telemetry")))
print(sorted({"nncf", "pandas", "torch", "transformers"} & set(sys.modules)))
"""


def test_nothing_is_reported_and_nothing_heavy_is_loaded(exported: Any) -> None:
    """Also outside continuous integration, where OpenVINO reports less by itself."""
    clean = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}

    done = subprocess.run(
        [sys.executable, "-c", TELL, str(exported.file)], env=clean, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("[]\n[]\n", "")


def test_the_log_does_not_listen_to_the_structured_trace_of_torch(caplog: pytest.LogCaptureFixture) -> None:
    """Exporting takes twice the time while somebody does."""
    loud, trace = logging.getLogger("torch.fx"), logging.getLogger("torch.__trace")
    before = (loud.handlers[:], trace.handlers[:])

    with caplog.at_level(logging.INFO, "hub_openvino.libraries"), into_log():
        assert trace.handlers == before[1]
        loud.warning("a warning of torch")

    assert (loud.handlers, trace.handlers) == before
    assert [record.getMessage() for record in caplog.records] == ["WARNING torch.fx: a warning of torch"]
