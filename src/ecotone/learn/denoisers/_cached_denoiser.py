"""A denoiser that answers from memory where a row is as it was."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ecotone.learn import Prediction


class CachedDenoiser:
    """Runs a denoiser that does not depend on time for the rows that changed since its last call only.

    For a sampler's run over one population: rows are told apart by their place. The answers are the ones that the
    denoiser gave, so that samples are the same, by fewer evaluations.

    Parameters
    ----------
    denoiser : Denoiser
        Whose prediction does not depend on ``t``.

    Attributes
    ----------
    evaluations : int
        Rows evaluated so far.
    asked : int
        Rows asked for so far.

    References
    ----------
    Ou, Nie, Xue, Zhu, Sun, Li and Li (2025), https://arxiv.org/abs/2406.03736, section 3.3

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn.processes import AbsorbingDiffusion
    >>> from ecotone.learn.tractable import TokenTable
    >>> denoiser = CachedDenoiser(TokenTable.random(levels=2, length=3, seed=0).denoiser(AbsorbingDiffusion(2)))
    >>> _ = denoiser(torch.tensor([[2, 2, 2], [2, 0, 2]]), 0.9)
    >>> _ = denoiser(torch.tensor([[2, 2, 2], [1, 0, 2]]), 0.8)
    >>> denoiser.evaluations, denoiser.asked
    (3, 4)
    """

    def __init__(self, denoiser: Any) -> None:
        self.denoiser, self.shape = denoiser, denoiser.shape
        self.evaluations = self.asked = 0
        self._rows: Tensor | None = None
        self._given: Tensor | None = None
        self._found: Tensor | None = None

    def __call__(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        """The prediction for rows at any ``t``."""
        changed = self._changed(x_t, given)
        self.asked, self.evaluations = self.asked + len(x_t), self.evaluations + len(changed)
        if len(changed):
            time = t if not isinstance(t, Tensor) or t.ndim == 0 else t[changed]
            new = self.denoiser(x_t[changed], time, None if given is None else given[changed]).x0
            if self._found is None or len(changed) == len(x_t):
                self._found = new
            else:
                self._found = self._found.index_copy(0, changed, new)
        self._rows, self._given = x_t.clone(), given
        assert self._found is not None
        return Prediction(self._found)

    def _changed(self, x_t: Tensor, given: Tensor | None) -> Tensor:
        same = self._rows is not None and self._rows.shape == x_t.shape and self._given is given
        if not same:
            self._found = None
            return torch.arange(len(x_t), device=x_t.device)
        assert self._rows is not None
        return (x_t != self._rows).flatten(1).any(1).nonzero()[:, 0]
