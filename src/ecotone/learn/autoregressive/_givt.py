"""GIVT: a transformer over real-valued tokens, each with a mixture of normal distributions given those before it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Density, Likelihood, RowRandom
from ecotone.learn.training import Training

from ._causal_transformer import CausalTransformer, Kept

CARD = Card(
    name="GIVT",
    summary="Transformer over real-valued tokens with a normal mixture for each: exact density, samples in turn.",
    contract="Distribution",
    title="GIVT: Generative Infinite-Vocabulary Transformers",
    authors=("Tschannen, Michael", "Eastwood, Cian", "Mentzer, Fabian"),
    year=2024,
    venue="ECCV",
    link="https://arxiv.org/abs/2312.02116",
    row=178,
    claim="Sequences that were held out are more likely than under an equal transformer over the codes of a quantiser.",
)


class GIVT(Likelihood):
    r"""A causal transformer whose head gives each real-valued token a mixture of normal laws.

    .. math:: p(x) = \prod_t \sum_{j \le k} \pi_{tj}\, N(x_t; m_{tj}, \mathrm{diag}\, s_{tj}^2), \quad
        \pi_t, m_t, s_t \text{ functions of } x_{<t}

    Tokens enter by a linear map; the head gives k logits, means and raw scales r a token, with :math:`s =
    \max\bigl(\tfrac12 (r + \sqrt{r^2 + 4}),\, \text{floor}\bigr)`. Its weights start at 0 and its means at scattered
    points, since equal components would stay equal. A condition is added to the first input.

    Rows are sequences ``(length, d)``, such as the latents of an autoencoder, on one scale for each of the d numbers;
    or vectors, whose columns are tokens with one number each. One causal model with diagonal covariance: the masked
    variant, the full covariance of a single component and classifier-free guidance are not part of this class.

    Parameters
    ----------
    components : int
        k.
    width, depth, heads : int
        Of the transformer.
    floor : float
        Smallest standard deviation, in those of the data; without one, repeated values have unbounded density. The
        authors' is 1e-6.
    training : Training

    References
    ----------
    Tschannen, Eastwood and Mentzer (2024), https://arxiv.org/abs/2312.02116

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import GIVT, Training
    >>> x = np.cumsum(np.random.default_rng(0).normal(size=(200, 5, 2)), axis=1)
    >>> model = GIVT(components=2, width=16, depth=1, heads=2, training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.sample(3, seed=0, temperature=0.9).shape, model.log_prob(x[:4]).shape
    ((3, 5, 2), (4,))
    """

    density_: _Tokens

    def __init__(
        self,
        components: int = 16,
        *,
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        floor: float = 1e-3,
        training: Training = Training(),
    ) -> None:
        self.components, self.width, self.depth, self.heads = components, width, depth, heads
        self.floor, self.training = floor, training

    def _module(self, shape: tuple[int, ...], width: int) -> Density:
        if min(self.components, self.depth, self.heads) < 1 or self.width % self.heads or not self.floor > 0:
            raise BadInput(
                "GIVT needs components, depth and heads >= 1, a width that heads divides and floor > 0, got "
                f"{self.components}, {self.depth}, {self.heads}, {self.width} and {self.floor}"
            )
        if len(shape) > 2:
            raise BadInput(f"GIVT takes sequences (length, d) or vectors, got rows of shape {shape}; reshape them")
        return _Tokens(shape, width, self)

    def _standardise(self, x: Tensor, std: float = 1.0) -> None:
        super()._standardise(x if x.ndim != 3 else x.reshape(-1, x.shape[2]), std)

    def sample(
        self,
        n: int,
        *,
        given: Any = None,
        seed: int | None = None,
        batch_size: int = 8192,
        temperature: float = 1.0,
    ) -> Any:
        """As :meth:`Generator.sample`, with all standard deviations times ``temperature``.

        Below 1 samples vary less and stay closer to the means; they are then not of the distribution that ``log_prob``
        states.
        """
        if not temperature >= 0:
            raise BadInput(f"temperature must be at least 0, got {temperature!r}")

        def draw(rng: RowRandom, conditioned: Tensor | None) -> Tensor:
            return self._decode(self.density_.draw(rng, self._told_or_drawn(rng, conditioned), temperature).double())

        return self._draw(n, given, seed, batch_size, draw)


class _Tokens(Density):
    """Rows ``(length,)`` or ``(length, d)``, standardised."""

    def __init__(self, shape: tuple[int, ...], conditioned: int, of: GIVT) -> None:
        super().__init__()
        self.shape, self.length, self.size = shape, shape[0], shape[1] if len(shape) == 2 else 1
        self.components, self.floor = of.components, of.floor
        self.start = nn.Parameter(0.02 * torch.randn(of.width))
        self.conditioned = nn.Linear(conditioned, of.width) if conditioned else None
        self.enter = nn.Linear(self.size, of.width)
        self.place = nn.Parameter(0.02 * torch.randn(self.length, of.width))
        self.trunk = CausalTransformer(of.width, of.depth, of.heads)
        self.head = nn.Linear(of.width, of.components * (1 + 2 * self.size))
        nn.init.zeros_(self.head.weight)
        with torch.no_grad():
            logits, mean, raw = self._parts(self.head.bias)
            for part in (logits, raw):
                part.zero_()
            mean.normal_()

    def _parts(self, out: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits ``(..., k)``, means and raw scales ``(..., k, d)``: views of the head's output."""
        k, d = self.components, self.size
        logits, mean, raw = out.split([k, k * d, k * d], dim=-1)
        return logits, mean.unflatten(-1, (k, d)), raw.unflatten(-1, (k, d))

    def _mixture(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, mean, raw = self._parts(self.head(h))
        # (r + sqrt(r^2 + 4)) / 2 in the form that loses no digits where r is far below 0
        scale = torch.exp(torch.asinh(raw / 2)).clamp(min=self.floor)
        return torch.log_softmax(logits, dim=-1), mean, scale

    def _first(self, n: int, c: Tensor | None) -> Tensor:
        first = self.start.expand(n, -1)
        return first if c is None or self.conditioned is None else first + self.conditioned(c)

    def log_prob(self, z: Tensor, c: Tensor | None) -> Tensor:
        x = z.reshape(len(z), self.length, self.size)
        entered = torch.cat([self._first(len(z), c)[:, None], self.enter(x[:, :-1])], dim=1)
        weight, mean, scale = self._mixture(self.trunk(entered + self.place))
        u = (x[:, :, None] - mean) / scale
        each = (-0.5 * (u**2 + math.log(2 * math.pi)) - torch.log(scale)).sum(-1)
        return torch.logsumexp(weight + each, dim=-1).sum(-1)

    def draw(self, rng: RowRandom, c: Tensor | None, temperature: float = 1.0) -> Tensor:
        kept: Kept = []
        entered, drawn = self._first(len(rng), c), []
        for t in range(self.length):
            weight, mean, scale = self._mixture(self.trunk((entered + self.place[t])[:, None], kept)[:, 0])
            at = rng.categorical(weight)[:, None, None].expand(-1, 1, self.size)
            noise = temperature * rng.normal((self.size,)).to(mean)
            token = mean.gather(1, at)[:, 0] + scale.gather(1, at)[:, 0] * noise
            drawn.append(token)
            entered = self.enter(token)
        return torch.stack(drawn, dim=1).reshape(len(rng), *self.shape)
