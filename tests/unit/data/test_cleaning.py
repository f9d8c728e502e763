from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract import Dataset, Example, comparison_key
from hub.contract.errors import UsageError
from hub.contract.results import Finding
from hub.data import form_of
from hub.data.cleaning import cap_labels, clean, report, serious


def rows(*pairs: tuple[str, str], split: str = "train") -> tuple[Example, ...]:
    return tuple(Example(text, label, origin=f"{split}.csv:{n}") for n, (text, label) in enumerate(pairs, start=2))


def found(findings: tuple[Finding, ...], code: str) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Findings of one code by split (the first word of the detail)."""
    return {
        finding.detail.replace(",", ":").split(":")[0]: (finding.count, finding.examples)
        for finding in findings
        if finding.code == code
    }


def test_duplicates_keep_the_first_as_written() -> None:
    train = rows(("A  Cat", "x"), ("a cat", "x"), ("dog", "y"), ("a CAT", "x"))
    cleaned, findings = clean(Dataset(train))
    assert [row.text for row in cleaned.train] == ["A  Cat", "dog"]
    assert found(findings, "duplicate") == {"train": (2, ("train.csv:3", "train.csv:5"))}


def test_conflicts_are_all_dropped() -> None:
    train = rows(("a cat", "x"), ("dog", "y"), ("A CAT", "y"), ("a cat", "x"))
    cleaned, findings = clean(Dataset(train))
    assert [row.text for row in cleaned.train] == ["dog"]
    assert found(findings, "conflict") == {"train": (2, ("train.csv:2", "train.csv:4"))}
    assert found(findings, "duplicate") == {"train": (1, ("train.csv:5",))}


def test_of_conflicts_that_are_kept_one_row_of_each_label_stays() -> None:
    train = rows(("a cat", "x"), ("dog", "y"), ("A CAT", "y"), ("a cat", "x"), ("fox", "x"), ("Fox", "y"))
    cleaned, findings = clean(Dataset(train, test=rows(("fox", "x"), split="test")), conflicts="keep")
    assert [(row.text, row.label) for row in cleaned.train] == [("a cat", "x"), ("dog", "y"), ("A CAT", "y")]
    assert found(findings, "conflict") == {"train": (4, ("train.csv:2", "train.csv:4", "train.csv:6", "train.csv:7"))}
    assert found(findings, "duplicate") == {"train": (1, ("train.csv:5",))}
    assert found(findings, "leak-exact") == {"train": (2, ("train.csv:6", "train.csv:7"))}
    assert "train: rows whose text has several labels, one row of each label kept" in [f.detail for f in findings]


def test_what_becomes_of_conflicts_is_a_word_that_is_known() -> None:
    with pytest.raises(UsageError, match="HUB-R002"):
        clean(Dataset(rows(("a cat", "x"))), conflicts="kept")


@pytest.mark.parametrize("split", ["validation", "calibration", "test"])
@pytest.mark.parametrize("label", ["x", "y"])
def test_leaks_leave_training_and_stay_in_evaluation(split: str, label: str) -> None:
    dataset = Dataset(rows(("a cat", "x"), ("dog", "y"))).with_splits({split: rows(("A cat ", label), split=split)})
    cleaned, findings = clean(dataset)
    assert [row.text for row in cleaned.train] == ["dog"]
    assert cleaned.split(split) == dataset.split(split)
    assert found(findings, "leak-exact") == {"train": (1, ("train.csv:2",))}
    assert report(dataset, cleaned, ["x", "y"], findings).leaks == 0


def test_empty_rows_are_dropped_everywhere() -> None:
    dataset = Dataset(rows((" ", "x"), ("dog", "y")), test=rows(("", "x"), ("fox", "y"), split="test"))
    cleaned, findings = clean(dataset)
    assert [row.text for row in (*cleaned.train, *cleaned.test)] == ["dog", "fox"]
    assert found(findings, "empty") == {"train": (1, ("train.csv:2",)), "test": (1, ("test.csv:2",))}


def test_odd_evaluation_rows_are_reported_and_kept() -> None:
    test = rows(("fox", "x"), ("FOX", "y"), ("hen", "x"), ("hen", "x"), split="test")
    cleaned, findings = clean(Dataset(rows(("dog", "y")), test=test))
    assert cleaned.test == test
    assert found(findings, "conflict") == {"test": (2, ("test.csv:2", "test.csv:3"))}
    assert found(findings, "duplicate") == {"test": (1, ("test.csv:5",))}


def test_clean_data_has_no_findings() -> None:
    dataset = Dataset(rows(("cat", "x"), ("dog", "y")), test=rows(("fox", "x"), split="test"))
    assert clean(dataset) == (dataset, ())


def test_a_report_counts_everything() -> None:
    loaded = Dataset(rows(("cat", "x"), ("cat", "x"), ("w " * 401, "y")), notes=("A note.",))
    loaded = loaded.with_splits({"test": rows(("fox " + "w " * 399, "x"), split="test")})
    cleaned, findings = clean(loaded)
    result = report(loaded, cleaned, ["x", "y", "z"], findings)
    assert result.rows_in == {"train": 3, "validation": 0, "calibration": 0, "test": 1}
    assert result.rows_out == {"train": 2, "validation": 0, "calibration": 0, "test": 1}
    assert result.labels["train"] == {"x": 1, "y": 1, "z": 0}
    assert found(result.findings, "over-long") == {"train": (1, ("train.csv:4",))}
    assert found(result.findings, "rare-label") == {"train": (3, ("x", "y", "z"))}
    assert result.notes == ("A note.",)


def test_rare_labels_have_fewer_than_ten_rows() -> None:
    train = rows(*[(f"x {n}", "x") for n in range(10)], *[(f"y {n}", "y") for n in range(9)])
    result = report(Dataset(train), Dataset(train), ["x", "y"], ())
    assert found(result.findings, "rare-label") == {"train": (1, ("y",))}


def test_near_duplicates_are_counted_by_slice() -> None:
    train = rows(("fracture of the left femur shaft", "x"), ("dog", "y"))
    test = (
        Example("Fracture of left femur shaft", "x", slice="one", origin="t1"),
        Example("fracture, left: the shaft of femur", "x", slice="two", origin="t2"),
        Example("fracture of right arm", "x", slice="two", origin="t3"),
    )
    result = report(Dataset(train, test=test), Dataset(train, test=test), ["x", "y"], ())
    near = [(finding.count, finding.detail.split(" ")[:3], finding.examples) for finding in result.findings[1:]]
    assert near == [(1, ["test/one,", "1", "rows:"], ("t1",)), (1, ["test/two,", "2", "rows:"], ("t2",))]
    assert (result.near_leaks, result.leaks, serious(result)) == (2, 0, [])


def test_remaining_leaks_are_serious() -> None:
    train = (Example("cat", "x", group="p1"), Example("dog", "y", group="p2"))
    dataset = Dataset(
        train,
        validation=rows(("fox", "x"), split="validation"),
        test=(Example("hen", "x", group="p2", origin="t1"), Example("Fox", "x", group="p3"), Example("CAT", "x")),
    )
    result = report(dataset, dataset, ["x", "y"], ())
    assert result.leaks == 1
    assert found(result.findings, "leak-group") == {"test": (1, ("t1",))}
    assert found(result.findings, "overlap") == {"validation": (1, ("validation.csv:2",))}
    assert len(serious(result)) == 3


def test_texts_are_never_in_a_report() -> None:
    secret = "patient Miller"
    dataset = Dataset(rows((secret, "x"), (secret, "y"), ("dog", "y")), test=rows((secret, "x"), split="test"))
    cleaned, findings = clean(dataset)
    assert secret not in repr(report(dataset, cleaned, ["x", "y"], findings))


texts = st.sampled_from(["cat", "Cat", " cat", "dog", "DOG", "fox", "hen", "", " "])
some = st.lists(st.tuples(texts, st.sampled_from("xy")), max_size=12)


@settings(deadline=None)
@given(some, some, some)
def test_cleaning_leaves_training_distinct_and_disjoint(
    train: list[tuple[str, str]], validation: list[tuple[str, str]], test: list[tuple[str, str]]
) -> None:
    dataset = Dataset(rows(*train), validation=rows(*validation), test=rows(*test))
    cleaned, _ = clean(dataset)
    keys = [comparison_key(row.text) for row in cleaned.train]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & {comparison_key(row.text) for row in (*cleaned.validation, *cleaned.test)}
    assert [row for row in dataset.train if row in cleaned.train] == list(cleaned.train)
    for name in ("validation", "test"):
        assert cleaned.split(name) == tuple(row for row in dataset.split(name) if row.text.strip())
    again, found_again = clean(cleaned)
    assert again == cleaned
    assert all(not finding.detail.startswith("train") for finding in found_again)


@settings(deadline=None)
@given(st.lists(st.sampled_from("xyz"), max_size=60), st.integers(0, 20), st.integers())
def test_caps(labels: list[str], limit: int, seed: int) -> None:
    train = rows(*[(f"text {n}", label) for n, label in enumerate(labels)])
    kept = cap_labels(train, limit, seed)
    had, used = Counter(labels), Counter(row.label for row in kept)
    assert used == (had if limit == 0 else {label: min(n, limit) for label, n in had.items()})
    assert [row for row in train if row in kept] == list(kept)
    alone = tuple(row for row in train if row.label == "x")
    assert cap_labels(alone, limit, seed) == tuple(row for row in kept if row.label == "x")


def test_caps_keep_every_group() -> None:
    train = [Example(f"a {n}", "x", group="large") for n in range(500)]
    train += [Example(f"b {n}", "x", group=f"small {n}") for n in range(5)]
    kept = cap_labels(train, 10, seed=1)
    assert Counter(row.group for row in kept) == {"large": 5, **{f"small {n}": 1 for n in range(5)}}
    assert cap_labels(train, 10, seed=2) != kept


TAGS, TABLE = form_of("token-classification"), form_of("tabular-classification")


def test_conflicts_of_labels_and_tags() -> None:
    multi = form_of("multi-label")
    train = (
        Example("a", labels=("x", "y")),
        Example("A", labels=("y", "x")),
        Example("b", labels=("x",)),
        Example("B"),
    )
    cleaned, findings = clean(Dataset(train), multi)
    assert cleaned.train == train[:1]
    assert {finding.code: finding.count for finding in findings} == {"duplicate": 1, "conflict": 2}
    words = ("a", "b")
    tagged = tuple(Example("a b", words=words, tags=tags) for tags in (("B-x", "O"), ("I-x", "O"), ("O", "O")))
    cleaned, findings = clean(Dataset(tagged[:2]), TAGS)
    assert cleaned.train == tagged[:1]  # mended, the second row is the first again
    assert [finding.code for finding in findings] == ["tag-repaired", "duplicate"]
    assert clean(Dataset(tagged), TAGS)[0].train == ()


def test_pairs_conflict_only_when_both_texts_are_equal() -> None:
    train = (Example("a", "x", text_pair="p"), Example("a", "y", text_pair="q"), Example("b", "x", text_pair="p"))
    dataset = Dataset(train, test=(Example("A", "x", text_pair="P"),))
    cleaned, findings = clean(dataset)
    assert cleaned.train == train[1:]
    assert [finding.code for finding in findings] == ["leak-exact"]


def measured(values: list[float], split: str = "train") -> tuple[Example, ...]:
    return tuple(
        Example("", "x" if n % 2 else "y", values={"a": value}, origin=f"{split}:{n}") for n, value in enumerate(values)
    )


def test_equal_rows_of_a_table_stay() -> None:
    dataset = Dataset(measured([1.0, 1.0, 1.0, 2.0] * 30), test=measured([1.0, 2.0] * 10, "test"))
    cleaned, findings = clean(dataset, TABLE)
    assert cleaned == dataset
    assert {finding.code for finding in findings} == {"duplicate", "conflict"}
    assert all("kept" in finding.detail for finding in findings)
    result = report(dataset, cleaned, ["x", "y"], findings, TABLE)
    assert (result.leaks, result.near_leaks, serious(result)) == (0, 0, [])


def test_rows_of_a_table_copied_into_evaluation_leave_training() -> None:
    dataset = Dataset(measured([float(n) for n in range(200)]), test=measured([float(n) for n in range(20)], "test"))
    assert report(dataset, dataset, [], (), TABLE).leaks == 20
    cleaned, findings = clean(dataset, TABLE)
    assert cleaned.train == dataset.train[20:]
    assert [(finding.code, finding.count) for finding in findings] == [("leak-exact", 20)]
    assert report(dataset, cleaned, [], (), TABLE).leaks == 0


def test_rows_copied_from_validation_to_test_are_serious() -> None:
    same = [float(n) for n in range(1000, 1030)]
    dataset = Dataset(measured([0.5]), measured(same, "validation"), test=measured(same, "test"))
    result = report(dataset, dataset, [], (), TABLE)
    assert found(result.findings, "overlap")["validation"][0] == 30
    assert len(serious(result)) == 1


def test_rows_of_missing_values_are_dropped() -> None:
    train = (
        Example("", "x", values={"a": None, "b": None}, origin="r1"),
        Example("", "y", values={"a": None, "b": 1.0}),
    )
    cleaned, findings = clean(Dataset(train), TABLE)
    assert cleaned.train == train[1:]
    assert found(findings, "empty") == {"train": (1, ("r1",))}


def test_caps_of_rows_with_several_marks() -> None:
    train = [Example(f"t{n}", labels=("a", "b") if n < 10 else ("a",)) for n in range(100)]
    kept = cap_labels(train, 20, 3, form_of("multi-label"))
    assert [row for row in train if row in kept] == list(kept)
    assert sum(row.labels == ("a", "b") for row in kept) == 10
    assert sum("a" in row.labels for row in kept) == 20
