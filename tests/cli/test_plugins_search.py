"""``hub plugins search`` and ``hub models``: golden output over a catalogue of known content."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from hub.catalog.registry import FILE
from tests.support.cli import run_hub
from tests.support.distributions import install

WHEEL = {"version": "1.0", "file": "acme_law-1.0-py3-none-any.whl", "sha256": "0" * 64}


def plugin(name: str, **more: Any) -> dict[str, Any]:
    values = {"distribution": f"acme-{name}", "name": name, "summary": f"Tasks of {name}.", "contract": "1.0"}
    return {**values, "published": False, "domains": [name], "tasks": [f"{name}/topic"], "wheels": [], **more}


def base(name: str, **more: Any) -> dict[str, Any]:
    values = {"name": name, "model": f"acme/{name}", "summary": "Small.", "licence": "mit", "languages": ["en"]}
    sizes = {"parameters": 4_400_000, "fp32_bytes": 17_600_000, "layers": 2, "hidden": 128, "max_tokens": 512}
    return {**values, **sizes, "tokenizer": "WordPiece", **more}


CATALOGUE = {
    "schema": 1,
    "plugins": [plugin("law", published=True, wheels=[WHEEL]), plugin("tax"), plugin("water", summary="Like law.")],
    "exporters": [],
    "base_models": [base("tiny"), base("wide", languages=["de", "en", "fr", "it"], revision="b" * 40)],
    "models": [
        {
            "name": "law-topics",
            "repo": "acme/law-topics",
            "revision": "c" * 40,
            "task": "law/topic",
            "summary": "Topics of clauses.",
            "licence": "apache-2.0",
            "languages": ["en"],
            "bytes": 8_340_000,
        }
    ],
}


@pytest.fixture(autouse=True)
def _catalogue(no_plugins: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / FILE).write_text(json.dumps(CATALOGUE), "utf-8")
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    install(site, "tax", "raise RuntimeError('imported')\n", distribution="acme-tax", version="0.4")


def page(text: str) -> str:
    return dedent(text).lstrip("\n")


def test_search_without_words() -> None:
    result = run_hub("plugins", "search")

    assert result.code == 0
    assert result.out == page(
        """
        plugin  distribution  state              summary
        law     acme-law      to install         Tasks of law.
        tax     acme-tax      0.4 installed      Tasks of tax.
        water   acme-water    not published yet  Like law.
        """
    )


def test_search_ranks_names_first() -> None:
    result = run_hub("plugins", "search", "law")

    assert [line.split()[0] for line in result.out.splitlines()[1:]] == ["law", "water"]


def test_search_json() -> None:
    assert run_hub("plugins", "search", "tax", "--json").json() == {
        "plugins": [
            {
                "distribution": "acme-tax",
                "name": "tax",
                "summary": "Tasks of tax.",
                "contract": "1.0",
                "published": False,
                "path": "",
                "domains": ["tax"],
                "tasks": ["tax/topic"],
                "formats": [],
                "wheels": [],
                "installed": "0.4",
            }
        ]
    }


@pytest.mark.parametrize("command", ["plugins", "models"])
def test_nothing_found(command: str) -> None:
    result = run_hub(command, "search", "astro", "logy")

    assert result.code == 0
    assert result.out.startswith("the catalogue has nothing for 'astro logy'; see: hub ")
    assert result.err == ""


def test_nothing_found_json() -> None:
    assert run_hub("plugins", "search", "astrology", "--json").json() == {"plugins": []}
    assert run_hub("models", "search", "astrology", "--json").json() == {"base_models": [], "models": []}


def test_models_list() -> None:
    assert run_hub("models", "list").out == page(
        """
        base model  M params  fp32 MB  layers  width  languages    licence  model
        tiny             4.4       18       2    128  en           mit      acme/tiny
        wide             4.4       18       2    128  4 languages  mit      acme/wide

        published model  task        MB  score  metric  languages  licence     repo
        law-topics       law/topic  8.3                 en         apache-2.0  acme/law-topics
        """
    )


def test_models_list_says_that_none_is_published(tmp_path: Path) -> None:
    (tmp_path / "home" / FILE).write_text(json.dumps({**CATALOGUE, "models": []}), "utf-8")

    assert run_hub("models", "list").out.endswith("acme/wide\nno models are published yet\n")


@pytest.mark.parametrize("words", [["german"], ["it"], ["wide"], ["languages", "x"], ["law-topics"]])
def test_models_search(words: list[str]) -> None:
    document = run_hub("models", "search", *words, "--json").json()
    found = [entry["name"] for entry in (*document["base_models"], *document["models"])]

    assert found == {"german": ["wide"], "it": ["wide"], "wide": ["wide"], "law-topics": ["law-topics"]}.get(
        words[0], []
    )


def test_models_search_shows_only_the_tables_it_needs() -> None:
    assert "base model" not in run_hub("models", "search", "law").out
    assert "published" not in run_hub("models", "search", "tiny").out


def test_models_show() -> None:
    assert run_hub("models", "show", "wide").out == page(
        f"""
        kind        base model
        base        acme/wide@{"b" * 40}
        name        wide
        model       acme/wide
        summary     Small.
        licence     mit
        languages   de, en, fr, it
        parameters  4,400,000
        fp32 bytes  17,600,000
        layers      2
        hidden      128
        max tokens  512
        tokenizer   WordPiece
        revision    {"b" * 40}
        """
    )


def test_models_show_json() -> None:
    assert run_hub("models", "show", "acme/law-topics", "--json").json() == {
        "kind": "published model",
        **CATALOGUE["models"][0],  # type: ignore[index, dict-item]
        "variant": "",
        "metric": "",
        "score": None,  # entries of older catalogues have none
    }


def test_unknown_model() -> None:
    result = run_hub("models", "show", "wid")

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("HUB-P052: the catalogue has no model 'wid'\n  why: did you mean 'wide'")
