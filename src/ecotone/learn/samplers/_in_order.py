"""Tokens drawn one after another in a fixed order, and the density of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Denoiser, Hook, Population, RowRandom
from ecotone.learn.processes import MaskingProcess
from ecotone.learn.processes._token_process import draw

CARD = Card(
    name="InOrder",
    summary="Hidden tokens uncovered one after another in a fixed order: samples and their exact likelihood.",
    contract="TokenSampler",
    title="A Deep and Tractable Density Estimator",
    authors=("Uria, Benigno", "Murray, Iain", "Larochelle, Hugo"),
    year=2014,
    venue="ICML",
    link="https://arxiv.org/abs/1310.1757",
    reads=("denoiser",),
)


@dataclass(frozen=True)
class InOrder:
    r"""A predictor of hidden tokens as an autoregressive model in the order :math:`\pi`.

    .. math:: \log p_\pi(x) = \sum_k \log c\bigl(x_{\pi_k} \mid x_{\pi_1}, \dots, x_{\pi_{k-1}}\bigr)

    is a normalised density with respect to counting measure, and that of what :meth:`sample` draws. Another order is
    another distribution, unless the predictor's conditionals agree with one joint distribution.

    Parameters
    ----------
    order : tuple of int, optional
        :math:`\pi`, each place once; by default from left to right.

    Raises
    ------
    BadInput
        On use, for an order that is not one of the denoiser's places.

    References
    ----------
    Uria, Murray and Larochelle (2014), https://arxiv.org/abs/1310.1757

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import TokenTable
    >>> from ecotone.learn.processes import MaskedDiffusion
    >>> exact, process = TokenTable.random(levels=3, length=4, seed=0), MaskedDiffusion(3)
    >>> x = InOrder((3, 0, 2, 1)).sample(exact.denoiser(process), process, 5, seed=0)
    >>> found = InOrder((3, 0, 2, 1)).log_prob(exact.denoiser(process), process, x)
    >>> torch.allclose(found, exact.log_prob(x))
    True
    """

    order: tuple[int, ...] | None = None

    def sample(
        self,
        denoiser: Denoiser,
        process: MaskingProcess,
        n: int | RowRandom,
        schedule: Any = None,
        *,
        given: Tensor | None = None,
        hooks: Sequence[Hook] = (),
        seed: int | None = None,
    ) -> Tensor:
        """(n, length) int64 tokens, one evaluation each; ``schedule`` is ignored, as the order takes its place."""
        rng = RowRandom(seed, n) if isinstance(n, int) else n
        places, x = self.places(denoiser.shape[0]), process.prior(rng, denoiser.shape)
        found = Population(x, torch.zeros(len(x), dtype=torch.float64, device=x.device), 1.0, 0, len(places))
        for k, i in enumerate(places):
            t = self._time(process, k, len(places))
            x = found.x.clone()
            x[:, i] = draw(denoiser(found.x, t, given).x0[:, i], rng)
            t = self._time(process, k + 1, len(places))
            found = Population(x, found.log_weight, t, k + 1, len(places))
            for hook in hooks:
                found = hook(found) or found
        return found.x

    def log_prob(
        self, denoiser: Denoiser, process: MaskingProcess, x: Tensor, *, given: Tensor | None = None
    ) -> Tensor:
        """(n,) float64 log-probability of rows of tokens, in nats; as many evaluations as tokens."""
        places = self.places(denoiser.shape[0])
        z, total = torch.full_like(x, process.mask), torch.zeros(len(x), dtype=torch.float64, device=x.device)
        for k, i in enumerate(places):
            distribution = denoiser(z, self._time(process, k, len(places)), given).x0[:, i].double()
            here = torch.gather(distribution, 1, x[:, i : i + 1])[:, 0] / distribution.sum(1)
            total = total + torch.log(here)
            z = z.clone()
            z[:, i] = x[:, i]
        return total

    def places(self, length: int) -> tuple[int, ...]:
        """The order, checked."""
        order = tuple(range(length)) if self.order is None else tuple(self.order)
        if sorted(order) != list(range(length)):
            raise BadInput(f"order must have each of the {length} places 0 to {length - 1} once, got {order[:12]}")
        return order

    def _time(self, process: MaskingProcess, k: int, length: int) -> float:
        """When k of the tokens are uncovered, about."""
        return float(process.time(torch.tensor(k / length, dtype=torch.float64)))
