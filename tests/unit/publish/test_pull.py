"""Pulling through the unmodified client of the Hub, against the stand-in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.contract.errors import BundleError, HubError, NetworkError, UsageError
from hub.edge import Bundle
from hub.edge.folder import fetched_files, read_manifest
from hub.edge.foreign import open_any
from hub.publish.pull import Pulled, parse_id
from hub.publish.pull import pull as pull_with
from hub.publish.upload import Options
from tests.support.hub_client import Patience, go_offline, hub, point
from tests.support.hub_server.server import TOKEN, HubServer
from tests.support.published import CARD, content, sealed_again
from tests.support.tiny_bundle import TEXTS
from tests.unit.publish.test_upload import publish

REPO = "acme/things"


def pull(name: str, target: Path | None, *variants: str, said: list[str] | None = None) -> Pulled:
    heard = [] if said is None else said
    return pull_with(name, target, variants, say=heard.append)


@pytest.fixture
def there(server: HubServer, bundle: Path) -> HubServer:
    """A stand-in that holds the bundle, with nothing in the client's cache."""
    publish(bundle)
    server.requests.clear()
    return server


def test_one_variant_brings_what_it_needs_and_no_more(there: HubServer, bundle: Path, tmp_path: Path) -> None:
    done = pull(REPO, tmp_path / "out", "int8")

    manifest = read_manifest(bundle)
    assert set(content(tmp_path / "out")) == set(fetched_files(manifest, "int8"))
    assert done.fetched_bytes == manifest.variants["int8"].fetch_bytes
    assert sum(r.sent for r in there.asked("GET", "/resolve/|/cdn/")) == manifest.variants["int8"].fetch_bytes
    assert all(content(bundle)[path] == data for path, data in content(tmp_path / "out").items())
    names = [check.name for check in done.checks]
    assert done.ok and "gate parity" in names and sum(name.startswith("self-test int8") for name in names) == 2
    assert done.commit == there.store.repos["models", REPO].refs["heads/main"]


def test_the_portable_variant_is_the_default_and_all_is_all(there: HubServer, bundle: Path, tmp_path: Path) -> None:
    assert pull(REPO, tmp_path / "one").variants == ("int8",)
    assert pull(REPO, tmp_path / "every", "all").variants == ("fp32", "int8")
    assert content(tmp_path / "every") == content(bundle)


