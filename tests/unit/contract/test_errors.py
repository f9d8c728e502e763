from __future__ import annotations

import pickle

import pytest

from hub.contract import errors
from hub.contract.errors import HubError, nearest


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("GateError", 1),
        ("UsageError", 2),
        ("RunError", 2),
        ("DataError", 3),
        ("BundleError", 3),
        ("CheckpointError", 3),
        ("MissingError", 4),
        ("NetworkError", 5),
        ("HubError", 2),
    ],
)
def test_every_error_has_its_exit_code(kind: str, code: int) -> None:
    error = getattr(errors, kind)("HUB-U000", "it happened")

    assert isinstance(error, HubError)
    assert error.exit_code == code


def test_every_error_of_the_module_is_listed_above() -> None:
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, HubError)}

    assert kinds == {
        "HubError", "GateError", "UsageError", "RunError", "DataError", "BundleError", "CheckpointError",
        "MissingError", "NetworkError",
    }  # fmt: skip


def test_text_has_a_line_for_each_part_that_is_known() -> None:
    assert str(HubError("HUB-D003", "no rows")) == "HUB-D003: no rows"
    assert str(HubError("HUB-D003", "no rows", "the file is empty", "add rows")).splitlines() == [
        "HUB-D003: no rows",
        "  why: the file is empty",
        "  fix: add rows",
    ]
    assert "why" not in str(HubError("HUB-D003", "no rows", fix="add rows"))


def test_errors_cross_process_borders() -> None:
    error = errors.DataError("HUB-D003", "no rows", "why", "fix")

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is errors.DataError
    assert str(copy) == str(error)


def test_near_names_are_suggested_nearest_first() -> None:
    assert nearest("macro_f2", ["accuracy", "macro_f1", "micro_f1"]).startswith("did you mean 'macro_f1'")
    assert nearest("quik", ["quick", "standard"]) == "did you mean 'quick'?"


def test_without_a_near_name_the_known_ones_are_listed() -> None:
    assert nearest("zzz", ["b", "a", "b"]) == "known: a, b"
    assert nearest("zzz", []) == ""


def test_a_long_list_is_cut() -> None:
    found = nearest("?", [f"n{i:02}" for i in range(13)])

    assert found.endswith("n11, ...")
    assert "n12" not in found
    assert nearest("?", [f"n{i:02}" for i in range(12)]).endswith("n11")
