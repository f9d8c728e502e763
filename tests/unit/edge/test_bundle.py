from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.contract.errors import BundleError, MissingError, UsageError
from hub.edge import Bundle, writer
from hub.edge.bundle import softmax
from hub.edge.folder import INFORMATIVE, aside, read_manifest
from hub.edge.schema import LabelEntry, Manifest, SessionOptions
from tests.support.tiny_bundle import INT8, LABELS, STRENGTH, TEXTS, WORDS, make_tiny_bundle

TEXT = st.text(alphabet=st.characters(), max_size=80)


@pytest.fixture(scope="module")
def fp32(sealed: Path) -> Bundle:
    return Bundle.open(sealed, variant="fp32")


@pytest.fixture(scope="module")
def int8(sealed: Path) -> Bundle:
    return Bundle.open(sealed)


def by_hand(*counts: int, tokens: int) -> list[float]:
    """Probabilities of a text with so many words of each label among so many tokens."""
    powers = np.exp(STRENGTH * np.array(counts) / tokens)
    return [float(p) for p in powers / powers.sum()]


def resealed(folder: Path, **changes: object) -> Path:
    """Change fields of a bundle's manifest as its builder would have written them."""
    writer.seal(folder, dataclasses.replace(read_manifest(folder), **changes))  # type: ignore[arg-type]
    return folder


def with_variant(manifest: Manifest, name: str, **changes: object) -> dict[str, object]:
    changed = dataclasses.replace(manifest.variants[name], **changes)  # type: ignore[arg-type]
    return {"variants": {**manifest.variants, name: changed}}


def test_probabilities_are_those_worked_out_by_hand(fp32: Bundle) -> None:
    # [CLS] the cat near dog oak [SEP]: 2 animals and 1 plant among 7 tokens
    found = fp32.probabilities(["the cat near dog oak", ""])
    assert found.dtype == np.float64
    np.testing.assert_allclose(found[0], by_hand(2, 1, 0, tokens=7), atol=1e-6)
    np.testing.assert_allclose(found[1], [1 / 3] * 3, atol=1e-7)


def test_a_prediction_names_score_and_order(fp32: Bundle) -> None:
    (answer,) = fp32.predict(["oak moss fern cat"])
    expected = by_hand(1, 3, 0, tokens=6)
    assert (answer.label, answer.name) == ("plant", "Plants and mosses")
    assert [label for label, _ in answer.top] == ["plant", "animal", "stone"]
    assert answer.score == answer.top[0][1] == pytest.approx(expected[1], abs=1e-6)
    assert not answer.abstained


@pytest.mark.parametrize(("top", "count"), [(1, 1), (2, 2), (3, 3), (50, 3)])
def test_top_lists_as_many_labels_as_asked_for(fp32: Bundle, top: int, count: int) -> None:
    assert len(fp32.predict(["cat"], top=top)[0].top) == count


def test_it_abstains_below_the_threshold(fp32: Bundle) -> None:
    assert fp32.threshold == 0.5
    assert [answer.abstained for answer in fp32.predict(["cat", "river"])] == [False, True]
    assert [answer.abstained for answer in fp32.predict(["cat", "river"], min_confidence=0.0)] == [False, False]
    assert [answer.abstained for answer in fp32.predict(["cat", "river"], min_confidence=1.0)] == [True, True]


def test_a_bundle_without_thresholds_never_abstains(tiny: Path) -> None:
    bundle = Bundle.open(resealed(tiny, abstention={}))
    assert bundle.threshold == 0.0
    assert not bundle.predict(["river"])[0].abstained


def test_no_texts_give_no_answers(fp32: Bundle) -> None:
    assert fp32.predict([]) == []
    assert fp32.probabilities([]).shape == (0, 3)


def test_the_order_of_the_texts_is_kept(fp32: Bundle, int8: Bundle) -> None:
    texts = [*TEXTS, "cat " * 40, "", "oak"] * 3
    for bundle in (fp32, int8):
        together = bundle.probabilities(texts)
        alone = np.concatenate([bundle.probabilities([text]) for text in texts])
        np.testing.assert_allclose(together, alone, atol=1e-6 if bundle is fp32 else 0.0)


