"""The opener against damaged documents: whatever they say, an error of the hub or an answer, and nothing else."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.contract.errors import BundleError, HubError
from hub.edge import Bundle
from hub.edge.foreign import foreign_folder, open_any
from hub.edge.foreign_checks import check_foreign
from hub.edge.selftest import MAX_ROWS
from hub.edge.verify import verify
from tests.fuzz import mutations
from tests.fuzz.attack import forged, use
from tests.support.foreign import make_foreign

SEEDS = st.integers(0, 2**32 - 1)
EXAMPLES = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEMPLATE = {"type": "TemplateProcessing", "pair": [], "special_tokens": {}}


def damaged(seed: int, content: bytes, ways: tuple[mutations.Mutation, ...] = mutations.DOCUMENT) -> bytes:
    chance = random.Random(seed)
    return chance.choice(ways)(chance, content)


@pytest.mark.parametrize("name", ["bundle.json", "config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_damaged_document_is_an_error_or_answers(sealed: Path, tmp_path: Path, name: str) -> None:
    @EXAMPLES
    @given(seed=SEEDS)
    def check(seed: int) -> None:
        use(forged(sealed, tmp_path / "x", {name: damaged(seed, (sealed / name).read_bytes())}), deep=seed % 10 == 0)

    check()


@EXAMPLES
@given(seed=SEEDS)
def test_a_damaged_preprocessor_is_an_error_or_answers(table: Path, tmp_path: Path, seed: int) -> None:
    content = damaged(seed, (table / "preprocessor.json").read_bytes())
    use(forged(table, tmp_path / "x", {"preprocessor.json": content}))


@EXAMPLES
@given(seed=SEEDS)
def test_a_damaged_self_test_fails_its_check_and_nothing_else(sealed: Path, tmp_path: Path, seed: int) -> None:
    first, rest = (sealed / "selftest.jsonl").read_bytes().split(b"\n", 1)
    content = damaged(seed, first) + b"\n" + rest
    folder = forged(sealed, tmp_path / "x", {"selftest.jsonl": content})
    failed = {check.name for check in verify(folder) if not check.ok}
    assert all(name.startswith("self-test") for name in failed)
    assert Bundle.open(folder).predict(["cat"])[0].label == "animal"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of another tool."""
    return make_foreign(tmp_path_factory.mktemp("other") / "model")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_damaged_folder_of_another_tool_is_an_error_or_answers(other: Path, name: str) -> None:
    content = (other / name).read_bytes()
    try:
        for seed in range(15):
            (other / name).write_bytes(damaged(seed, content))
            assert foreign_folder(other) == other
            assert check_foreign(other).checks
            try:
                assert len(open_any(other).predict(["the old cat"])) == 1
            except HubError as error:
                assert error.code.startswith("HUB-E")
    finally:
        (other / name).write_bytes(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"schema": 1', '"schema": 1, "schema": 1'),
        ('"max_length": 64', '"max_length": 64, "max_length": 8'),
        ('"max_length": 64', '"max_length": 64.0'),
        ('"max_length": 64', '"max_length": 1e400'),
        ('"max_length": 64', '"max_length": ' + "9" * 4000),
        ('"max_length": 64', '"max_length": -Infinity'),
        ('"bytes": ', '"bytes": -'),
        ('"name": "tiny"', '"name": "tiny\\udc00"'),
        ('"name": "tiny"', '"name": "tiny\x01"'),
    ],
)
def test_a_manifest_that_programs_read_differently_is_refused(sealed: Path, tmp_path: Path, old: str, new: str) -> None:
    text = (sealed / "bundle.json").read_text("utf-8")
    assert old in text
    code = use(forged(sealed, tmp_path / "x", {"bundle.json": text.replace(old, new, 1).encode()}))
    assert code in ("HUB-E002", "HUB-E004")


def test_huge_numbers_where_a_number_may_stand_are_refused(sealed: Path, tmp_path: Path) -> None:
    document = json.loads((sealed / "bundle.json").read_bytes())
    document["variants"]["int8"]["fetch_bytes"] = mutations.HUGE
    folder = forged(sealed, tmp_path / "x", {"bundle.json": json.dumps(document).encode()})
    assert use(folder) == "HUB-E002"


