"""A network over tokens as a denoiser."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ecotone.learn import Condition, Prediction
from ecotone.learn.processes import TokenProcess


class TokenDenoiser(nn.Module):
    """A network's logits ``(n, length, levels)`` as the probabilities of clean tokens.

    The mask is no level, so that no probability is ever given to it.

    Parameters
    ----------
    network : nn.Module
        ``forward(x, time, given)`` on tokens ``0..levels``.
    process : TokenProcess
    length : int
        Tokens in one row.
    condition : Condition, optional

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn.networks import TokenTransformer
    >>> from ecotone.learn.processes import MaskedDiffusion
    >>> network = TokenTransformer(width=16, depth=1, heads=2).build((5, 3))
    >>> denoiser = TokenDenoiser(network, MaskedDiffusion(3), 5)
    >>> denoiser(torch.full((2, 5), 3), 0.5).x0.shape
    torch.Size([2, 5, 3])
    """

    def __init__(
        self, network: nn.Module, process: TokenProcess, length: int, *, condition: Condition | None = None
    ) -> None:
        super().__init__()
        self.network, self.process, self.shape = network, process, (length,)
        self.condition = condition

    def forward(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        """The prediction for rows ``(n, length)`` at ``t``."""
        like = next(self.network.parameters())
        conditioned = None if self.condition is None else self.condition.vector(given, len(x_t), like)
        time = torch.as_tensor(t, dtype=like.dtype, device=x_t.device).expand(len(x_t))
        return Prediction(torch.softmax(self.network(x_t, time, conditioned), dim=-1))
