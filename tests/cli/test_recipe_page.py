"""A recipe as a page of YAML loads back, whatever is in it."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cli.recipes import changed, page_of
from hub.contract.recipe import Recipe, from_mapping


@given(
    st.lists(
        st.sampled_from(
            [
                *("teacher.epochs=7", "strategy.name=lora", "strategy.targets=query,value", "loss.gamma=3.5"),
                *("data.separator= ", "data.missing=?,n/a", "gates.parity=1e-7", "seed=0"),
                "summary=a: # 'b' \u2028 ü",
            ]
        ),
        unique=True,
    )
)
@settings(max_examples=40, deadline=None)
def test_every_recipe_page_loads_back(chosen: list[str]) -> None:
    recipe = Recipe().with_settings(chosen)

    for text in (page_of(recipe.to_mapping()), yaml.safe_dump(changed(recipe.to_mapping()))):
        assert from_mapping(yaml.safe_load(text)) == recipe
