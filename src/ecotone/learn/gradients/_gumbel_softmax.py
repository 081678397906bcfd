"""Gumbel-softmax: categorical draws that gradients pass through."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import RowRandom

CARD = Card(
    name="gumbel_softmax",
    summary="Categorical draws relaxed to the simplex, so that gradients reach their logits.",
    contract="Gradient",
    title="Categorical Reparameterization with Gumbel-Softmax",
    authors=("Jang, Eric", "Gu, Shixiang", "Poole, Ben"),
    year=2017,
    venue="ICLR",
    link="https://arxiv.org/abs/1611.01144",
    row=473,
    tier="experimental",
    claim="A categorical VAE trained with relaxed draws has a higher bound, on exact draws, than one trained with the "
    "score function and a baseline, or with plain straight-through draws.",
)


def gumbel_softmax(
    logits: Tensor, temperature: float, *, rng: RowRandom | int | None = None, hard: bool = False
) -> Tensor:  # fmt: skip
    r"""Draw :math:`y = \mathrm{softmax}((\text{logits} + g)/\tau)`, g standard Gumbel.

    The position of the largest entry is an exact draw from :math:`\mathrm{softmax}(\text{logits})` at every
    temperature. As :math:`\tau \to 0` the mean gradient of a bounded continuous function of y tends to that of its
    mean over exact draws, and its variance grows like :math:`1/\tau`. With ``hard`` the result is that exact draw,
    one-hot, while gradients are those of y (straight-through): biased at every temperature, unless the function is
    linear or quadratic and :math:`\tau \to 0`.

    Parameters
    ----------
    logits : (n, ..., k) Tensor
        Need not be normalised.
    temperature : float
        :math:`\tau > 0`; lowered during training, or fixed (1 and 0.5 are common).
    rng : RowRandom of n rows, or a seed
        In a loss, ``batch.rng``.
    hard : bool

    Returns
    -------
    (n, ..., k) Tensor
        On the simplex, in the dtype of ``logits``; the noise is drawn in float64.

    Raises
    ------
    BadInput
        For a temperature that is not above 0, or logits that are no rows of at least two levels.

    References
    ----------
    Jang, Gu and Poole (2017), https://arxiv.org/abs/1611.01144; Maddison, Mnih and Teh (2017),
    https://arxiv.org/abs/1611.00712

    Examples
    --------
    >>> import torch
    >>> logits = torch.log(torch.tensor([[0.7, 0.2, 0.1]])).expand(4000, -1).requires_grad_()
    >>> y = gumbel_softmax(logits, 0.5, rng=0, hard=True)
    >>> [round(share, 1) for share in y.mean(0).tolist()]
    [0.7, 0.2, 0.1]
    >>> (y @ torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    >>> logits.grad.shape
    torch.Size([4000, 3])
    """
    if not temperature > 0:
        raise BadInput(f"temperature must be above 0, got {temperature!r}; small ones need many draws")
    if logits.ndim < 2 or logits.shape[-1] < 2:
        raise BadInput(f"logits must be rows (n, ..., k) with k >= 2 levels, got shape {tuple(logits.shape)}")
    draws = rng if isinstance(rng, RowRandom) else RowRandom(rng, len(logits), device=logits.device)
    noise = draws.gumbel(tuple(logits.shape[1:])).to(logits)
    soft = torch.softmax((logits + noise) / temperature, dim=-1)
    if not hard:
        return soft
    one_hot = torch.zeros_like(soft).scatter_(-1, soft.argmax(-1, keepdim=True), 1.0)
    return one_hot + (soft - soft.detach())  # in this order the value is exactly 0 or 1


def gumbel_softmax_log_prob(y: Tensor, logits: Tensor, temperature: float) -> Tensor:
    r"""Log-density of a relaxed draw, for a bound that is strict on the simplex.

    .. math:: p(y) = (k-1)!\,\tau^{k-1} \Bigl(\sum_i \pi_i y_i^{-\tau}\Bigr)^{-k} \prod_i \pi_i\, y_i^{-\tau-1}

    with respect to Lebesgue measure on the first k - 1 entries.

    Parameters
    ----------
    y : (..., k) Tensor
        Inside the simplex.
    logits : (..., k) Tensor
    temperature : float

    Returns
    -------
    (...) Tensor

    Examples
    --------
    >>> import torch
    >>> y = torch.full((1, 3), 1 / 3)
    >>> round(float(gumbel_softmax_log_prob(y, torch.zeros(1, 3), 1.0).exp()), 4)  # uniform on the triangle
    2.0
    """
    k = logits.shape[-1]
    log_pi, log_y = torch.log_softmax(logits, -1), torch.log(y)
    spread = torch.logsumexp(log_pi - temperature * log_y, dim=-1)
    own = (log_pi - (temperature + 1) * log_y).sum(-1)
    return math.lgamma(k) + (k - 1) * math.log(temperature) - k * spread + own
