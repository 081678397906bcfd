"""Which kind of doubt: outside the data, between classes, or among the known mistakes."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ecotone.cards import Card
from ecotone.contracts import BadInput, Explanation, Floats, Ints, check_same_columns

from ._given import classes_of, labels_of, latents_of, predicted_of
from ._kernel_cells import KernelCells, best_bandwidth

CARD = Card(
    name="ConfusionDensityMatrix",
    summary="Tells rows outside the data, between classes and among known mistakes apart by densities of outcomes.",
    contract="Categories",
    title="What is Flagged in Uncertainty Quantification? Latent Density Models for Uncertainty Categorization",
    authors=("Sun, Hao", "van Breugel, Boris", "Crabbé, Jonathan", "Seedat, Nabeel", "van der Schaar, Mihaela"),
    year=2023,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2207.05161",
    row=147,
    reads=("features", "labels", "logits"),
    remedy_for=("outliers", "unsure"),
    advice="Collect rows like those outside, defer those between classes, and mend the model where it is known to err.",
    tier="experimental",
    claim="Of rows that three uncertainty scores flag it tells those outside, at a boundary and in a misclassified "
    "region apart better than the pair of thresholds on the entropy that is best on held-out rows.",
)


class Doubt(NamedTuple):
    """Logarithms of the three scores of rows, ``(n,)`` each; larger is more doubtful."""

    ood: Floats
    bnd: Floats
    idm: Floats


class ConfusionDensityMatrix:
    r"""Confusion density matrix of a classifier's latents.

    With a normal kernel :math:`\kappa` of width h, the density of the reference is
    :math:`p(x) = \frac1n \sum_i \kappa(g(x), g(x_i))`, and that of a cell of held-out rows with true class a and
    predicted class b is :math:`P_{ab}(x)`, the mean of the kernel over the :math:`n_{ab}` rows of the cell (0 for an
    empty one). A row that is predicted as c has

    .. math:: T_\text{OOD} = \frac1{p(x)}, \qquad T_\text{Bnd} = \sum_{a \ne c} P_{aa}(x), \qquad
              T_\text{IDM} = \sum_{a \ne c} P_{ac}(x),

    kept as logarithms. It is ``OOD`` where its density is below that of every row of the reference; of the others it is
    ``Bnd`` or ``IDM`` where that score is above its threshold, ``B&I`` where both are, and ``Other`` where none is.

    A cell has weight 1 whatever its size, so that :math:`\sum_b n_{ab} P_{ab} / n_{a\cdot}`, not :math:`\sum_b P_{ab}`,
    is the density of class a; a cell of one row is a single kernel. One lone row of the reference sets the lowest
    density for all: drop such rows first.

    Parameters
    ----------
    bandwidth : float, optional
        h, in the latents' unit, the same in all directions; by default that of the highest leave-one-out likelihood of
        the reference. Scale latents of different units first.
    leave_one_out : bool
        Leave a row's own kernel out of its density where thresholds are taken. The paper keeps it in, which lifts the
        lowest density of the reference above what new rows of the same distribution reach: more of them come out as
        OOD.
    thresholds : {"held_out", "transductive"}
        Of Bnd and IDM: the quantile of the scores of held-out rows, so that a row's category depends on that row alone;
        or, as in the paper's experiments, of all rows that are given to ``categorise``.
    share : float, optional
        Share of rows above each of these thresholds; by default the held-out rows' share of wrong predictions.

    Attributes
    ----------
    bandwidth_, share_, ood_threshold_, bnd_threshold_, idm_threshold_ : float
        Thresholds of logarithms.
    sizes_ : (classes, classes) array
        :math:`n_{ab}`.

    References
    ----------
    Sun, van Breugel, Crabbé, Seedat and van der Schaar (2023), https://arxiv.org/abs/2207.05161

    Examples
    --------
    >>> g = np.random.default_rng(0)
    >>> y = g.integers(0, 2, 400)
    >>> z = g.normal(size=(400, 2)) + 4 * y[:, None]
    >>> seen = (z.sum(1) > 4).astype(int)
    >>> matrix = ConfusionDensityMatrix(share=0.1).fit(z[:200], z[200:], y[200:], seen[200:])
    >>> matrix.categorise([[2.0, 2.1], [30.0, 0.0]], [1, 1]).tolist()
    ['Bnd', 'OOD']
    """

    def __init__(
        self,
        bandwidth: float | None = None,
        leave_one_out: bool = True,
        thresholds: Literal["held_out", "transductive"] = "held_out",
        share: float | None = None,
    ) -> None:
        self.bandwidth = bandwidth
        self.leave_one_out = leave_one_out
        self.thresholds = thresholds
        self.share = share

    def fit(self, reference: Any, held_out: Any, labels: Any = None, predictions: Any = None) -> ConfusionDensityMatrix:
        """Learn densities and thresholds.

        Parameters
        ----------
        reference : (n, d) array or Activations
            Latents of rows that the classifier was trained on; of activations the features.
        held_out : (m, d) array or Activations
            Of rows that it was not trained on.
        labels, predictions : (m,) arrays of class positions, optional
            Of the held-out rows; of activations the labels and the largest logits.

        Raises
        ------
        BadInput
            For values that are not finite, shapes that disagree, settings out of range, or missing labels.
        """
        if self.thresholds not in ("held_out", "transductive"):
            raise BadInput(f"thresholds must be held_out or transductive, got {self.thresholds!r}")
        if (self.bandwidth is not None and not self.bandwidth > 0) or not 0 <= (self.share or 0) <= 1:
            raise BadInput(f"bandwidth must be above 0 and share in [0, 1], got {self.bandwidth!r} and {self.share!r}")
        x, v = latents_of(reference, "reference"), latents_of(held_out, "held_out")
        check_same_columns(x, v, ("reference", "held_out"))
        y = classes_of(labels_of(held_out, labels), len(v), "labels")
        c = classes_of(predicted_of(held_out, predictions), len(v), "predictions")
        self.bandwidth_ = float(self.bandwidth) if self.bandwidth is not None else best_bandwidth(x)
        self.classes_ = int(max(y.max(), c.max())) + 1
        cell = y * self.classes_ + c
        self.sizes_ = np.bincount(cell, minlength=self.classes_**2).reshape(self.classes_, -1)
        self.reference_ = KernelCells(x, np.zeros(len(x), dtype=np.int64), 1, self.bandwidth_)
        self.cells_ = KernelCells(v, cell, self.classes_**2, self.bandwidth_)
        self.share_ = float((y != c).mean()) if self.share is None else float(self.share)
        self.ood_threshold_ = float(self.reference_.own(self.leave_one_out).min())
        own = self._doubt(self.cells_.own(self.leave_one_out), c)
        self.bnd_threshold_, self.idm_threshold_ = self._quantiles(*own)
        return self

    def log_cells(self, latents: Any) -> Floats:
        r""":math:`\log P_{ab}`, ``(n, classes, classes)``, minus infinity for an empty cell."""
        return self.cells_(self._new(latents)).reshape(-1, self.classes_, self.classes_)

    def scores(self, latents: Any, predictions: Any = None) -> Doubt:
        """Logarithms of the three scores of rows ``(n, d)`` that are predicted as ``predictions`` ``(n,)``."""
        x = self._new(latents)
        c = classes_of(predicted_of(latents, predictions), len(x), "predictions")
        if c.max() >= self.classes_:
            raise BadInput(f"predictions has {c.max()} and the held-out rows have {self.classes_} classes")
        return Doubt(-self.reference_(x)[:, 0], *self._doubt(self.cells_(x), c))

    def categorise(self, latents: Any, predictions: Any = None, flagged: Any = None) -> NDArray[np.str_]:
        """Categories ``(n,)``: ``OOD``, ``Bnd``, ``IDM``, ``B&I``, ``Other``, and ``""`` for rows not flagged.

        Parameters
        ----------
        latents : (n, d) array or Activations
        predictions : (n,) array, optional
        flagged : (n,) array of bool, optional
            Rows that an uncertainty score has flagged; by default all.
        """
        doubt = self.scores(latents, predictions)
        bnd_over, idm_over = self.bnd_threshold_, self.idm_threshold_
        if self.thresholds == "transductive":
            bnd_over, idm_over = self._quantiles(doubt.bnd, doubt.idm)
        bnd, idm = doubt.bnd > bnd_over, doubt.idm > idm_over
        ood = -doubt.ood < self.ood_threshold_
        found = np.select([ood, bnd & idm, bnd, idm], ["OOD", "B&I", "Bnd", "IDM"], "Other")
        if flagged is None:
            return found
        kept = np.asarray(flagged)
        if kept.dtype != bool or kept.shape != found.shape:
            raise BadInput(f"flagged must be {found.shape} of bool, got {kept.shape} of {kept.dtype}")
        return np.where(kept, found, "")

    def explain(self, latents: Any) -> list[Explanation]:
        """For each row the held-out density about it by outcome, ``"true 0 as 1"`` and so on; shares that sum to 1."""
        log = self.cells_(self._new(latents)) + np.log(np.maximum(self.sizes_.ravel(), 1))
        log = np.exp(log - logsumexp(log, axis=1, keepdims=True))
        used = np.flatnonzero(self.sizes_.ravel())
        names = {int(k): f"true {k // self.classes_} as {k % self.classes_}" for k in used}
        return [
            Explanation(float(row[used].sum()), {name: float(row[k]) for k, name in names.items()}, CARD.name)
            for row in log
        ]

    def _doubt(self, log: Floats, c: Ints) -> tuple[Floats, Floats]:
        """Logarithms of the sums over classes that are not predicted."""
        cube, rows = log.reshape(-1, self.classes_, self.classes_), np.arange(len(c))
        others = np.arange(self.classes_)[None, :] != c[:, None]
        right = np.where(others, cube[:, np.arange(self.classes_), np.arange(self.classes_)], -np.inf)
        wrong = np.where(others, cube[rows, :, c], -np.inf)
        return _log_sum(right), _log_sum(wrong)

    def _quantiles(self, bnd: Floats, idm: Floats) -> tuple[float, float]:
        at = int(np.ceil((1 - self.share_) * (len(bnd) - 1)))
        return float(np.sort(bnd)[at]), float(np.sort(idm)[at])

    def _new(self, latents: Any) -> Floats:
        if not hasattr(self, "cells_"):
            raise BadInput("call fit with latents of the reference and of held-out rows first")
        x = latents_of(latents, "latents")
        if x.shape[1] != self.cells_.rows.shape[1]:
            raise BadInput(f"latents has {x.shape[1]} columns and the reference had {self.cells_.rows.shape[1]}")
        return x


def _log_sum(log: Floats) -> Floats:
    top = log.max(1)
    at = np.where(np.isfinite(top), top, 0.0)
    total = np.exp(log - at[:, None]).sum(1)
    return np.where(total > 0, at + np.log(np.where(total > 0, total, 1.0)), -np.inf)
