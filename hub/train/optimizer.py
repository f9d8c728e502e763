"""An optimizer over fp32 master weights of a model that may itself be bf16.

Why not transformers' Trainer or accelerate: both train bf16 on a CPU through autocast with fp32
weights, whose casts cost more than the products save; bf16 weights with fp32 masters they do not offer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hub.contract.errors import RunError, UsageError, nearest

if TYPE_CHECKING:
    import torch

_FACTORS = "ia3_"
"""In the names of IA3's factors: vectors around 1 that peft keeps as matrices; decay would draw them to 0."""

OPTIMIZERS = ("adamw", "sgd", "rmsprop", "adafactor")


class MasterOptimizer:
    """An optimizer of PyTorch whose state and weights are fp32, whatever the model's precision.

    Args:
        model: whose parameters are trained.
        learning_rate: peak rate.
        weight_decay: of matrices but embeddings; biases, norms, embeddings and the factors of IA3 have none, so that
            rows of the embedding table that no text uses stay as they are.
        clip_norm: largest gradient norm; 0 does not clip.
        name: one of `OPTIMIZERS`.
        momentum: of ``sgd`` and ``rmsprop``, 0..1.
        rates: factor of the rate by the name of a parameter; 1 for those not named.
        learning: whether a parameter of this name ever learns; by default those with ``requires_grad`` now. One that
            is frozen for a while has no gradient, and is left alone as long.

    Raises:
        UsageError: HUB-R002, unknown optimizer; HUB-T007, every weight is frozen.

    Sources: Loshchilov and Hutter 2019 (arXiv 1711.05101), AdamW; Shazeer and Stern 2018 (arXiv 1804.04235), Adafactor.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        learning_rate: float,
        weight_decay: float,
        clip_norm: float,
        *,
        name: str = "adamw",
        momentum: float = 0.9,
        rates: Mapping[str, float] | None = None,
        learning: Callable[[str], bool] | None = None,
    ) -> None:
        import torch

        chosen = [(key, p) for key, p in model.named_parameters() if (learning(key) if learning else p.requires_grad)]
        if not chosen:
            raise UsageError("HUB-T007", "there is nothing to train", "every weight of the model is frozen")
        tables = _tables(model)
        decayed = [(key, p) for key, p in chosen if p.dim() > 1 and id(p) not in tables and _FACTORS not in key]
        names = {key for key, _ in decayed}
        rest = [(key, p) for key, p in chosen if key not in names]
        named = [*decayed, *rest]
        self._model_weights: list[torch.Tensor] = [p for _, p in named]
        self._copies = any(p.dtype != torch.float32 for p in self._model_weights)
        self.masters: list[torch.Tensor] = (
            [p.detach().float().clone().requires_grad_() for p in self._model_weights]
            if self._copies
            else self._model_weights
        )
        decays = [weight_decay] * len(decayed) + [0.0] * len(rest)
        factors = [(rates or {}).get(key, 1.0) for key, _ in named]
        self.name = name
        self.inner = _make(name, _groups(self.masters, decays, factors, learning_rate), learning_rate, momentum)
        self._clip_norm = clip_norm

    def gather(self) -> None:
        """Add the gradients the model's backward pass left to those of the masters, and clear them.

        `step` does it too; it is called before where several batches make one step, which in bf16 would add up badly.
        """
        if not self._copies:
            return  # the masters are the model's own weights, whose gradients add up by themselves
        for master, weight in zip(self.masters, self._model_weights, strict=True):
            if weight.grad is None:
                continue
            found = weight.grad.float()
            master.grad = found if master.grad is None else master.grad.add_(found)
            weight.grad = None

    def step(self) -> None:
        """Apply the gradients the model's backward pass left, and clear them."""
        import torch

        self.gather()
        if self._clip_norm:
            torch.nn.utils.clip_grad_norm_(self.masters, self._clip_norm)
        self.inner.step()
        self.inner.zero_grad()
        self.push()

    def push(self) -> None:
        """Copy the master weights into the model."""
        import torch

        if self._copies:
            with torch.no_grad():
                torch._foreach_copy_(self._model_weights, self.masters)

    def weights(self) -> list[torch.Tensor]:
        """Return fp32 copies of the master weights."""
        return [master.detach().clone() for master in self.masters]

    def keep_weights(self, kept: Sequence[torch.Tensor] | None) -> Sequence[torch.Tensor]:
        """Return `weights`, in the memory of earlier ones where there are some.

        Args:
            kept: what an earlier call returned; overwritten.
        """
        if kept is None:
            return self.weights()
        for place, master in zip(kept, self.masters, strict=True):
            place.copy_(master.detach())
        return kept

    def set_weights(self, weights: Sequence[torch.Tensor]) -> None:
        """Put fp32 weights into masters and model."""
        import torch

        with torch.no_grad():
            for master, weight in zip(self.masters, weights, strict=True):
                master.copy_(weight)
        self.push()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs: no copies, it is to be written before the next step."""
        masters = [master.detach() for master in self.masters]
        return {"name": self.name, "weights": masters, "inner": self.inner.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        """Continue from `state`.

        Raises:
            RunError: HUB-T011, the state is that of another optimizer.
        """
        if state["name"] != self.name:
            raise RunError(
                "HUB-T011",
                f"a checkpoint of {state['name']} cannot go on with {self.name}",
                "each optimizer remembers something else",
                "go on with the recipe it began with, or remove the run",
            )
        self.set_weights(state["weights"])
        self.inner.load_state_dict(state["inner"])

    def finish(self, model: torch.nn.Module) -> None:
        """Turn the model into fp32 with the master weights."""
        import torch

        weights = self.weights()
        model.float()  # in place: the parameters stay the same objects
        with torch.no_grad():
            for weight, master in zip(self._model_weights, weights, strict=True):
                weight.copy_(master)


def _tables(model: torch.nn.Module) -> set[int]:
    """Return the ids of the weights that are looked up, whatever an architecture calls them."""
    import torch

    kinds = (torch.nn.Embedding, torch.nn.EmbeddingBag)
    return {id(p) for module in model.modules() if isinstance(module, kinds) for p in module.parameters(recurse=False)}


def _groups(
    masters: Sequence[torch.Tensor], decays: Sequence[float], factors: Sequence[float], learning_rate: float
) -> list[dict[str, Any]]:
    """Put weights of equal decay and equal rate into one group, in the order of their first ones."""
    found: dict[tuple[float, float], list[torch.Tensor]] = {}
    for master, decay, factor in zip(masters, decays, factors, strict=True):
        found.setdefault((decay, factor), []).append(master)
    return [
        {"params": weights, "weight_decay": decay, "lr": learning_rate * factor}
        for (decay, factor), weights in found.items()
    ]


def _make(name: str, groups: list[dict[str, Any]], learning_rate: float, momentum: float) -> torch.optim.Optimizer:
    """Return an optimizer of PyTorch; its arguments that no recipe names are those usual for fine-tuning."""
    import torch

    if name == "adamw":
        return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.98), eps=1e-6, fused=True)
    if name == "sgd":
        return torch.optim.SGD(groups, lr=learning_rate, momentum=momentum)
    if name == "rmsprop":
        return torch.optim.RMSprop(groups, lr=learning_rate, momentum=momentum)
    if name == "adafactor":
        return torch.optim.Adafactor(groups, lr=learning_rate)
    raise UsageError("HUB-R002", f"teacher.optimizer cannot be {name!r}", nearest(name, OPTIMIZERS))