def test_the_folder_has_the_name_of_the_repository(
    there: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(tmp_path / "things")
    assert pull(REPO, None).folder == Path("things")
    assert (tmp_path / "things" / "bundle.json").is_file()


def test_tags_branches_and_commits(server: HubServer, bundle: Path, tmp_path: Path) -> None:
    first = publish(bundle, options=Options(tag="v1"))
    (bundle / "NOTICE").write_text("second\n", "utf-8")
    sealed_again(bundle)
    second = publish(bundle)

    assert pull(f"{REPO}@v1", tmp_path / "a").commit == first.commit
    assert pull(REPO, tmp_path / "b").commit == second.commit
    assert pull(f"{REPO}@{first.commit}", tmp_path / "c").commit == first.commit
    with pytest.raises(UsageError, match="no such revision"):
        pull(f"{REPO}@v9", tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_a_second_pull_says_what_differs(server: HubServer, bundle: Path, tmp_path: Path) -> None:
    publish(bundle)
    out = tmp_path / "out"
    assert pull(REPO, out).changes == ()
    assert pull(REPO, out).changes == ()
    (bundle / "NOTICE").write_text("second\n", "utf-8")
    (bundle / "extra.json").write_text("{}", "utf-8")
    sealed_again(bundle)
    publish(bundle)

    assert pull(REPO, out).changes == ("changed: NOTICE", "new: extra.json")
    assert (out / "NOTICE").read_text("utf-8") == "second\n"


def test_another_variant_joins_the_first(there: HubServer, bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pull(REPO, out, "int8")
    there.requests.clear()

    done = pull(REPO, out, "fp32")

    assert {"onnx/model.onnx", "onnx/model_quantized.onnx"} <= set(content(out))
    assert {r.path.split("/")[-1] for r in there.asked("GET", "/resolve/|/cdn/")} == {"model.onnx"}
    assert "onnx/model.onnx" in done.fetched and done.ok


def test_a_damaged_file_of_the_folder_is_put_right(there: HubServer, bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pull(REPO, out)
    (out / "config.json").write_text("{}", "utf-8")

    assert pull(REPO, out).ok
    assert content(out)["config.json"] == content(bundle)["config.json"]


@pytest.mark.parametrize("path", ["onnx/model_quantized.onnx", "tokenizer.json", "selftest.jsonl", "config.json"])
def test_a_changed_file_is_refused_and_not_left_behind(
    there: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    blob = there.store.repos["models", REPO].find("main").files[path]  # type: ignore[union-attr]
    changed = bytes(reversed(blob.data))
    for name in (path, path.split("/")[-1]):
        there.changed[name] = changed

    with pytest.raises(BundleError) as caught:
        pull(REPO, tmp_path / "out")

    assert caught.value.code == "HUB-E072" and path in caught.value.what
    assert not (tmp_path / "out").exists()
    assert not [file for file in (tmp_path / "cache").rglob("*") if file.is_file() and file.read_bytes() == changed]
    there.changed.clear()
    assert pull(REPO, tmp_path / "out").ok


def test_a_card_that_was_edited_on_the_hub_is_taken_and_named(there: HubServer, tmp_path: Path) -> None:
    there.store.add("models", REPO, {"README.md": CARD.encode() + b"\nEdited on the page.\n"})

    done = pull(REPO, tmp_path / "out")

    assert done.ok and b"Edited on the page." in content(tmp_path / "out")["README.md"]
    (card,) = [check for check in done.checks if check.name == "file README.md"]
    assert "changed" in card.detail


def test_a_changed_file_leaves_the_older_bundle_in_place(server: HubServer, bundle: Path, tmp_path: Path) -> None:
    publish(bundle)
    out = tmp_path / "out"
    pull(REPO, out)
    before = content(out)
    (bundle / "config.json").write_text('{"id2label": {}}', "utf-8")
    sealed_again(bundle)
    publish(bundle)
    server.changed["config.json"] = b'{"id2label": []}'

    with pytest.raises(BundleError, match="HUB-E072"):
        pull(REPO, out)

    assert content(out) == before


def test_a_changed_bundle_json_is_no_bundle(there: HubServer, tmp_path: Path) -> None:
    there.changed["bundle.json"] = b"[]"
    with pytest.raises(HubError) as caught:
        pull(REPO, tmp_path / "out")
    assert caught.value.code in ("HUB-E002", "HUB-N040")
    assert not (tmp_path / "out").exists()


def test_a_cut_download_goes_on_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: Path, patience: Patience
) -> None:
    (bundle / "extra.bin").write_bytes(bytes(range(256)) * 48_000)
    sealed_again(bundle)
    with hub(monkeypatch, tmp_path / "cache") as server:
        publish(bundle)
        server.cut("GET", "extra.bin", after=11_000_000)

        done = pull(REPO, tmp_path / "out")

        assert done.ok
        ranges = [request.range for request in server.asked("GET", "extra.bin")]
        assert ranges == ["", f"bytes={10 * 2**20}-"]  # the client writes blocks of 10 MiB
        assert content(tmp_path / "out")["extra.bin"] == content(bundle)["extra.bin"]


def test_an_interrupted_pull_goes_on_with_what_is_missing(
    there: HubServer, bundle: Path, tmp_path: Path, patience: Patience
) -> None:
    there.fail("GET", "/cdn/", 500, times=9)

    with pytest.raises(NetworkError) as caught:
        pull(REPO, tmp_path / "out")

    assert caught.value.code == "HUB-N049" and not (tmp_path / "out").exists()
    got = {request.path.split("/")[-1] for request in there.asked("GET", "/resolve/")}
    there.faults.clear()
    there.requests.clear()
    assert pull(REPO, tmp_path / "out").ok
    again = {request.path.split("/")[-1] for request in there.asked("GET", "/resolve/|/cdn/")}
    assert "model_quantized.onnx" in again and not again & (got - {"model_quantized.onnx"})


def test_rate_limit_of_a_download_is_waited_for(there: HubServer, tmp_path: Path, patience: Patience) -> None:
    said: list[str] = []
    there.fail("GET", "/cdn/", 429, Retry_After="5")

    assert pull(REPO, tmp_path / "out", said=said).ok
    assert patience.seconds == [6.0] and len(said) == 1


def test_offline_with_the_cache_and_without(
    there: HubServer, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull(REPO, tmp_path / "first")
    there.requests.clear()
    go_offline(monkeypatch)

    assert pull(REPO, tmp_path / "second").ok
    assert content(tmp_path / "second") == content(tmp_path / "first")
    with pytest.raises(NetworkError) as caught:
        pull(REPO, tmp_path / "third", "fp32")
    assert caught.value.code == "HUB-N040" and "offline" in caught.value.why
    with pytest.raises(NetworkError, match="offline"):
        pull("acme/others", tmp_path / "fourth")
    assert there.requests == []
    assert not (tmp_path / "third").exists()


def test_a_dead_server_is_an_error_and_the_cache_does(
    there: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: Patience
) -> None:
    pull(REPO, tmp_path / "first")
    there.fail("HEAD", ".", 503, times=99)

    assert pull(REPO, tmp_path / "second").ok


def test_a_server_that_is_not_there_is_named_by_what_went_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, patience: Patience
) -> None:
    with hub(monkeypatch, tmp_path / "cache"):
        pass  # it is closed again

    with pytest.raises(NetworkError) as caught:
        pull(REPO, tmp_path / "out")

    assert caught.value.code == "HUB-N040"
    assert "Errno" in caught.value.why and "cache" not in caught.value.why
    assert len(patience.seconds) == 5


def test_private_repositories_and_wrong_tokens(
    server: HubServer, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(bundle, options=Options(private=True))
    wrong = "hf_" + "wrong" * 8
    for token, code in (("", "HUB-N043"), (wrong, "HUB-N041")):
        point(monkeypatch, server, tmp_path / "nothing", token)
        with pytest.raises(NetworkError) as caught:
            pull(REPO, tmp_path / "out")
        assert caught.value.code == code
        assert wrong not in str(caught.value)
    point(monkeypatch, server, tmp_path / "nothing", TOKEN)
    assert pull(REPO, tmp_path / "out").ok


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize(("status", "token"), [(403, TOKEN), (401, "")])
def test_a_gated_repository_names_the_page_to_ask_for_access(
    there: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, status: int, token: str
) -> None:
    point(monkeypatch, there, tmp_path / "nothing", token)
    there.fail(method, "/resolve/", status, times=99, X_Error_Code="GatedRepo")

    with pytest.raises(NetworkError) as caught:
        pull(REPO, tmp_path / "out")

    assert (caught.value.code, caught.value.exit_code) == ("HUB-N042", 5)
    assert "gated" in caught.value.why
    assert f"ask for access at {there.endpoint}/{REPO};" in caught.value.fix
    assert not (tmp_path / "out").exists()


def test_a_gated_repository_that_is_in_the_cache_is_refused_all_the_same(
    there: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull(REPO, tmp_path / "first")
    there.fail("HEAD", "/resolve/", 403, times=99, X_Error_Code="GatedRepo")

    with pytest.raises(NetworkError, match="HUB-N042"):
        pull(REPO, tmp_path / "second")
    go_offline(monkeypatch)
    assert pull(REPO, tmp_path / "third").ok


def test_nothing_there(server: HubServer, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="no such repository"):
        pull("acme/nothing", tmp_path / "out")
    with pytest.raises(UsageError, match="HUB-N050"):
        pull("nothing", tmp_path / "out")


def test_a_folder_of_somebody_else_is_not_replaced(there: HubServer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("three years", "utf-8")
    with pytest.raises(UsageError, match="HUB-E014"):
        pull(REPO, out)
    assert content(out) == {"thesis.txt": b"three years"}


def test_unknown_variant(there: HubServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'int8'"):
        pull(REPO, tmp_path / "out", "int9")


def test_a_bundle_opens_by_its_id(there: HubServer, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Bundle.open(bundle).probabilities(TEXTS[:4])

    opened = Bundle.open(REPO)
    there.requests.clear()
    again = open_any(f"{REPO}@main")

    assert (opened.probabilities(TEXTS[:4]) == expected).all()
    assert (again.probabilities(TEXTS[:4]) == expected).all()
    assert {request.method for request in there.requests} == {"HEAD"}
    assert set(content(opened.folder)) == set(fetched_files(read_manifest(bundle), "int8"))
    fp32 = Bundle.open(REPO, variant="fp32")
    assert fp32.variant == "fp32" and fp32.folder == opened.folder
    go_offline(monkeypatch)
    assert Bundle.open(REPO).variant == "int8"


def test_a_wrong_path_says_that_there_is_no_such_folder(server: HubServer) -> None:
    with pytest.raises(HubError, match="no folder build/bundel here"):
        Bundle.open("build/bundel")


def test_a_folder_here_is_never_asked_for(
    server: HubServer, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme").mkdir()
    shutil.copytree(bundle, tmp_path / "acme" / "things")
    monkeypatch.chdir(tmp_path)
    assert Bundle.open(REPO).folder == tmp_path / "acme" / "things"
    assert server.requests == []


def test_a_repository_of_another_tool(server: HubServer, bundle: Path, tmp_path: Path) -> None:
    files = {p: d for p, d in content(bundle).items() if not p.endswith((".jsonl", ".html")) and p != "bundle.json"}
    server.store.add("models", "Xenova/things", {**files, "model.py": b"raise SystemExit", "pytorch.bin": b"\x80\x04"})

    done = pull("Xenova/things", tmp_path / "out", "int8")

    assert done.variants == ("model_quantized",)
    assert set(content(tmp_path / "out")) == {
        *("config.json", "tokenizer.json", "tokenizer_config.json", "README.md", "onnx/model_quantized.onnx")
    }
    assert any("file hashes" in sentence for sentence in done.missing)
    assert {check.name for check in done.checks if check.ok} >= {"onnx/model_quantized.onnx: runs"}
    opened = open_any("Xenova/things", variant="model_quantized")
    assert opened.predict([TEXTS[0]])[0].label == "animal"
    assert "nothing of this folder is verified" in opened.warnings[0]


def test_a_repository_without_a_model(server: HubServer, tmp_path: Path) -> None:
    server.store.add("models", "acme/words", {"README.md": b"# Words", "config.json": b"{}"})
    with pytest.raises(BundleError, match="HUB-E018"):
        pull("acme/words", tmp_path / "out")


def test_paths_that_lead_out_are_refused(there: HubServer, bundle: Path, tmp_path: Path) -> None:
    data = (bundle / "bundle.json").read_bytes().replace(b'"config.json"', b'"../config.json"')
    there.store.add("models", "acme/evil", {"bundle.json": data})
    with pytest.raises(HubError, match="HUB-E003"):
        pull("acme/evil", tmp_path / "deep" / "out")
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a/b", ("a/b", "main")), ("a/b@v1.0", ("a/b", "v1.0")), ("a/b@refs/pr/3", ("a/b", "refs/pr/3"))],
)
def test_ids(text: str, expected: tuple[str, str]) -> None:
    assert parse_id(text) == expected


@pytest.mark.parametrize("text", ["a", "a/b/c", "/a/b", "a/b@", "a/../b", "a b/c", "a/b@x..y"])
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(UsageError):
        parse_id(text)