def test_int8_runs_one_text_at_a_time_and_fp32_in_batches(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variant, expected in (("int8", {1}), ("fp32", {16, 4})):
        bundle = Bundle.open(sealed, variant=variant)
        sizes = []
        run = bundle._model._runtime.run
        monkeypatch.setattr(
            bundle._model._runtime,
            "run",
            lambda feeds, run=run, sizes=sizes: sizes.append(len(feeds["input_ids"])) or run(feeds),
        )
        bundle.probabilities(["cat dog"] * 20)
        assert set(sizes) == expected
        assert sum(sizes) == 20


def test_several_workers_give_the_same_answers(fp32: Bundle, int8: Bundle) -> None:
    for bundle in (fp32, int8):
        assert np.array_equal(bundle.probabilities(TEXTS, workers=4), bundle.probabilities(TEXTS))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(texts=st.lists(TEXT, max_size=5))
def test_any_unicode_is_answered(int8: Bundle, texts: list[str]) -> None:
    answers = int8.predict(texts)
    assert len(answers) == len(texts)
    for answer in answers:
        assert answer.label in int8.labels
        assert sum(score for _, score in answer.top) == pytest.approx(1.0)
        assert list(answer.top) == sorted(answer.top, key=lambda pair: -pair[1])


def test_a_hundred_thousand_characters_are_answered(int8: Bundle) -> None:
    (answer,) = int8.predict(["granite " * 12_500])
    assert answer.label == "stone"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [({"top": 0}, "top is 0"), ({"min_confidence": 1.5}, "1.5"), ({"min_confidence": float("nan")}, "nan")],
)
def test_arguments_that_mean_nothing_are_refused(int8: Bundle, arguments: dict[str, float], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        int8.predict(["cat"], **arguments)  # type: ignore[arg-type]


def test_a_single_text_is_refused(int8: Bundle) -> None:
    with pytest.raises(UsageError):
        int8.predict("cat")


def test_the_portable_variant_is_the_default(sealed: Path) -> None:
    assert Bundle.open(sealed).variant == "int8"
    assert Bundle.open(os.fspath(sealed), variant="fp32").variant == "fp32"
    assert Bundle.open(sealed, profile="arm64").variant == "int8"


def test_a_profile_of_its_own_is_used(tiny: Path) -> None:
    resealed(tiny, default_variant={"portable": "int8", "arm64": "fp32"})
    assert Bundle.open(tiny, profile="arm64").variant == "fp32"
    assert Bundle.open(tiny, profile="wasm").variant == "int8"


@pytest.mark.parametrize("wrong", [{"variant": "int4"}, {"profile": "arm"}])
def test_an_unknown_variant_or_profile_suggests_the_nearest(sealed: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="did you mean") as caught:
        Bundle.open(sealed, **wrong)  # type: ignore[arg-type]
    assert caught.value.code == "HUB-E008"


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    "name",
    [
        "onnx/model.onnx",
        "onnx/model_quantized.onnx",
        "tokenizer.json",
        "tokenizer_config.json",
        "config.json",
        "selftest.jsonl",
    ],
)
def test_a_changed_byte_is_refused_with_the_files_name(tiny: Path, name: str, place: float) -> None:
    path = tiny / name
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError) as caught:
        Bundle.open(tiny)
    assert caught.value.code == "HUB-E004"
    assert name in caught.value.what


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_one_byte_changed_anywhere_is_refused(
    sealed: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    names = [name for name in read_manifest(sealed).files if name not in INFORMATIVE]
    name = data.draw(st.sampled_from(names))
    content = bytearray((sealed / name).read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    folder = tmp_path_factory.mktemp("mutated")
    for path in sealed.rglob("*"):
        copy = folder / path.relative_to(sealed)
        if path.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=name):
        Bundle.open(folder)


@pytest.mark.parametrize("name", ["README.md", "report.html", "NOTICE"])
def test_a_changed_card_only_warns(tiny: Path, name: str) -> None:
    (tiny / name).write_text("changed", encoding="utf-8")
    bundle = Bundle.open(tiny)
    assert len(bundle.warnings) == 1
    assert name in bundle.warnings[0]
    assert bundle.predict(["cat"])[0].label == "animal"


def test_extra_files_of_the_hub_are_nobodys_business(tiny: Path) -> None:
    (tiny / ".gitattributes").write_text("*.onnx filter=lfs", encoding="utf-8")
    assert Bundle.open(tiny).warnings == ()


def test_hashes_can_be_left_unchecked(tiny: Path) -> None:
    (tiny / "config.json").write_text("{}", encoding="utf-8")
    assert Bundle.open(tiny, verify=False).predict(["oak"])[0].label == "plant"


def test_other_variants_may_be_absent(tiny: Path) -> None:
    (tiny / "onnx/model.onnx").unlink()
    (tiny / "report.html").unlink()
    assert Bundle.open(tiny).warnings == ()
    with pytest.raises(BundleError, match=r"onnx/model\.onnx.*is missing"):
        Bundle.open(tiny, variant="fp32")


def test_where_only_another_variant_was_pulled_it_is_used_and_said(tiny: Path) -> None:
    (tiny / INT8).unlink()
    bundle = Bundle.open(tiny)
    assert bundle.variant == "fp32"
    assert "'int8' is not here" in bundle.warnings[0]
    (tiny / "onnx/model.onnx").unlink()
    with pytest.raises(BundleError, match="model_quantized"):
        Bundle.open(tiny)


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "selftest.jsonl"])
def test_a_missing_shared_file_is_named(tiny: Path, name: str) -> None:
    (tiny / name).unlink()
    with pytest.raises(BundleError, match=name) as caught:
        Bundle.open(tiny)
    assert caught.value.code == "HUB-E005"


