"""The diffusion model of 2015: a learned mean and variance for each step back, trained on the likelihood's bound."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Batch, Condition, Implicit, RowRandom, Standardised
from ecotone.learn.arrays import as_weights, rows
from ecotone.learn.networks import MLP, Network
from ecotone.learn.training import Training, train

from ._chain import Chain, bound, clamped, draw, step_loss

CARD = Card(
    name="GaussianDiffusion",
    summary="Diffusion in discrete steps with learned reverse means and variances, trained on the likelihood's bound.",
    contract="Implicit",
    title="Deep Unsupervised Learning using Nonequilibrium Thermodynamics",
    authors=("Sohl-Dickstein, Jascha", "Weiss, Eric A.", "Maheswaranathan, Niru", "Ganguli, Surya"),
    year=2015,
    venue="ICML",
    link="https://arxiv.org/abs/1503.03585",
    row=502,
    claim="On the Swiss roll the bound on the log-likelihood is above a normal distribution's log-likelihood and a "
    "VAE's bound.",
)


class GaussianDiffusion(Standardised, Implicit):
    r"""A chain of T normal steps that destroys the data, and learned normal steps that restore it.

    Forward :math:`q(x_t|x_{t-1}) = N(\sqrt{1-\beta_t}\,x_{t-1}, \beta_t)` with :math:`\beta_t` about
    :math:`1/(T-t+2)`; back

    .. math:: p(x_{t-1}|x_t) = N\big(\sqrt{1-\beta_t}\,x_t + \sqrt{\beta_t}\,m(x_t, t),\
              \operatorname{sigmoid}(\operatorname{logit}\beta_t + h(x_t, t)/\sqrt T)\big)

    for t > 1, with networks m and h; the last step is the forward kernel. Rows are standardised. There is no density,
    only a lower bound on its logarithm (:meth:`bound`).

    Parameters
    ----------
    network : Network
        One is built for m and one for h.
    steps : int
        T.
    training : Training

    Attributes
    ----------
    kernel_ : nn.Module
        ``(x_t, t, given) -> mean, variance``.

    References
    ----------
    Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli (2015), https://arxiv.org/abs/1503.03585

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import GaussianDiffusion, Training, networks
    >>> x = np.random.default_rng(0).normal(size=(200, 2)) @ [[1, 0.5], [0, 1]]
    >>> settings = Training(steps=20, eval_every=10)
    >>> model = GaussianDiffusion(networks.MLP(width=16, depth=1), steps=30, training=settings).fit(x)
    >>> model.sample(3, seed=0).shape, model.bound(x[:4]).shape
    ((3, 2), (4,))
    >>> model.inpaint(2, [1.5, np.nan], seed=0)[:, 0].tolist()  # the first number known, the second drawn
    [1.5, 1.5]
    """

    def __init__(self, network: Network = MLP(), *, steps: int = 1000, training: Training = Training()) -> None:
        self.network, self.steps, self.training = network, steps, training

    def fit(self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> GaussianDiffusion:
        """Train on rows ``X`` ``(n, ...)``; ``given`` and ``sample_weight`` have one entry a row."""
        x, _ = rows(X, "X")
        weight = as_weights(sample_weight, len(x))
        self.torch_ = isinstance(X, Tensor)
        self._standardise(x)
        encoded = self._learn_condition(given, len(x))
        self._build(tuple(x.shape[1:]))
        self.history_ = train(
            self.kernel_, _loss, self._encode(x), given=encoded, weight=weight, training=self.training
        )
        self.shape_ = tuple(x.shape[1:])
        return self

    def _build(self, shape: tuple[int, ...]) -> None:
        width = 0 if self.condition_ is None else self.condition_.width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.training.seed)
            parts = [self.network.build(shape, width) for _ in range(2)]
        self.kernel_ = Kernel(Chain.of(self.steps), parts[0], parts[1], self.condition_)

    def _device(self) -> torch.device:
        return next(self.kernel_.parameters()).device

    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        return self._decode(draw(self.kernel_, self.kernel_.chain, rng, self.shape_, given))

    def bound(self, x: Any, *, given: Any = None, draws: int = 1, seed: int = 0) -> Any:
        """(n,) estimates of a lower bound on the log-density of rows, in nats: the mean over ``draws`` of the noise."""
        self._fitted()
        tensor, back = rows(x, "x", self.shape_)
        encoded, z = self._given(given, len(tensor)), self._encode(tensor).double().to(self._device())
        with torch.no_grad():
            found = [bound(self.kernel_, self.kernel_.chain, z, given=encoded, seed=seed + i) for i in range(draws)]
        return back(torch.stack(found).mean(0) + self._log_volume(self.shape_).to(z))

    def inpaint(self, n: int, value: Any, *, noise: float = 0.0, given: Any = None, seed: int | None = None) -> Any:
        r"""Draw rows near ``value`` where it is known.

        Each step back is multiplied by :math:`r(x) = N(x; \text{value}, \text{noise}^2)`, or held at the value where
        ``noise`` is 0. That takes r as slowly varying: an approximation of the conditional distribution, not the
        distribution.

        Parameters
        ----------
        n : int
        value : array of one row's shape
            NaN where it is not known.
        noise : float
            In the units of the data.
        """
        self._fitted()
        known = torch.as_tensor(np.asarray(value, dtype=np.float64))
        if tuple(known.shape) != self.shape_ or noise < 0:
            raise BadInput(
                f"value must be one row {self.shape_} and noise >= 0, got {tuple(known.shape)} and {noise!r}"
            )
        hold = clamped(self._encode(known), noise / self.scale_)
        found = self._draw(
            n, given, seed, 8192,
            lambda rng, c: self._decode(draw(self.kernel_, self.kernel_.chain, rng, self.shape_, c, hold=hold)),
        )  # fmt: skip
        if noise == 0:
            place = torch.isfinite(known)
            found[:, place if self.torch_ else place.numpy()] = known[place].to(found) if self.torch_ else known[place]
        return found

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        learned = {f"kernel.{k}": v for k, v in self.kernel_.state_dict().items()}
        return body | {"history": self.history_}, tensors | learned | {"centre": self.centre_, "scale": self.scale_}

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self.history_, self.centre_, self.scale_ = body["history"], tensors["centre"], tensors["scale"]
        self._build(self.shape_)
        state = {k.removeprefix("kernel."): v for k, v in tensors.items() if k.startswith("kernel.")}
        self.kernel_.to(next(v.dtype for v in state.values())).load_state_dict(state)
        self.kernel_.eval()


class Kernel(nn.Module):
    """Mean and variance of each step back."""

    def __init__(self, chain: Chain, mean: nn.Module, spread: nn.Module, condition: Condition | None) -> None:
        super().__init__()
        self.chain, self.mean, self.spread, self.condition = chain, mean, spread, condition

    def forward(self, x: Tensor, t: Tensor, given: Tensor | None = None) -> tuple[Tensor, Tensor]:
        kind = next(self.parameters()).dtype
        condition = None if self.condition is None else self.condition.vector(given, len(x), x).to(kind)
        beta, time = self.chain.beta_at(t, x), self.chain.time(t.to(x.device)).to(kind).expand(len(x))
        m, h = (net(x.to(kind), time, condition).to(x.dtype) for net in (self.mean, self.spread))
        level = torch.logit(beta) + h / math.sqrt(self.chain.steps)
        return torch.sqrt(1 - beta) * x + torch.sqrt(beta) * m, torch.sigmoid(level)


def _loss(kernel: Kernel, batch: Batch) -> Tensor:
    """The divergences' part of the negative bound, a number of a row, at one t a row."""
    found = step_loss(kernel, kernel.chain, batch.x, batch.rng, batch.given)
    return (found if batch.weight is None else found * batch.weight.to(found)).mean()
