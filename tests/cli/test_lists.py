"""Golden output of the commands that list what is installed."""

from __future__ import annotations

from textwrap import dedent

import pytest
import yaml

from hub.contract.recipe import Recipe, from_mapping, leaf_keys
from tests.support.cli import run_hub

pytestmark = pytest.mark.usefixtures("made_up_plugins")


def page(text: str) -> str:
    return dedent(text).lstrip("\n")


def test_tasks() -> None:
    result = run_hub("tasks")

    assert result.code == 0
    assert result.out == page(
        """
        task             kind                 labels  recipes      plugin        summary
        support/tickets  text-classification       3  quick, long  acme-support  Which team a ticket goes to.
        """
    )
    assert result.err == "acme-broken is quarantined; see: hub plugins list\n"


def test_tasks_json() -> None:
    result = run_hub("tasks", "--json")

    assert result.err == ""
    assert result.json() == {
        "tasks": [
            {
                "id": "support/tickets",
                "kind": "text-classification",
                "summary": "Which team a ticket goes to.",
                "plugin": "acme-support",
                "labels": 3,
                "sources": ["packaged"],
                "recipes": ["quick", "long"],
                "metrics": ["macro_f1", "accuracy"],
                "slices": ["new"],
            }
        ]
    }


def test_domains() -> None:
    assert run_hub("domains").out == page(
        """
        domain   tasks  plugin        summary
        support      1  acme-support  Support desk.
        """
    )


def test_domains_json() -> None:
    assert run_hub("domains", "--json").json() == {
        "domains": [
            {"name": "support", "summary": "Support desk.", "plugin": "acme-support", "tasks": ["support/tickets"]}
        ]
    }


def test_plugins_list() -> None:
    result = run_hub("plugins", "list")

    assert result.code == 0
    assert result.out == page(
        """
        plugin        distribution  version  contract  state        supplies
        broken_one    acme-broken   0.3                quarantined
        support_desk  acme-support  1.2      1.0       active       support/tickets

        acme-broken 0.3 (broken_one) is quarantined at import:
          it cannot be imported: ModuleNotFoundError: {what} (site/broken_one.py:1 in <module>)
        """
    ).format(what="No module named 'a_module_that_nobody_has'")


def test_plugins_list_json() -> None:
    broken, working = run_hub("plugins", "list", "--json").json()["plugins"]

    assert working == {
        "name": "support_desk",
        "distribution": "acme-support",
        "version": "1.2",
        "contract": "1.0",
        "state": "active",
        "cause": None,
        "tasks": ["support/tickets"],
        "exporters": [],
        "redactors": [],
        "commands": [],
        "listens": False,
    }
    assert (broken["name"], broken["state"], broken["tasks"]) == ("broken_one", "quarantined", [])
    assert broken["cause"] == {
        "stage": "import",
        "reason": "import-failed",
        "error": "ModuleNotFoundError",
        "message": "No module named 'a_module_that_nobody_has'",
        "frame": "site/broken_one.py:1 in <module>",
    }


@pytest.mark.parametrize("words", [["recipes"], ["recipes", "list"], ["recipes", "list", "support/tickets"]])
def test_recipes_list(words: list[str]) -> None:
    assert run_hub(*words).out == page(
        """
        recipe  task             summary
        quick   support/tickets  Minutes.
        long    support/tickets  Hours.
        """
    )


@pytest.mark.parametrize("words", [["--json"], ["list", "--json"], ["--json", "list"]])
def test_recipes_list_json(words: list[str]) -> None:
    assert run_hub("recipes", *words).json() == {
        "recipes": [
            {"name": "quick", "task": "support/tickets", "summary": "Minutes."},
            {"name": "long", "task": "support/tickets", "summary": "Hours."},
        ]
    }


def test_recipe_page_reads_back_as_the_recipe() -> None:
    result = run_hub("recipes", "show", "long")

    assert result.code == 0
    assert from_mapping(yaml.safe_load(result.out)) == Recipe(name="long", summary="Hours.", max_length=32)
    assert result.out.startswith("name: long\nsummary: Hours.\nbase: packaged\n")


def test_recipe_page_has_parts_at_their_defaults_as_comments() -> None:
    page = run_hub("recipes", "show", "long").out

    assert "# strategy: {name: full," in page
    assert "\nstrategy:" not in page
    assert max(map(len, page.splitlines())) <= 100
    keys = leaf_keys(Recipe)
    assert all(key.rpartition(".")[2] in page for key in keys)


def test_recipe_page_in_full_and_as_a_difference() -> None:
    full, diff = run_hub("recipes", "show", "long", "--all"), run_hub("recipes", "show", "long", "--diff")

    assert yaml.safe_load(full.out) == Recipe(name="long", summary="Hours.", max_length=32).to_mapping()
    assert yaml.safe_load(diff.out) == {"name": "long", "summary": "Hours.", "max_length": 32}
    assert run_hub("recipes", "show", "long", "--diff", "--json").json()["recipe"] == yaml.safe_load(diff.out)
    both = run_hub("recipes", "show", "long", "--diff", "--all")
    assert (both.code, both.err.split(":")[0]) == (2, "HUB-U092")


def test_recipe_json() -> None:
    document = run_hub("recipes", "show", "quick", "--task", "support/tickets", "--json").json()

    assert document["tasks"] == ["support/tickets"]
    assert from_mapping(document["recipe"]) == Recipe(name="quick", summary="Minutes.")


def test_unknown_recipe_names_the_nearest() -> None:
    result = run_hub("recipes", "show", "quik")

    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("HUB-U002: there is no recipe 'quik'\n  why: did you mean 'quick'?\n")


@pytest.mark.parametrize("words", [["list", "support/ticket"], ["show", "quick", "--task", "support/ticket"]])
def test_unknown_task_names_the_nearest(words: list[str]) -> None:
    result = run_hub("recipes", *words)

    assert result.code == 2
    assert "HUB-U001: there is no task 'support/ticket'\n  why: did you mean 'support/tickets'?" in result.err
