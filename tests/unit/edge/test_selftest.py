from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import BundleError
from hub.edge import Bundle, selftest, writer
from hub.edge.folder import SELFTEST, read_manifest
from tests.support.tiny_bundle import TEXTS


def rewrite(folder: Path, change: object) -> None:
    """Change every row of the self-test with a function and seal the bundle again."""
    rows = [json.loads(line) for line in (folder / SELFTEST).read_text(encoding="utf-8").splitlines()]
    for row in rows:
        change(row)  # type: ignore[operator]
    (folder / SELFTEST).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    writer.seal(folder, read_manifest(folder))


def choose(texts: list[str], rows: np.ndarray, count: int = 24, margin: float = 0.2) -> list[int]:
    """Choose as for one label a row."""
    best = np.sort(rows, axis=1)
    return selftest.spread(texts, rows.argmax(axis=1).tolist(), best[:, -1] - best[:, -2], count, margin)


def test_labels_take_turns_and_clear_rows_come_first() -> None:
    rows = [[0.9, 0.1, 0.0], [0.99, 0.01, 0.0], [0.1, 0.8, 0.1], [0.4, 0.3, 0.3], [0.95, 0.05, 0.0]]
    texts = list("abcde")
    assert choose(texts, np.array(rows), count=2) == [1, 2]
    assert choose(texts, np.array(rows), count=3) == [1, 2, 4]
    assert choose(texts, np.array(rows), count=9) == [0, 1, 2, 3, 4]
    # Only rows 1 and 4 differ by 0.85: the clearest of the others follows.
    assert choose(texts, np.array(rows), count=3, margin=0.85) == [0, 1, 4]


def test_unclear_rows_follow_only_when_clear_ones_run_out() -> None:
    rows = np.array([[0.52, 0.48], [0.9, 0.1], [0.55, 0.45]])
    assert choose(["a", "b", "c"], rows, count=1) == [1]
    assert choose(["a", "b", "c"], rows, count=2) == [1, 2]


def test_a_text_is_chosen_once() -> None:
    rows = np.array([[0.9, 0.1]] * 3)
    assert choose(["a", "a", "b"], rows) == [0, 2]


def test_nothing_to_choose_from(sealed: Path) -> None:
    assert choose([], np.empty((0, 3))) == []
    assert selftest.choose(Bundle.open(sealed), []) == []


@given(
    rows=st.lists(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), max_size=30),
    count=st.integers(0, 40),
    margin=st.floats(0.0, 1.0),
)
def test_the_choice_is_ordered_bounded_and_distinct(rows: list[list[float]], count: int, margin: float) -> None:
    scores = np.array(rows, dtype=np.float64).reshape(-1, 3)
    texts = [str(i % 20) for i in range(len(rows))]
    chosen = choose(texts, scores, count=count, margin=margin)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(count, len(set(texts)))
    assert len({texts[i] for i in chosen}) == len(chosen)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    texts = ['quote " and \n line', "\u2028 separator", "é"]
    expect = [{"fp32": {"a": 0.25, "b": 0.75}}] * 3
    selftest.write(tmp_path / SELFTEST, texts, expect)
    rows = selftest.load(tmp_path)
    assert [row.text for row in rows] == texts
    assert rows[0].expect == {"fp32": {"a": 0.25, "b": 0.75}}


def test_expected_holds_every_variant(sealed: Path) -> None:
    (row,) = selftest.expected(sealed, ["cat cat"])
    assert set(row) == {"fp32", "int8"}
    assert row["fp32"] == pytest.approx({"animal": 0.9647, "plant": 0.0177, "stone": 0.0177}, abs=1e-3)


@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_a_good_bundle_passes(sealed: Path, variant: str) -> None:
    labels, numbers = selftest.replay(Bundle.open(sealed), variant)
    assert labels.ok
    assert numbers.ok
    assert labels.detail == f"{len(TEXTS)} of {len(TEXTS)} rows have the same label"
    assert variant in labels.name


def test_by_default_the_open_variant_is_replayed(sealed: Path) -> None:
    assert selftest.replay(Bundle.open(sealed))[0].name == "self-test int8: labels"


@pytest.mark.parametrize(
    ("variant", "shift", "ok"),
    [("fp32", 0.0009, True), ("fp32", 0.002, False), ("int8", 0.04, True), ("int8", 0.06, False)],
)
def test_the_bound_depends_on_the_precision(tiny: Path, variant: str, shift: float, ok: bool) -> None:
    def move(row: dict[str, dict[str, dict[str, float]]]) -> None:
        best = max(row["expect"][variant], key=row["expect"][variant].__getitem__)
        row["expect"][variant][best] -= shift

    rewrite(tiny, move)
    labels, numbers = selftest.replay(Bundle.open(tiny, variant=variant))
    assert labels.ok
    assert numbers.ok is ok
    assert f"limit {0.001 if variant == 'fp32' else 0.05}" in numbers.detail


def test_a_changed_label_is_found(tiny: Path) -> None:
    def swap(row: dict[str, dict[str, dict[str, float]]]) -> None:
        scores = row["expect"]["int8"]
        scores["animal"], scores["stone"] = scores["stone"], scores["animal"]

    rewrite(tiny, swap)
    labels, numbers = selftest.replay(Bundle.open(tiny))
    assert not labels.ok
    assert not numbers.ok
    assert "changed: row 1" in labels.detail


def test_rows_without_the_variant_fail(tiny: Path) -> None:
    rewrite(tiny, lambda row: row["expect"].pop("int8"))
    (check,) = selftest.replay(Bundle.open(tiny))
    assert not check.ok
    assert "no row" in check.detail


@pytest.mark.parametrize("expect", [{}, {"metal": 1.0}])
def test_rows_that_name_no_label_fail(tiny: Path, expect: dict[str, float]) -> None:
    rewrite(tiny, lambda row: row["expect"].update(int8=expect))
    (check,) = selftest.replay(Bundle.open(tiny))
    assert not check.ok


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[1]\n",
        b'{"text": 1, "expect": {}}\n',
        b'{"text": "a", "expect": {"x": {"y": "z"}}}\n',
        b'{"text": "a", "row": {"b": 1}, "expect": {}}\n',
        b'{"expect": {}}\n',
        b'{"text": "a", "expect": {"x": [{"start": 1}]}}\n',
        b'{"text": "a", "expect": {"x": 5}}\n',
        b'{"row": [1], "expect": {}}\n',
        b"\xff\n",
        b"[",
    ],
)
def test_a_self_test_that_is_none_is_an_error(tiny: Path, content: bytes) -> None:
    (tiny / SELFTEST).write_bytes(content)
    with pytest.raises(BundleError, match="selftest"):
        selftest.load(tiny)


def test_a_missing_self_test_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        selftest.load(tmp_path)
    assert caught.value.code == "HUB-E015"
