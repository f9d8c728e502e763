from __future__ import annotations

import dataclasses

from hub.contract.results import BuildResult, FoldsResult
from hub.edge.schema import read, to_json
from hub.report.page import page_text
from tests.support.results import build_result

FOLDS = FoldsResult(3, (0.51, 0.62, 0.73), 0.62, 0.11, (0.6, 0.6, 0.6), 1234)


def test_the_report_says_how_good_teachers_were_on_rows_they_have_not_seen() -> None:
    page = page_text(dataclasses.replace(build_result(), folds=(FOLDS,)))

    for part in ("3 further teachers", "1,234 training rows", "0.620 on average", "0.110", "0.510, 0.620, 0.730"):
        assert part in page


def test_without_folds_nothing_is_said_and_nothing_written() -> None:
    result = build_result()

    assert "further teachers" not in page_text(result)
    assert "folds" not in to_json(result)
    assert read(BuildResult, to_json(dataclasses.replace(result, folds=(FOLDS,)))).folds == (FOLDS,)
