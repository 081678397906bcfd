"""A classifier from a conditional diffusion model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats
from ecotone.learn import RowRandom
from ecotone.learn.arrays import rows

CARD = Card(
    name="diffusion_classifier",
    summary="Class of a row by which condition denoises it best.",
    contract="Predictor",
    title="Your Diffusion Model is Secretly a Zero-Shot Classifier",
    authors=("Li, Alexander C.", "Prabhudesai, Mihir", "Duggal, Shivam", "Brown, Ellis", "Pathak, Deepak"),
    year=2023,
    venue="ICCV",
    link="https://arxiv.org/abs/2303.16203",
    row=213,
    reads=("rows", "denoiser"),
    claim="At equal evaluations the same noise for all classes classifies digits more accurately than noise of each "
    "class's own.",
)

Weighting = Literal["likelihood", "uniform"]


def diffusion_classifier(
    model: Any,
    *,
    levels: int = 32,
    ratios: tuple[float, float] | None = None,
    weighting: Weighting = "likelihood",
    norm: Literal["l2", "l1"] = "l2",
    prior: Sequence[float] | None = None,
    keep: Sequence[tuple[int, int]] = (),
    seed: int = 0,
) -> DiffusionClassifier:
    r"""Classify by how well each class's denoiser predicts the noise in a row.

    With :math:`\lambda` the log of the signal-to-noise ratio,

    .. math:: -\log p(x | c) = \text{const} + \tfrac12 \int
              E\,\lVert z - \hat z(x_\lambda, \lambda, c)\rVert^2\,d\lambda ,

    so that the sum over an even grid of :math:`\lambda`, times half its step, gives the exact posterior in the limit of
    many levels and of an exact denoiser. Noise and levels are the same for every class and every row: differences
    between classes have a far smaller variance than their errors, and a row's answer does not depend on the others.
    ``"uniform"`` is the paper's: levels at even times and the plain mean over them and over dimensions, whose argmin
    classifies as well but whose softmax is no posterior.

    Parameters
    ----------
    model : fitted generator with a conditional ``denoiser_``
        Such as ``EDM().fit(x, given=y)`` with labels.
    levels : int
        Evaluations a class, unless it is dropped before.
    ratios : (float, float), optional
        Smallest and largest noise-to-signal ratio, on the denoiser's scale, whose data have standard deviation 0.5; by
        default 0.01 and 50, within the process's own range.
    weighting : {"likelihood", "uniform"}
    norm : {"l2", "l1"}
        Of the error; ``"l1"``, the authors' choice for some image sets, is for ``predict``.
    prior : sequence of float, optional
        Probability of each class, in the order of ``classes_``; by default even.
    keep : sequence of (int, int)
        Stages ``(n, k)``: after n levels in all, spread evenly, only the k best classes of each row go on. Dropped
        classes have fewer terms, so that no probabilities can be given.
    seed : int

    Returns
    -------
    DiffusionClassifier
        With ``predict``, ``predict_proba`` and ``classes_``.

    Raises
    ------
    BadInput
        For a model without classes, or settings out of range.

    References
    ----------
    Li, Prabhudesai, Duggal, Brown and Pathak (2023), https://arxiv.org/abs/2303.16203; the likelihood:
    Guo, Shamai and Verdu (2005), https://doi.org/10.1109/TIT.2005.844072

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import EDM, Training, networks
    >>> y = np.arange(200) % 2
    >>> x = np.random.default_rng(0).normal(size=(200, 2)) + 8 * y[:, None]
    >>> training = Training(steps=200, eval_every=100, device="cpu", learning_rate=3e-3, ema=0.9)
    >>> model = EDM(networks.MLP(width=16, depth=1), training=training).fit(x, given=y)
    >>> diffusion_classifier(model).predict([[0.0, 0.0], [8.0, 8.0]]).tolist()
    [0, 1]
    """
    condition = getattr(model, "condition_", None)
    if not hasattr(model, "denoiser_") or condition is None or condition.levels is None:
        raise BadInput(
            f"a {type(model).__name__} without classes can not classify; fit a diffusion model with labels as given="
        )
    n = len(condition.levels)
    weight = np.full(n, 1 / n) if prior is None else np.asarray(prior, dtype=np.float64)
    if weight.shape != (n,) or not (weight > 0).all() or not np.isfinite(weight).all():
        raise BadInput(f"prior must be {n} positive numbers, one for each class, got {prior!r}")
    if levels < 1 or weighting not in ("likelihood", "uniform") or norm not in ("l2", "l1"):
        raise BadInput(
            "levels must be at least 1, weighting likelihood or uniform and norm l2 or l1, got "
            f"{levels!r}, {weighting!r} and {norm!r}"
        )
    stages = [*((int(a), int(b)) for a, b in keep), (levels, 1)]
    if any(not 0 < a[0] < b[0] or not n >= a[1] >= b[1] >= 1 for a, b in pairwise(stages)):
        raise BadInput(f"keep must have rising numbers of levels below {levels} and falling numbers of classes: {keep}")
    return DiffusionClassifier(model, levels, ratios, weighting, norm, weight / weight.sum(), stages, seed)


class DiffusionClassifier:
    """What :func:`diffusion_classifier` returns."""

    def __init__(
        self, model: Any, levels: int, ratios: tuple[float, float] | None, weighting: Weighting, norm: str,
        prior: Floats, stages: list[tuple[int, int]], seed: int,
    ) -> None:  # fmt: skip
        self.model, self.norm, self.weighting, self.prior = model, norm, weighting, prior
        self.classes_ = np.asarray(model.condition_.levels)
        self._stages, process = stages, model.process
        ends = process.ratio(torch.tensor([max(process.t_min, 1e-5), process.t_max], dtype=torch.float64))
        low, high = ratios or (max(0.01, float(ends[0])), min(50.0, float(ends[1])))
        if not 0 < low < high:
            raise BadInput(f"ratios must be 0 < smallest < largest, got {(low, high)}")
        even = (torch.arange(levels, dtype=torch.float64) + 0.5) / levels
        if weighting == "likelihood":
            self._times = process.time(torch.exp(np.log(low) + even * np.log(high / low)))
            self._step = float(np.log(high / low)) / levels  # half the step in the log of the squared ratio
        else:
            t_low, t_high = process.time(torch.tensor([low, high], dtype=torch.float64))
            self._times, self._step = t_low + even * (t_high - t_low), 1 / (levels * np.prod(model.shape_))
        z = RowRandom(seed, (levels + 1) // 2).normal(model.shape_)
        self._noise = torch.stack([z, -z], 1).flatten(0, 1)  # neighbours are antithetic: what is linear in it cancels
        place = [sum(((i >> b) & 1) / 2 ** (b + 1) for b in range(levels.bit_length())) for i in range(2 * levels)]
        self._order = list(dict.fromkeys(int(p * levels) for p in place))  # every beginning is spread over all levels

    def predict_proba(self, X: Any) -> Floats:
        """(n, k) posterior of each class, in the order of ``classes_``; ``BadInput`` where classes are dropped."""
        if len(self._stages) > 1:
            raise BadInput("dropped classes have no comparable probability; use predict, or leave keep out")
        error, _ = self._errors(X)
        log = torch.log(torch.as_tensor(self.prior)) - self._step * error
        return np.asarray(torch.softmax(log, 1).numpy(), dtype=np.float64)

    def predict(self, X: Any) -> np.ndarray:
        """(n,) the likeliest label of each row."""
        error, alive = self._errors(X)
        log = torch.log(torch.as_tensor(self.prior)) - self._step * error
        return np.asarray(self.classes_[log.masked_fill(~alive, -torch.inf).argmax(1).numpy()])

    def _errors(self, X: Any) -> tuple[Tensor, Tensor]:
        """(n, k) summed errors, and which classes were kept."""
        x, _ = rows(X, "X", self.model.shape_)
        z = self.model._encode(x.detach().double())
        total = torch.zeros(len(z), len(self.classes_), dtype=torch.float64)
        alive = torch.ones_like(total, dtype=torch.bool)
        done = 0
        for upto, kept in self._stages:
            for level in self._order[done:upto]:
                self._add(total, alive, z, level)
            done = upto
            if upto < len(self._times):
                worse = total.masked_fill(~alive, torch.inf).argsort(1)[:, kept:]
                alive.scatter_(1, worse, torch.zeros_like(worse, dtype=torch.bool))
        return total, alive

    def _add(self, total: Tensor, alive: Tensor, z: Tensor, level: int) -> None:
        process, t, noise = self.model.process, float(self._times[level]), self._noise[level]
        alpha, sigma = process.coefficients(t, z)
        x_t = alpha * z + sigma * noise
        row, label = alive.nonzero().T
        for at in torch.arange(len(row)).split(8192):
            some = x_t[row[at]]
            with torch.no_grad():
                found = process.noise(self.model.denoiser_(some, t, label[at]), some, t)
            gap = (found - noise).double().flatten(1)
            total[row[at], label[at]] += gap.abs().sum(1) if self.norm == "l1" else gap.square().sum(1)
