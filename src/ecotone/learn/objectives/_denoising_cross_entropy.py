"""Four bounds of absorbing diffusion with one expectation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import RowRandom
from ecotone.learn.processes._token_process import uniforms

from ._token_loss import TokenLoss, log_true, true

CARD = Card(
    name="DenoisingCrossEntropy",
    summary="Cross-entropy of hidden tokens over the share or the number hidden: the any-order bound.",
    contract="TokenLoss",
    title="Your Absorbing Discrete Diffusion Secretly Models the Conditional Distributions of Clean Data",
    authors=(
        "Ou, Jingyang", "Nie, Shen", "Xue, Kaiwen", "Zhu, Fengqi", "Sun, Jiacheng", "Li, Zhenguo", "Li, Chongxuan",
    ),
    year=2025,
    venue="ICLR",
    link="https://arxiv.org/abs/2406.03736",
)  # fmt: skip

Form = Literal["share", "count", "time", "score"]


@dataclass(frozen=True)
class DenoisingCrossEntropy(TokenLoss):
    r"""Bounds on the negative log-likelihood by a predictor c of hidden tokens, one expectation in four forms.

    ======= ============= ========================================================================================
    form    in the paper  estimate
    ======= ============= ========================================================================================
    share   lambda-DCE    :math:`\tfrac1\lambda\sum_{\text{hidden}} -\log c(x_i)`, each token hidden with
                          probability :math:`\lambda \sim U(0, 1)`
    count   k-DCE, any    :math:`\tfrac lk\sum_{\text{hidden}} -\log c(x_i)`, k of l tokens hidden, k uniform on
            order         1 to l
    time    t-DCE         :math:`\sigma_t/(e^{\bar\sigma_t} - 1)\sum_{\text{hidden}} -\log c(x_i)`, t uniform
    score   t-DSE         the denoising score entropy :math:`\sigma_t\sum_{\text{hidden}}\sum_v s_v - s^*_v\log s_v +
                          s^*_v(\log s^*_v - 1)` of the concrete score :math:`s = c/(e^{\bar\sigma_t} - 1)`
    ======= ============= ========================================================================================

    The last two are those of an :class:`AbsorbingDiffusion`, and leave out times at which less than its margin is
    kept. All weights are in float64: :math:`1/\lambda` has no finite variance, and is stratified over a batch.

    Parameters
    ----------
    form : {"share", "count", "time", "score"}
    antithetic : bool
        The random times, shares or numbers of a batch are evenly spaced from one random offset.

    Raises
    ------
    BadInput
        For another form, or one of time for a process without a total noise.

    References
    ----------
    Ou, Nie, Xue, Zhu, Sun, Li and Li (2025), https://arxiv.org/abs/2406.03736; Hoogeboom, Gritsenko, Bastings, Poole,
    van den Berg and Salimans (2022), https://arxiv.org/abs/2110.02037 (any order); Lou, Meng and Ermon (2024),
    https://arxiv.org/abs/2310.16834 (score entropy)

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import Batch, RowRandom
    >>> from ecotone.learn.processes import AbsorbingDiffusion
    >>> from ecotone.learn.tractable import TokenTable
    >>> exact = TokenTable.random(levels=3, length=4, seed=0)
    >>> x, denoiser = torch.as_tensor(exact.sample(4000, seed=1)), exact.denoiser(AbsorbingDiffusion(3))
    >>> loss = DenoisingCrossEntropy("count")(denoiser, Batch(x, None, None, RowRandom(2, 4000)))
    >>> bool(abs(4 * loss + exact.log_prob(x).mean()) < 0.1)
    True
    """

    form: Form = "share"
    antithetic: bool = True

    def rows(self, denoiser: Any, x0: Tensor, u: Tensor, given: Tensor | None, rng: RowRandom) -> Tensor:
        if self.form not in ("share", "count", "time", "score"):
            raise BadInput(f"form must be share, count, time or score, got {self.form!r}")
        process = denoiser.process
        if self.form in ("time", "score"):
            if not hasattr(process, "total"):
                raise BadInput(f"form {self.form!r} is of AbsorbingDiffusion, got {type(process).__name__}")
            return self._by_time(denoiser, process, x0, given, u, rng)
        length, order = x0.shape[1], uniforms(rng, tuple(x0.shape[1:]))
        if self.form == "share":
            hidden, weight = order < u[:, None], 1 / u
        else:
            count = torch.ceil(u * length).clamp(1, length)
            hidden, weight = order.argsort(1).argsort(1) < count[:, None], length / count
        z = torch.where(hidden, process.mask, x0)
        t = process.time(1 - u)
        return -weight * torch.where(hidden, log_true(denoiser, z, t, given, x0), 0.0).sum(1)

    def _by_time(
        self, denoiser: Any, process: Any, x0: Tensor, given: Tensor | None, t: Tensor, rng: RowRandom
    ) -> Tensor:
        z = process.perturb(x0, t, rng)
        hidden, rate = z == process.mask, process.rate(t)
        if self.form == "time":
            return -rate * torch.where(hidden, log_true(denoiser, z, t, given, x0), 0.0).sum(1)
        score = process.score(denoiser(z, t, given), z, t)
        factor = 1 / torch.expm1(process.total(t))[:, None]
        wanted = score.sum(-1) - factor * torch.log(true(score, x0).clamp(min=1e-300)) + factor * (factor.log() - 1)
        return rate / factor[:, 0] * torch.where(hidden, wanted, 0.0).sum(1)