def test_threads_beyond_the_machine_are_not_started(sealed: Path, tmp_path: Path) -> None:
    document = json.loads((sealed / "bundle.json").read_bytes())
    for variant in document["variants"].values():
        variant["session"]["threads"] = 1024
    folder = forged(sealed, tmp_path / "x", {"bundle.json": json.dumps(document).encode()})
    before = threads_of_this_process()
    bundle = Bundle.open(folder)
    assert bundle.predict(["cat"])[0].label == "animal"
    assert threads_of_this_process() - before < 100


def threads_of_this_process() -> int:
    return len(list(Path("/proc/self/task").iterdir())) if Path("/proc/self/task").is_dir() else 0


def with_tokenizer(sealed: Path, folder: Path, **parts: Any) -> Path:
    document = json.loads((sealed / "tokenizer.json").read_bytes()) | parts
    return forged(sealed, folder, {"tokenizer.json": json.dumps(document).encode()})


def replaced(times: int, content: str, **pattern: str) -> dict[str, Any]:
    one = {"type": "Replace", "pattern": pattern, "content": content}
    return {"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": [one] * times}]}


SPECIAL = {"SpecialToken": {"id": "[CLS]", "type_id": 0}}
FIRST = {"Sequence": {"id": "A", "type_id": 0}}


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"post_processor": TEMPLATE | {"single": [FIRST] * 16}}, "repeats a text"),
        ({"post_processor": {"type": "Sequence", "processors": [TEMPLATE | {"single": [FIRST, FIRST]}]}}, "repeats"),
        ({"post_processor": TEMPLATE | {"single": [FIRST, *[SPECIAL] * 60]}}, ""),
        ({"normalizer": replaced(4, "a" * 100, String="a")}, "longer"),
        ({"normalizer": replaced(4, "a" * 20, Regex="a*")}, "longer"),
        ({"normalizer": replaced(40, "a", String="a")}, "in a row"),
        ({"decoder": {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1000}}, "longer"),
    ],
)
def test_a_tokenizer_that_makes_texts_grow_is_refused(
    sealed: Path, tmp_path: Path, parts: dict[str, Any], why: str
) -> None:
    with pytest.raises(BundleError) as caught:
        Bundle.open(with_tokenizer(sealed, tmp_path / "x", **parts))
    assert caught.value.code == "HUB-E011"
    assert why in caught.value.why


def test_a_tokenizer_that_panics_is_an_error(sealed: Path, tmp_path: Path) -> None:
    document = json.loads((sealed / "tokenizer.json").read_bytes())
    lost = document["post_processor"]
    lost["special_tokens"].pop("[SEP]")
    bundle = Bundle.open(with_tokenizer(sealed, tmp_path / "x", post_processor=lost))
    with pytest.raises(BundleError) as caught:
        bundle.predict(["cat"])
    assert caught.value.code == "HUB-E011"


def test_a_pattern_that_never_stops_trying_is_an_error(sealed: Path, tmp_path: Path) -> None:
    split = {"type": "Split", "pattern": {"Regex": "(a+)+b"}, "behavior": "Isolated", "invert": False}
    bundle = Bundle.open(with_tokenizer(sealed, tmp_path / "x", pre_tokenizer=split))
    with pytest.raises(BundleError) as caught:
        bundle.predict(["a" * 40])
    assert caught.value.code == "HUB-E011"


def test_words_as_long_as_a_text_are_refused(sealed: Path, tmp_path: Path) -> None:
    model = json.loads((sealed / "tokenizer.json").read_bytes())["model"] | {"max_input_chars_per_word": 10**9}
    with pytest.raises(BundleError, match="characters"):
        Bundle.open(with_tokenizer(sealed, tmp_path / "x", model=model))


def test_a_self_test_without_end_is_refused(sealed: Path, tmp_path: Path) -> None:
    line = (sealed / "selftest.jsonl").read_bytes().split(b"\n", 1)[0] + b"\n"
    folder = forged(sealed, tmp_path / "x", {"selftest.jsonl": line * (MAX_ROWS + 1)})
    failed = [check for check in verify(folder) if not check.ok]
    assert {check.name for check in failed} == {"self-test fp32", "self-test int8"}
    assert all("HUB-E015" in check.detail for check in failed)


@pytest.mark.parametrize("name", ["bundle.json", "tokenizer.json", "onnx/model_quantized.onnx", "selftest.jsonl"])
def test_files_that_are_no_files_are_errors(sealed: Path, tmp_path: Path, name: str) -> None:
    import os

    for make in (os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")):
        folder = forged(sealed, tmp_path / "x", {})
        (folder / name).unlink()
        make(folder / name)
        assert use(folder) in ("HUB-E001", "HUB-E003", "HUB-E004")
