"""Publishing through the unmodified client of the Hub, against the stand-in."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import BundleError, DataError, GateError, HubError, NetworkError, UsageError
from hub.edge.folder import read_manifest
from hub.edge.schema import MANIFEST
from hub.publish import upload
from hub.publish.failures import plain
from hub.publish.plan import Plan
from hub.publish.upload import Options, Published
from tests.support.hub_client import Patience, hub, point
from tests.support.hub_server.server import READER, TOKEN, HubServer
from tests.support.published import CARD, content, files_of, sealed_again

REPO = "acme/things"


def publish(folder: Path, repo: str = REPO, options: Options | None = None, said: list[str] | None = None) -> Published:
    heard = [] if said is None else said
    return upload.publish(folder, repo, options or Options(), lambda plan: True, heard.append)


def test_first_publish_puts_the_bundle_there_as_it_is(server: HubServer, bundle: Path) -> None:
    done = publish(bundle)

    assert files_of(server.store, REPO) == content(bundle)
    assert done.plan.creates and not done.plan.private and done.plan.user == "tester"
    assert set(done.uploaded) == set(content(bundle))
    assert done.commit == server.store.repos["models", REPO].refs["heads/main"]
    assert len(server.asked("POST", "/commit/")) == 1
    assert all(request.authorized for request in server.requests if not request.path.startswith("/objects"))
    assert not any(request.authorized for request in server.asked("PUT", "/objects"))


def test_a_name_alone_goes_to_the_own_account(server: HubServer, bundle: Path) -> None:
    assert publish(bundle, "things").plan.repo == "tester/things"
    assert ("models", "tester/things") in server.store.repos


def test_unchanged_publish_sends_nothing(server: HubServer, bundle: Path) -> None:
    first = publish(bundle)
    before = len(server.requests)

    again = publish(bundle)

    assert again.done and again.plan.unchanged and again.uploaded == () and again.url == ""
    assert again.commit == first.commit
    assert {request.method for request in server.requests[before:]} == {"GET"}


def test_second_publish_sends_what_changed_and_what_names_it(server: HubServer, bundle: Path) -> None:
    publish(bundle)
    config = json.loads((bundle / "config.json").read_text("utf-8"))
    (bundle / "config.json").write_text(json.dumps({**config, "note": "new"}), "utf-8")
    sealed_again(bundle)
    before = len(server.requests)

    done = publish(bundle)

    assert set(done.uploaded) == {"config.json", MANIFEST}
    assert [r for r in server.requests[before:] if "/lfs/" in r.path or r.method == "PUT"] == []
    assert files_of(server.store, REPO) == content(bundle)


def test_a_changed_model_travels_alone_among_the_large_files(server: HubServer, bundle: Path) -> None:
    publish(bundle)
    model = bundle / "onnx" / "model.onnx"
    shutil.copyfile(bundle / "onnx" / "model_quantized.onnx", model)
    sealed_again(bundle)
    before = len(server.requests)

    done = publish(bundle)

    assert set(done.uploaded) == {"onnx/model.onnx", MANIFEST}
    # The Hub keeps objects by their hash: it has this one already, under the other name.
    assert [r for r in server.requests[before:] if r.method == "PUT"] == []
    assert files_of(server.store, REPO) == content(bundle)


def test_files_of_the_older_bundle_go_and_files_of_others_stay(server: HubServer, bundle: Path) -> None:
    (bundle / "notes.txt").write_text("of this bundle", "utf-8")
    sealed_again(bundle)
    publish(bundle)
    server.store.add("models", REPO, {"weights.safetensors": b"somebody else's"})
    (bundle / "notes.txt").unlink()
    sealed_again(bundle)

    done = publish(bundle)

    assert [file.path for file in done.plan.files if file.state == "removed"] == ["notes.txt"]
    assert any("weights.safetensors" in remark for remark in done.plan.remarks)
    assert set(files_of(server.store, REPO)) == {*content(bundle), "weights.safetensors"}


def test_the_plan_is_shown_before_anything_is_sent(server: HubServer, bundle: Path) -> None:
    seen: list[Plan] = []

    def refuse(plan: Plan) -> bool:
        seen.append(plan)
        assert {request.method for request in server.requests} == {"GET"}
        return False

    done = upload.publish(bundle, REPO, Options(private=True), refuse, print)

    assert not done.done and server.store.repos == {}
    (plan,) = seen
    assert (plan.repo, plan.private, plan.licence, plan.title) == (REPO, True, "apache-2.0", "Tiny things")
    assert {file.path: file.bytes for file in plan.files} == {p: len(data) for p, data in content(bundle).items()}
    assert plan.upload_bytes == sum(map(len, content(bundle).values()))


def test_dry_run_needs_no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: Path) -> None:
    with hub(monkeypatch, tmp_path / "cache", token="") as server:
        done = publish(bundle, options=Options(dry_run=True))
        assert (done.done, done.plan.user, server.store.repos) == (False, "", {})
        assert {request.method for request in server.requests} == {"GET"}


def test_private_revision_and_tag(server: HubServer, bundle: Path) -> None:
    done = publish(bundle, options=Options(private=True, revision="next", tag="v1"))

    repo = server.store.repos["models", REPO]
    assert repo.private and done.tag == "v1"
    assert repo.refs["heads/next"] == repo.refs["tags/v1"] == done.commit != repo.refs["heads/main"]
    assert files_of(server.store, REPO, "main") == {}
    assert publish(bundle, options=Options(revision="next", tag="v1")).plan.unchanged
    with pytest.raises(UsageError, match="nothing was sent") as caught:
        publish(bundle, options=Options(tag="v1"))
    assert caught.value.code == "HUB-N052"
    assert files_of(server.store, REPO, "main") == {}
    with pytest.raises(UsageError, match="HUB-N052"):
        publish(bundle, options=Options(tag="v1", dry_run=True))


def test_pull_request_leaves_the_branch(server: HubServer, bundle: Path) -> None:
    publish(bundle)
    (bundle / "NOTICE").write_text("new\n", "utf-8")
    sealed_again(bundle)
    before = server.store.repos["models", REPO].refs["heads/main"]

    done = publish(bundle, options=Options(create_pr=True))

    repo = server.store.repos["models", REPO]
    assert repo.refs["heads/main"] == before and repo.refs["pr/1"] == done.commit
    assert done.url.endswith("/discussions/1")


def test_a_public_repository_is_not_taken_for_a_private_one(server: HubServer, bundle: Path) -> None:
    publish(bundle)
    with pytest.raises(UsageError, match="is public"):
        publish(bundle, options=Options(private=True))


@pytest.mark.parametrize(("token", "code"), [("hf_" + "wrong" * 8, "HUB-N041"), (READER, "HUB-N042"), ("", "HUB-N041")])
def test_tokens_that_may_not(
    server: HubServer, bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, token: str, code: str
) -> None:
    point(monkeypatch, server, tmp_path / "cache", token)

    with pytest.raises(NetworkError) as caught:
        publish(bundle)

    assert caught.value.code == code
    assert "hf auth login" in caught.value.fix
    assert not token or token not in str(caught.value)
    assert server.store.repos == {}


def test_two_publishers_at_once_do_not_overwrite_each_other(server: HubServer, bundle: Path, tmp_path: Path) -> None:
    publish(bundle)
    ours, theirs = (Path(shutil.copytree(bundle, tmp_path / name)) for name in ("ours", "theirs"))
    for folder, word in ((ours, "ours"), (theirs, "theirs")):
        (folder / "NOTICE").write_text(word, "utf-8")
        sealed_again(folder)

    def meanwhile(plan: Plan) -> bool:
        publish(theirs)
        return True

    with pytest.raises(NetworkError) as caught:
        upload.publish(ours, REPO, Options(), meanwhile, print)

    assert caught.value.code == "HUB-N045"
    assert files_of(server.store, REPO) == content(theirs)
    publish(ours)
    assert files_of(server.store, REPO) == content(ours)


def test_two_first_publishers_of_the_same_bundle_both_succeed(server: HubServer, bundle: Path) -> None:
    ready, done = threading.Barrier(2), []

    def together(plan: Plan) -> bool:
        ready.wait(30)
        return True

    def run() -> None:
        done.append(upload.publish(bundle, REPO, Options(), together, print))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == 2 and all(each.done for each in done)
    assert files_of(server.store, REPO) == content(bundle)


def test_rate_limit_is_waited_for(server: HubServer, bundle: Path, patience: Patience) -> None:
    said: list[str] = []
    server.fail("POST", "/api/repos/create", 429, Retry_After="7")
    server.fail("POST", "/preupload/", 429, Retry_After="11")
    server.fail("POST", "/commit/", 429, Retry_After="13")

    done = publish(bundle, said=said)

    assert done.done and files_of(server.store, REPO) == content(bundle)
    assert patience.seconds == [7.0, 12.0, 13.0]  # the client adds a second to what it is asked for
    assert len(said) == 3 and "7 s" in said[0] and "429" in said[2]


def test_a_limit_that_asks_for_too_long_is_told(server: HubServer, bundle: Path, patience: Patience) -> None:
    server.fail("POST", "/commit/", 429, times=9, Retry_After="86400")
    with pytest.raises(NetworkError, match="86400 s") as caught:
        publish(bundle)
    assert caught.value.code == "HUB-N047" and 86400 not in patience.seconds


@pytest.mark.parametrize("path", ["/api/whoami", "/api/repos/create", "/tree/", "/preupload/", "/lfs/", "/commit/"])
def test_a_failing_hub_is_tried_again(server: HubServer, bundle: Path, patience: Patience, path: str) -> None:
    method = "GET" if path in ("/api/whoami", "/tree/") else "POST"
    server.fail(method, path, 503, times=2)

    publish(bundle)

    assert files_of(server.store, REPO) == content(bundle)
    assert len(server.asked("POST", "/commit/")) == (3 if path == "/commit/" else 1)


def test_a_hub_that_keeps_failing_is_told(server: HubServer, bundle: Path, patience: Patience) -> None:
    server.fail("POST", "/commit/", 500, times=99)
    with pytest.raises(NetworkError) as caught:
        publish(bundle)
    assert caught.value.code == "HUB-N049"


def test_a_commit_whose_answer_is_lost_is_not_sent_twice(server: HubServer, bundle: Path, patience: Patience) -> None:
    server.lose("POST", "/commit/")

    done = publish(bundle)

    assert done.done and files_of(server.store, REPO) == content(bundle)
    assert len(server.asked("POST", "/commit/")) == 1
    assert set(done.uploaded) == set(content(bundle))


def test_an_interrupted_upload_goes_on_with_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: Path, patience: Patience
) -> None:
    large = b"\x00\x01\x02\x03" * 1_000_000
    (bundle / "onnx" / "extra_a.onnx").write_bytes(large)
    (bundle / "onnx" / "extra_b.onnx").write_bytes(large[::-1])
    sealed_again(bundle)
    with hub(monkeypatch, tmp_path / "cache") as server:
        wanted = {path: data for path, data in content(bundle).items() if path.endswith(".onnx")}
        broken = hashlib.sha256(wanted["onnx/extra_b.onnx"]).hexdigest()
        server.cut("PUT", f"/objects/{broken}", after=1_000_000, times=6)

        with pytest.raises(NetworkError) as caught:
            publish(bundle)

        assert caught.value.code == "HUB-N040" and "run it again" in caught.value.fix
        assert files_of(server.store, REPO) == {}
        arrived = set(server.store.objects)
        assert broken not in arrived and arrived
        before = len(server.requests)
        publish(bundle)
        sent = [request.path for request in server.requests[before:] if request.method == "PUT"]
        assert set(sent) == {f"/objects/{oid}" for oid in set(server.store.objects) - arrived}
        assert f"/objects/{broken}" in sent
        assert files_of(server.store, REPO) == content(bundle)


def test_large_objects_go_in_parts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: Path, patience: Patience
) -> None:
    (bundle / "onnx" / "extra.onnx").write_bytes(bytes(range(256)) * 20_000)
    sealed_again(bundle)
    with hub(monkeypatch, tmp_path / "cache", multipart=2_000_000) as server:
        server.cut("PUT", "/parts/.*/2$", after=500_000)

        publish(bundle)

        assert len(server.asked("PUT", "/parts/.*/[123]$")) == 4  # the second one twice
        assert files_of(server.store, REPO) == content(bundle)


def test_the_hub_may_refuse_the_card(server: HubServer, bundle: Path) -> None:
    server.refused_cards.append('"license" must be one of [...]')
    with pytest.raises(DataError, match="must be one of") as caught:
        publish(bundle)
    assert caught.value.code == "HUB-N046"
    assert files_of(server.store, REPO) == {}


def test_a_bundle_that_is_refused_is_never_spoken_of(server: HubServer, bundle: Path) -> None:
    (bundle / "config.json").write_text("{}", "utf-8")
    with pytest.raises(BundleError):
        publish(bundle)
    assert server.requests == []


def test_missed_gates_are_told_in_the_first_lines_of_the_card(server: HubServer, bundle: Path) -> None:
    gates = tuple(dataclasses.replace(gate, passed=False) for gate in read_manifest(bundle).gates)
    sealed_again(bundle, gates=gates)
    with pytest.raises(GateError) as caught:
        publish(bundle)
    assert (caught.value.code, caught.value.exit_code) == ("HUB-G020", 1)

    publish(bundle, options=Options(allow_missed_gates=True))

    card = files_of(server.store, REPO)["README.md"].decode()
    head, body = card.split("\n---\n", 1)
    assert head == CARD.split("\n---\n", 1)[0]
    assert body.lstrip().startswith("> **This model missed gates of its own build: parity.")
    assert (bundle / "README.md").read_text("utf-8") == CARD  # the user's own file stays


@pytest.mark.parametrize("repo", ["acme/a b", "../x", "a/b/c", "acme/..", "-x/y", ""])
def test_names_that_cannot_be(server: HubServer, bundle: Path, repo: str) -> None:
    with pytest.raises(HubError, match="HUB-N051"):
        publish(bundle, repo)
    assert server.requests == []


def test_no_token_is_in_anything_that_is_sent_or_said(
    server: HubServer, bundle: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    with caplog.at_level("DEBUG"):
        done = publish(bundle, said=said)
    printed = capfd.readouterr()
    everything = "".join((printed.out, printed.err, caplog.text, repr(done), *said))
    assert TOKEN not in everything
    assert all(TOKEN.encode() not in data for data in files_of(server.store, REPO).values())


def test_a_dead_server_is_not_taken_for_one_without_xet(
    server: HubServer, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(NetworkError) as caught:
        publish(bundle)
    assert caught.value.code == "HUB-N040" and "HF_ENDPOINT" in caught.value.fix


@given(st.text(max_size=30), st.text(alphabet="abcXYZ019", min_size=3, max_size=40))
def test_nothing_that_looks_like_a_token_is_repeated(words: str, secret: str) -> None:
    assert f"hf_{secret}" not in plain(f"{words} hf_{secret} was refused")
    assert f"hf_{secret}" not in plain(f"Authorization: Bearer hf_{secret}")
