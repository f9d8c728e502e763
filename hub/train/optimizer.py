"""AdamW over fp32 master weights of a model that may itself be bf16.

Why not transformers' Trainer or accelerate: both train bf16 on a CPU through autocast with fp32
weights, whose casts cost more than the products save; bf16 weights with fp32 masters they do not offer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


class MasterAdamW:
    """AdamW whose state and weights are fp32, whatever the model's precision.

    Args:
        model: parameters with ``requires_grad`` are trained.
        learning_rate: peak rate.
        weight_decay: of matrices but embeddings; biases, norms and embeddings have none, so that rows
            of the embedding table that no text uses stay as they are.
        clip_norm: largest gradient norm; 0 does not clip.
    """

    def __init__(self, model: torch.nn.Module, learning_rate: float, weight_decay: float, clip_norm: float) -> None:
        import torch

        named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        decayed = [p for name, p in named if p.dim() > 1 and "embeddings" not in name]
        ids = {id(p) for p in decayed}
        rest = [p for _, p in named if id(p) not in ids]
        self._model_weights: list[torch.Tensor] = [*decayed, *rest]
        self._copies = any(p.dtype != torch.float32 for p in self._model_weights)
        self.masters: list[torch.Tensor] = (
            [p.detach().float().clone().requires_grad_() for p in self._model_weights]
            if self._copies
            else self._model_weights
        )
        groups = [
            {"params": self.masters[: len(decayed)], "weight_decay": weight_decay},
            {"params": self.masters[len(decayed) :], "weight_decay": 0.0},
        ]
        self.adamw = torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.98), eps=1e-6, fused=True)
        self._clip_norm = clip_norm

    def step(self) -> None:
        """Apply the gradients the model's backward pass left, and clear them."""
        import torch

        if self._copies:
            for master, weight in zip(self.masters, self._model_weights, strict=True):
                master.grad = None if weight.grad is None else weight.grad.float()
                weight.grad = None
        if self._clip_norm:
            torch.nn.utils.clip_grad_norm_(self.masters, self._clip_norm)
        self.adamw.step()
        self.adamw.zero_grad()
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

    def set_weights(self, weights: list[torch.Tensor]) -> None:
        """Put fp32 weights into masters and model."""
        import torch

        with torch.no_grad():
            for master, weight in zip(self.masters, weights, strict=True):
                master.copy_(weight)
        self.push()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs."""
        return {"weights": self.weights(), "adamw": self.adamw.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.set_weights(state["weights"])
        self.adamw.load_state_dict(state["adamw"])

    def finish(self, model: torch.nn.Module) -> None:
        """Turn the model into fp32 with the master weights."""
        import torch

        weights = self.weights()
        model.float()  # in place: the parameters stay the same objects
        with torch.no_grad():
            for weight, master in zip(self._model_weights, weights, strict=True):
                weight.copy_(master)
