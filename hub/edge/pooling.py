"""One vector a text from a graph that gives one a token, as other tools export encoders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError

if TYPE_CHECKING:
    from hub.contract.exporter import Runtime

TOKEN_OUTPUTS = ("last_hidden_state", "token_embeddings")
"""Names of outputs [batch, length, hidden] in the exports of optimum and of sentence-transformers."""

MASK = "attention_mask"


class PooledRuntime:
    """Runs a graph of token vectors and gives one vector of unit length a text.

    Source of the mean over the mask: Reimers and Gurevych 2019, section 3; as sentence-transformers computes it.

    Args:
        runtime: gives float32 [batch, length, hidden].
        first: take the first token's vector in place of the mean.
    """

    def __init__(self, runtime: Runtime, first: bool = False) -> None:
        self._runtime = runtime
        self._first = first

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs of the graph, and the mask."""
        return tuple(dict.fromkeys((*self._runtime.inputs, MASK)))

    def run(self, feeds: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Return float32 [batch, hidden].

        Args:
            feeds: of the graph, and the mask, int64 [batch, length].

        Raises:
            BundleError: HUB-E010, the graph gives no vectors of tokens.
        """
        tokens = self._runtime.run({name: feeds[name] for name in self._runtime.inputs})
        mask = feeds[MASK].astype(np.float32)[..., None]
        if tokens.ndim != 3 or tokens.shape[:2] != mask.shape[:2]:
            raise BundleError(
                "HUB-E010", f"the graph gave vectors of shape {list(tokens.shape)}", "one a token is needed"
            )
        if self._first:
            found = tokens[np.arange(len(tokens)), feeds[MASK].argmax(axis=1)]
        else:
            found = (tokens * mask).sum(axis=1) / np.maximum(mask.sum(axis=1), 1.0)
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12), dtype=np.float32)