@pytest.mark.parametrize("name", ["tokenizer.json", "onnx/model.onnx", "README.md"])
def test_a_link_out_of_the_folder_is_refused(tiny: Path, name: str) -> None:
    outside = tiny.parent / "outside"
    (tiny / name).rename(outside)
    (tiny / name).symlink_to(outside)
    with pytest.raises(BundleError, match=name) as caught:
        Bundle.open(tiny)
    assert caught.value.code == "HUB-E003"


def test_a_folder_that_is_a_link_out_is_refused(tiny: Path) -> None:
    (tiny / "onnx").rename(tiny.parent / "models")
    (tiny / "onnx").symlink_to(tiny.parent / "models")
    with pytest.raises(BundleError) as caught:
        Bundle.open(tiny)
    assert caught.value.code == "HUB-E003"


def test_a_bundle_reached_through_a_link_opens(sealed: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(sealed)
    assert Bundle.open(tmp_path / "latest").predict(["cat"])[0].label == "animal"


def test_an_unlisted_tokenizer_is_refused(tiny: Path) -> None:
    content = (tiny / "tokenizer.json").read_bytes()
    (tiny / "tokenizer.json").unlink()
    resealed(tiny)
    (tiny / "tokenizer.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"lists no tokenizer\.json"):
        Bundle.open(tiny)


def test_an_unknown_kind_is_refused(tiny: Path) -> None:
    with pytest.raises(BundleError, match="'image-classification'") as caught:
        Bundle.open(resealed(tiny, kind="image-classification"))
    assert caught.value.code == "HUB-E006"


def test_an_unknown_format_is_refused(tiny: Path) -> None:
    with pytest.raises(MissingError, match="'gguf'") as caught:
        Bundle.open(resealed(tiny, **with_variant(read_manifest(tiny), "int8", format="gguf")))
    assert caught.value.code == "HUB-E007"


def test_a_variant_for_another_machine_is_refused(tiny: Path) -> None:
    resealed(tiny, **with_variant(read_manifest(tiny), "int8", requires=("avx_of_the_future",)))
    with pytest.raises(BundleError, match="avx_of_the_future") as caught:
        Bundle.open(tiny, variant="int8")
    assert caught.value.code == "HUB-E009"
    assert Bundle.open(tiny, variant="fp32").warnings == ()
    other = Bundle.open(tiny)  # the portable variant should run everywhere; where it does not, another one can
    assert other.variant == "fp32"
    assert other.warnings == (
        "the variant 'int8' needs avx_of_the_future, which this processor does not have; 'fp32' is used",
    )
    every = {
        name: dataclasses.replace(v, requires=("avx_of_the_future",)) for name, v in other.manifest.variants.items()
    }
    with pytest.raises(BundleError, match="avx_of_the_future"):
        Bundle.open(resealed(tiny, variants=every))


def test_a_profiles_variant_falls_back_to_the_portable_one(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variants = with_variant(read_manifest(tiny), "fp32", requires=("avx2", "avx512_vnni"))
    resealed(tiny, **variants, default_variant={"portable": "int8", "x86-vnni": "fp32"})
    monkeypatch.setattr("hub.edge.machine.instruction_sets", lambda: ("avx2", "fma"))
    fallen = Bundle.open(tiny, profile="x86-vnni")
    assert (fallen.variant, len(fallen.warnings)) == ("int8", 1)
    assert "'fp32' needs avx512_vnni, which this processor does not have; 'int8' is used" in fallen.warnings[0]
    with pytest.raises(BundleError, match="has no avx512_vnni") as caught:
        Bundle.open(tiny, variant="fp32")
    assert caught.value.code == "HUB-E009"
    monkeypatch.setattr("hub.edge.machine.instruction_sets", lambda: ("avx2", "avx512_vnni"))
    fitting = Bundle.open(tiny, profile="x86-vnni")
    assert (fitting.variant, fitting.warnings) == ("fp32", ())


def test_labels_and_outputs_must_agree(tiny: Path) -> None:
    bundle = Bundle.open(resealed(tiny, labels=(*LABELS, LabelEntry("metal", "Metals"))))
    with pytest.raises(BundleError, match="shape"):
        bundle.predict(["cat"])


def test_more_labels_than_words_work(tmp_path: Path) -> None:
    labels = [*LABELS, *(LabelEntry(f"other-{i}", "") for i in range(40))]
    bundle = Bundle.open(make_tiny_bundle(tmp_path / "wide", labels=labels, token_type_ids=False), variant="fp32")
    probabilities = bundle.probabilities(["cat dog"])
    assert probabilities.shape == (1, 43)
    assert bundle.predict(["cat dog"], top=43)[0].top[5][0] == "other-2"
    assert bundle.predict(["cat dog"])[0].name == "Animals"


def test_a_score_that_is_not_a_number_is_an_error(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle.open(sealed)
    monkeypatch.setattr(bundle._model._runtime, "run", lambda feeds: np.full((1, 3), np.nan, dtype=np.float32))
    with pytest.raises(BundleError, match="not a number"):
        bundle.predict(["cat"])


def test_session_options_of_the_variant_are_used(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.edge import onnx

    seen: list[dict[str, object]] = []
    real = onnx.OnnxRuntime.__init__
    monkeypatch.setattr(
        onnx.OnnxRuntime,
        "__init__",
        lambda self, file, options: seen.append(dict(options)) or real(self, file, options),
    )
    session = SessionOptions(threads=2, disabled_optimizers=("BiasGeluFusion",))
    resealed(tiny, **with_variant(read_manifest(tiny), "int8", session=session))
    Bundle.open(tiny)
    Bundle.open(tiny, threads=1)
    assert [options["threads"] for options in seen] == [2, 1]
    assert seen[0]["disabled_optimizers"] == ("BiasGeluFusion",)


def test_a_cut_replacement_opens_the_old_bundle_and_moves_nothing(tiny: Path) -> None:
    tiny.rename(aside(tiny))
    assert Bundle.open(tiny).predict(["cat"])[0].label == "animal"
    assert not tiny.exists()


def test_softmax_known_answers() -> None:
    np.testing.assert_allclose(softmax(np.log([[1.0, 3.0]])), [[0.25, 0.75]])
    np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0], [-1e30, 0.0]])), [[0.5, 0.5], [0.0, 1.0]])


def test_words_of_a_label_are_that_label(int8: Bundle) -> None:
    for label, words in WORDS.items():
        assert {answer.label for answer in int8.predict(words)} == {label}
