"""Recipes: the same after a round trip through YAML, and refused with the key's name when they are wrong."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import UsageError
from hub.contract.recipe import (
    Compression,
    DataOptions,
    Distillation,
    Gates,
    Recipe,
    Training,
    from_mapping,
    leaf_keys,
)
from hub.contract.recipe_tables import Tables

# PyYAML writes U+0085 as it is and reads it as a blank.
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x85"), max_size=20)
COUNTS = st.integers(1, 10_000)
NAMES = st.lists(st.text("abc _*", min_size=1, max_size=5).filter(lambda name: name == name.strip()), max_size=3).map(
    tuple
)
SHARES = st.floats(0, 1)
NUMBERS = st.floats(-1e6, 1e6)
RECIPES = st.builds(
    Recipe,
    name=WORDS,
    summary=WORDS,
    base=WORDS,
    max_length=st.integers(2, 512),
    seed=st.integers(0, 2**31),
    data=st.builds(
        DataOptions,
        max_rows_per_label=COUNTS,
        text=WORDS,
        text_pair=WORDS,
        label=WORDS,
        labels=WORDS,
        separator=st.sampled_from([" ", "|", ", ", "\t", ";"]),
        words=WORDS,
        tags=WORDS,
        group=WORDS,
        columns=NAMES,
        ignore=NAMES,
        categories=NAMES,
        missing=NAMES,
        ignore_labels=NAMES,
        seed=COUNTS,
    ),
    teacher=st.builds(
        Training,
        epochs=COUNTS,
        learning_rate=st.floats(1e-7, 1e-1),
        warmup=SHARES,
        label_smoothing=SHARES,
        class_weights=st.sampled_from(["none", "sqrt", "balanced"]),
        dropout=SHARES,
        precision=st.sampled_from(["auto", "fp32", "bf16"]),
    ),
    student=st.builds(
        Distillation,
        layers=st.lists(st.integers(0, 30), max_size=6).map(tuple),
        temperature=st.floats(0.5, 10),
        teacher_weight=SHARES,
        hidden_weight=st.floats(0, 100),
    ),
    table=st.builds(
        Tables,
        width=COUNTS,
        dropout=SHARES,
        class_weights=st.sampled_from(["none", "sqrt", "balanced"]),
        student_learning_rate=st.floats(1e-7, 1e-1),
        threshold_metric=WORDS,
    ),
    compress=st.builds(Compression, trim_vocabulary=st.booleans(), vocabulary=COUNTS, reduce_range=st.booleans()),
    gates=st.builds(Gates, max_drop_points=NUMBERS, parity=SHARES, min_teacher_share=NUMBERS),
)


@given(RECIPES)
def test_round_trip_through_yaml(recipe: Recipe) -> None:
    text = yaml.safe_dump(recipe.to_mapping(), sort_keys=False, allow_unicode=True)

    assert from_mapping(yaml.safe_load(text)) == recipe


@given(RECIPES)
def test_round_trip_through_settings(recipe: Recipe) -> None:
    # Blanks around a value are not part of it, so such texts cannot be set and are left out.
    wanted = {key: value for key, value in flat(recipe.to_mapping()).items() if str(value) == str(value).strip()}

    changed = Recipe().with_settings(f"{key}={shown(value)}" for key, value in wanted.items())

    assert {key: value for key, value in flat(changed.to_mapping()).items() if key in wanted} == wanted


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def shown(value: Any) -> str:
    return ",".join(str(item) for item in value) if isinstance(value, list) else str(value)


def test_mapping_has_plain_values_in_the_order_of_the_fields() -> None:
    found = Recipe().to_mapping()

    assert list(found) == [entry.name for entry in dataclasses.fields(Recipe)]
    assert list(found["teacher"]) == [entry.name for entry in dataclasses.fields(Training)]
    assert found["student"]["layers"] == [0, 5]
    assert leaf_keys(Recipe) == list(flat(found))


def test_missing_keys_take_their_defaults() -> None:
    assert from_mapping({}) == Recipe()
    assert from_mapping({"student": {"epochs": 9}}) == Recipe(student=Distillation(epochs=9))


@pytest.mark.parametrize(
    ("values", "named", "suggested"),
    [
        ({"max_lenght": 3}, "max_lenght", "max_length"),
        ({"teacher": {"epoch": 3}}, "teacher.epoch", "teacher.epochs"),
        ({"student": {"layer": [0]}}, "student.layer", "student.layers"),
        ({"table": {"member": 4}}, "table.member", "table.members"),
        ({"gate": {}}, "gate", "'gates'"),
        ({"teacher": {3: 1}}, "teacher.3", "teacher"),
    ],
)
def test_unknown_key_is_named_with_its_section(values: dict[Any, Any], named: str, suggested: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_mapping(values)

    assert caught.value.code == "HUB-R001"
    assert repr(named) in caught.value.what
    assert suggested in caught.value.why


@pytest.mark.parametrize("key", ["epochs", "teacher", "teacher.epochs.x", "teacher.", ".epochs", "", "teacher.epoch"])
def test_unknown_setting_is_refused(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        Recipe().with_settings([f"{key}=1"])

    assert caught.value.code == "HUB-R001"
    assert repr(key) in caught.value.what


def test_near_settings_are_suggested() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'teacher\.epochs'"):
        Recipe().with_settings(["teacher.epoch=1"])


def test_setting_without_a_sign_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        Recipe().with_settings(["teacher.epochs"])

    assert caught.value.code == "HUB-R002"
    assert "'='" in caught.value.why


@pytest.mark.parametrize(
    ("setting", "section", "name", "value"),
    [
        ("teacher.epochs=5", "teacher", "epochs", 5),
        (" teacher.epochs = 5 ", "teacher", "epochs", 5),
        ("teacher.learning_rate=2e-4", "teacher", "learning_rate", 2e-4),
        ("teacher.dropout=0", "teacher", "dropout", 0.0),
        ("compress.trim_vocabulary=false", "compress", "trim_vocabulary", False),
        ("compress.trim_vocabulary=No", "compress", "trim_vocabulary", False),
        ("compress.per_channel=TRUE", "compress", "per_channel", True),
        ("student.layers=0,2,5", "student", "layers", (0, 2, 5)),
        ("student.layers=3", "student", "layers", (3,)),
        ("student.layers=", "student", "layers", ()),
        ("data.text=a=b", "data", "text", "a=b"),
        ("data.group=", "data", "group", ""),
        ("data.separator= ", "data", "separator", " "),
        ("data.separator = ; ", "data", "separator", ";"),
        ("data.ignore=id,Product ID", "data", "ignore", ("id", "Product ID")),
        ("data.columns=*", "data", "columns", ("*",)),
        ("gates.max_drop_points=-100", "gates", "max_drop_points", -100.0),
        ("table.members=4", "table", "members", 4),
        ("table.threshold_metric=", "table", "threshold_metric", ""),
    ],
)
def test_settings_take_the_type_of_their_field(setting: str, section: str, name: str, value: object) -> None:
    before = Recipe(summary="kept")

    changed = before.with_settings([setting])

    found = getattr(getattr(changed, section), name)
    assert found == value
    assert type(found) is type(value)
    assert changed.summary == "kept"
    assert before == Recipe(summary="kept")


def test_later_settings_win() -> None:
    assert Recipe().with_settings(["seed=1", "seed=2"]).seed == 2


@pytest.mark.parametrize(
    "setting",
    [
        "teacher.epochs=many",
        "teacher.epochs=1.5",
        "teacher.epochs=",
        "teacher.learning_rate=fast",
        "compress.trim_vocabulary=maybe",
        "student.layers=0;5",
        "student.layers=[0,5]",
        "seed=0x1f",
        "data.separator=",
    ],
)
def test_setting_of_another_type_is_refused(setting: str) -> None:
    with pytest.raises(UsageError) as caught:
        Recipe().with_settings([setting])

    assert caught.value.code == "HUB-R002"
    assert repr(setting.partition("=")[0]) in caught.value.what


@pytest.mark.parametrize(
    "values",
    [
        {"seed": None},
        {"seed": True},
        {"seed": [1]},
        {"max_length": 64.5},
        {"base": 5},
        {"base": None},
        {"teacher": None},
        {"teacher": [1]},
        {"teacher": {"epochs": "three"}},
        {"teacher": {"learning_rate": True}},
        {"student": {"layers": 3}},
        {"student": {"layers": {0: "first"}}},
        {"student": {"layers": [0, "x"]}},
        {"student": {"layers": [0, None]}},
        {"compress": {"trim_vocabulary": "perhaps"}},
        {"compress": {"trim_vocabulary": 2}},
    ],
)
def test_value_of_another_type_is_refused_by_name(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        from_mapping(values)

    assert caught.value.code == "HUB-R002"
    ((name, value),) = values.items()
    key = f"{name}.{next(iter(value))}" if isinstance(value, dict) else name
    assert key in caught.value.what


@pytest.mark.parametrize("values", [None, [], "text", 3])
def test_recipe_that_is_no_mapping_is_refused(values: Any) -> None:
    with pytest.raises(UsageError, match="must be a mapping"):
        from_mapping(values)


@pytest.mark.parametrize(
    "setting",
    [
        "max_length=1",
        "seed=-1",
        "teacher.epochs=0",
        "teacher.batch_size=0",
        "teacher.batch_size=-8",
        "teacher.learning_rate=0",
        "teacher.learning_rate=nan",
        "teacher.learning_rate=inf",
        "teacher.dropout=1.1",
        "teacher.warmup=-0.1",
        "teacher.clip_norm=-1",
        "student.temperature=0",
        "student.teacher_weight=90",
        "student.hidden_weight=-1",
        "compress.vocabulary=0",
        "table.bins=0",
        "table.student_width=0",
        "table.student_learning_rate=2",
        "table.teacher_weight=1.5",
        "gates.max_drop_points=nan",
        "gates.parity_rows=0",
    ],
)
def test_value_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(UsageError) as caught:
        Recipe().with_settings([setting])

    assert caught.value.code == "HUB-R002"
    assert "it takes a" in caught.value.why


@pytest.mark.parametrize(
    ("setting", "suggested"),
    [
        ("teacher.precision=bf8", "bf16"),
        ("student.precision=fp16", "bf16"),
        ("teacher.class_weights=balance", "balanced"),
        ("table.class_weights=root", "sqrt"),
    ],
)
def test_unknown_word_is_refused_with_the_nearest(setting: str, suggested: str) -> None:
    with pytest.raises(UsageError) as caught:
        Recipe().with_settings([setting])

    assert caught.value.code == "HUB-R002"
    assert suggested in caught.value.why


def test_defaults_are_in_range() -> None:
    assert from_mapping(Recipe().to_mapping()) == Recipe()
