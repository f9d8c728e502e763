from __future__ import annotations

import random

from hub.contract import resolve
from hub.pipeline.stages.refusals import check_training
from hub_manufacturing.examples import work_orders
from hub_manufacturing.phrases import SHORT_FORMS, shorten
from hub_manufacturing.tasks import WORK_ORDER_SYSTEM


def test_short_forms_are_exchanged() -> None:
    assert shorten("hydraulic", random.Random(0)) == "hyd"
    assert shorten("Brg", random.Random(0)) == "bearing"
    assert shorten("brgs", random.Random(0)) == "brgs"
    assert len({short for short, _ in SHORT_FORMS}) == len({long for _, long in SHORT_FORMS}) == len(SHORT_FORMS)
    assert all(len(short) < len(long) for short, long in SHORT_FORMS)


def test_the_task_offers_them() -> None:
    (offered,) = WORK_ORDER_SYSTEM.augment
    check_training(WORK_ORDER_SYSTEM, WORK_ORDER_SYSTEM.recipes[0].with_settings([f"teacher.augment={offered.name}"]))

    texts = [(text, resolve(offered.function)(text, random.Random(1))) for text in work_orders()]

    assert all(after.strip() for _, after in texts)
    assert sum(before != after for before, after in texts) >= 5
