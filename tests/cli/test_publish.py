"""``hub publish`` and ``hub pull`` as people run them: in processes of their own, with nothing but variables set."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.catalog.schema import parse
from hub.edge.folder import read_manifest
from tests.support.cli import run_hub
from tests.support.distributions import install
from tests.support.hub_client import Patience, child, hub
from tests.support.hub_server.server import TOKEN, HubServer, hub_server
from tests.support.published import content, files_of, publishable, sealed_again

REPO = "acme/things"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publishable(tmp_path_factory.mktemp("cli") / "things")


@pytest.fixture
def bundle(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "things"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    with hub(monkeypatch, tmp_path / "cache", cdn=True) as running:
        yield running


def test_publish_and_pull_in_processes_of_their_own(bundle: Path, tmp_path: Path) -> None:
    with hub_server(cdn=True) as server:
        first = child(server, tmp_path / "home", "publish", str(bundle), REPO, "--yes", "--tag", "v1")
        assert first.returncode == 0, first.stderr
        assert "published: " in first.stdout and "tag: v1" in first.stdout
        assert files_of(server.store, REPO) == content(bundle)

        out = tmp_path / "out"
        second = child(server, tmp_path / "home2", "pull", f"{REPO}@v1", str(out), "--json")
        document = json.loads(second.stdout)
        assert second.returncode == 0 and document["ok"] and document["variants"] == ["int8"]
        assert document["bytes"] == read_manifest(bundle).variants["int8"].fetch_bytes

        away = {"HF_HUB_OFFLINE": "1", "HF_TOKEN": ""}
        asked = len(server.requests)
        third = child(server, tmp_path / "home2", "predict", f"{REPO}@v1", "the old cat and dog", "--json", **away)
        assert third.returncode == 0, third.stderr
        assert json.loads(third.stdout)["label"] == "animal"
        assert len(server.requests) == asked
        for done in (first, second, third):
            assert TOKEN not in done.stdout + done.stderr
        written = [file for folder in ("home", "home2", "out") for file in (tmp_path / folder).rglob("*")]
        assert not [file for file in written if file.is_file() and TOKEN.encode() in file.read_bytes()]


def test_a_server_without_xet_is_a_clear_error(bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("hf_xet", reason="hf_xet is not installed")
    with hub_server() as server:
        done = child(server, tmp_path / "home", "publish", str(bundle), REPO, "--yes", HF_HUB_DISABLE_XET="0")

        assert done.returncode == 4
        assert "HUB-N048" in done.stderr and "set HF_HUB_DISABLE_XET=1" in done.stderr
        assert "Traceback" not in done.stderr and TOKEN not in done.stdout + done.stderr
        assert server.asked("GET", "/xet-write-token/")
        assert files_of(server.store, REPO) == {}


def test_an_older_login_is_found(bundle: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text(TOKEN, "utf-8")
    with hub_server() as server:
        done = child(server, home, "publish", str(bundle), REPO, "--dry-run", HF_TOKEN="")
    assert done.returncode == 0 and "as          tester" in done.stdout


def test_the_plan_is_shown_and_nothing_is_asked_without_a_terminal(server: HubServer, bundle: Path) -> None:
    refused = run_hub("publish", str(bundle), REPO)
    assert refused.code == 2 and "--dry-run, then add --yes" in refused.err
    assert server.requests == []

    shown = run_hub("publish", str(bundle), REPO, "--dry-run", "--private")

    assert shown.code == 0
    for path, data in content(bundle).items():
        assert any(line.split() == [path, str(len(data)), "new"] for line in shown.out.splitlines())
    for words in ("private", "Tiny things; licence apache-2.0", "(will be made)", "nothing was sent"):
        assert words in shown.out
    assert server.store.repos == {}


@pytest.mark.parametrize(("answer", "published"), [("y\n", True), ("n\n", False)])
def test_people_are_asked(
    server: HubServer, bundle: Path, monkeypatch: pytest.MonkeyPatch, answer: str, published: bool
) -> None:
    import io

    stream = io.StringIO(answer)
    stream.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", stream)

    done = run_hub("publish", str(bundle), REPO)

    assert done.code == 0
    assert bool(server.store.repos) is published
    assert ("published: " in done.out) is published


def test_json_of_publish_and_unchanged(server: HubServer, bundle: Path) -> None:
    first = run_hub("publish", str(bundle), REPO, "--yes", "--json").json()
    again = run_hub("publish", str(bundle), REPO, "--yes", "--json").json()

    assert (first["published"], first["unchanged"], first["private"], first["creates"]) == (True, False, False, True)
    assert set(first["uploaded"]) == set(content(bundle))
    assert (again["unchanged"], again["uploaded"], again["upload_bytes"]) == (True, [], 0)
    assert again["commit"] == first["commit"]
    assert "holds this bundle already" in run_hub("publish", str(bundle), REPO, "--yes").out
    (bundle / "NOTICE").write_text("Another notice", "utf-8")
    asked = run_hub("publish", str(bundle), REPO, "--yes", "--create-pr")
    assert "pull request opened, nothing is published before it is merged: " in asked.out
    assert "(1 file)" in run_hub("publish", str(bundle), REPO, "--yes").out


def test_refusals_have_their_exit_codes(server: HubServer, bundle: Path, patience: Patience) -> None:
    (bundle / "config.json").write_text("{}", "utf-8")
    assert run_hub("publish", str(bundle), REPO, "--yes").code == 3
    server.fail("GET", "/api/whoami", 500, times=99)
    sealed_again(bundle)
    assert run_hub("publish", str(bundle), REPO, "--yes").code == 5
    assert run_hub("publish", str(bundle), "a b", "--yes").code == 2
    assert run_hub("publish", str(bundle / "nothing"), REPO, "--yes").code == 3


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    waits = Patience()
    monkeypatch.setattr("time.sleep", waits)
    return waits


def test_a_failed_check_of_a_pull_is_exit_1(server: HubServer, bundle: Path, tmp_path: Path) -> None:
    lines = (bundle / "selftest.jsonl").read_text("utf-8").splitlines()
    row = json.loads(lines[0])
    row["expect"]["int8"] = dict(zip(row["expect"]["int8"], reversed(row["expect"]["int8"].values()), strict=True))
    (bundle / "selftest.jsonl").write_text("\n".join([json.dumps(row), *lines[1:]]) + "\n", "utf-8")
    sealed_again(bundle)
    assert run_hub("publish", str(bundle), REPO, "--yes").code == 0

    done = run_hub("pull", REPO, str(tmp_path / "out"))

    assert done.code == 1 and "FAILED  self-test int8" in done.out
    assert run_hub("pull", REPO, str(tmp_path / "other"), "--no-self-test").code == 0


def test_a_repository_of_another_tool_is_pulled_with_a_note(server: HubServer, bundle: Path, tmp_path: Path) -> None:
    server.store.add("models", "x/y", {p: d for p, d in content(bundle).items() if p != "bundle.json"})
    done = run_hub("pull", "x/y", str(tmp_path / "out"))
    assert "not verified: file hashes" in done.out and "not verified: self-test" in done.out


def test_the_catalogue_gets_an_entry_that_is_found(
    server: HubServer, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = tmp_path / "home" / "registry.json"
    monkeypatch.setenv("DOMAINHUB_HOME", str(catalogue.parent))
    monkeypatch.setenv("HUB_PLUGINS", "")
    manifest = read_manifest(bundle)

    for _ in range(2):  # the second time the entry is replaced
        done = run_hub("publish", str(bundle), REPO, "--yes", "--register", str(catalogue))
        assert done.code == 0 and f"things is in {catalogue}" in done.out

    (entry,) = parse(catalogue.read_bytes(), "it").models
    assert (entry.repo, entry.task, entry.licence, entry.languages) == (REPO, "test/things", "apache-2.0", ("en",))
    assert entry.revision == server.store.repos["models", REPO].refs["heads/main"]
    assert (entry.bytes, entry.variant) == (manifest.variants["int8"].fetch_bytes, "int8")
    assert (entry.metric, entry.score) == ("macro_f1", 1.0)

    def found(*words: str) -> list[str]:
        return [model["name"] for model in run_hub("models", "search", *words, "--json").json()["models"]]

    assert (
        found("things") == found("--task", "test") == found("--task", "test/things", "--max-size", "1MB") == ["things"]
    )
    assert found("--max-size", "1kB") == found("--min-score", "1.01") == found("--task", "other") == []
    assert found("--min-score", "1.0") == ["things"]
    assert run_hub("models", "search").code == 2
    assert run_hub("models", "search", "--max-size", "big").code == 2
    assert REPO in run_hub("models", "show", "things").out


def test_a_wrong_catalogue_stays(server: HubServer, bundle: Path, tmp_path: Path) -> None:
    file = tmp_path / "registry.json"
    file.write_text('{"models": []}', "utf-8")
    assert run_hub("publish", str(bundle), REPO, "--yes", "--register", str(file)).code == 3
    assert file.read_text("utf-8") == '{"models": []}'
    assert run_hub("publish", str(bundle), REPO, "--dry-run", "--register", str(file)).code == 2


def test_redactors_of_plugins_look_too(server: HubServer, bundle: Path) -> None:
    card = (bundle / "README.md").read_text("utf-8")
    sealed_again(bundle, f"{card}\nAs for the patient with MRN: 00998877, see the report.\n")

    done = run_hub("publish", str(bundle), REPO, "--yes")

    assert done.code == 3
    assert "HUB-E064" in done.err and "README.md: medical-record-number" in done.err
    assert "00998877" not in done.err
    assert server.requests == []


def test_a_plugin_that_does_not_load_is_named_and_stops_nothing(
    server: HubServer, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "home"))
    install(site, "hub_broken", "import a_module_that_nobody_has\n", distribution="acme-broken")
    monkeypatch.setenv("HUB_PLUGINS", "acme-broken")

    shown = run_hub("publish", str(bundle), REPO, "--dry-run")
    done = run_hub("publish", str(bundle), REPO, "--yes", "--json")

    assert (shown.code, done.code) == (0, 0)
    (remark,) = [each for each in done.json()["remarks"] if "did not look" in each]
    assert "acme-broken" in remark and "a_module_that_nobody_has" in remark
    assert "did not look" in shown.out


def test_numbers_of_the_self_test_are_counted_together(server: HubServer, bundle: Path) -> None:
    lines = (bundle / "selftest.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for row, number in zip(rows, ("111222333", "123456782", "100000009", "100000010"), strict=False):
        row["text"] = f"{row['text']} {number}"
    (bundle / "selftest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    sealed_again(bundle)

    done = run_hub("publish", str(bundle), REPO, "--yes")

    assert done.code == 3
    assert "row 1 of the self-test: nl-bsn" in done.err
    assert "111222333" not in done.err


def test_what_the_client_logs_stays_off_the_terminal(bundle: Path, tmp_path: Path) -> None:
    with hub_server(cdn=True) as running:
        assert child(running, tmp_path / "home", "publish", str(bundle), REPO, "--yes").returncode == 0
        running.cut("GET", "/cdn/", after=50)
        pulled = child(running, tmp_path / "other", "pull", REPO, str(tmp_path / "out"))

    assert (pulled.returncode, pulled.stderr) == (0, "")  # the address in its warning may be a signed one
    assert len(running.asked("GET", "/cdn/")) == 2
