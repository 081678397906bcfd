"""Class weights under label shift by maximum likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats
from ecotone.measure.probabilities import as_codes, as_probabilities

from ._label_shift import LabelShift

CARD = Card(
    name="MLLS",
    summary="Weights p_current(y) / p_reference(y) that make the current rows most likely, by EM.",
    contract="Weights",
    title="Adjusting the Outputs of a Classifier to New a Priori Probabilities: A Simple Procedure",
    authors=("Saerens, Marco", "Latinne, Patrice", "Decaestecker, Christine"),
    year=2002,
    venue="Neural Computation 14(1)",
    link="https://doi.org/10.1162/089976602753284446",
    reads=("probabilities", "labels"),
    remedy_for=("label",),
    advice="Calibrate the model, then multiply each class probability by its estimated weight and renormalise.",
    tier="stable",
)


class MLLS(LabelShift):
    r"""Maximum-likelihood label shift: EM over the class shares of the current rows.

    With :math:`p(x \mid y)` unchanged and :math:`f_j(x) = p(y=j \mid x)` **calibrated on the reference**, the
    log-likelihood of the current rows is, up to a constant, concave in the weights:

    .. math:: \ell(w) = \frac1m \sum_i \log \sum_j w_j f_j(x'_i), \qquad \sum_j \bar f_j w_j = 1,
              \qquad w_j \leftarrow w_j \,\frac1{\bar f_j}\,\frac1m\sum_i \frac{f_j(x'_i)}{\sum_l w_l f_l(x'_i)} .

    The reference shares are the mean probabilities :math:`\bar f` over the reference rows, which equal the class
    frequencies for a calibrated model and keep :math:`w = 1` exact where nothing changed (Alexandari et al., 2020).
    An over-confident model biases the weights: calibrate first, or use :class:`BBSE`, which needs no calibration.

    Parameters
    ----------
    tol : float
        Largest change of a weight in the last step.
    max_iter : int

    Attributes
    ----------
    classes_ : (k,) array; the sorted labels, in the order of the columns of probability.
    weights_ : (k,) float64
    covariance_ : (k, k) float64
        Sandwich covariance of ``weights_``, valid where no weight is near 0.
    n_iter_ : int
        ``max_iter`` if EM was stopped.

    References
    ----------
    Saerens, Latinne and Decaestecker (2002), https://doi.org/10.1162/089976602753284446;
    Alexandari, Kundaje and Shrikumar (2020), https://arxiv.org/abs/1901.06852

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([0, 0, 1, 1])
    >>> MLLS().fit(y.astype(float), y, np.array([0.0, 1.0, 1.0, 1.0])).weights_
    array([0.5, 1.5])
    """

    def __init__(self, tol: float = 1e-8, max_iter: int = 5000) -> None:
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, probabilities_reference: Any, y_reference: Any, probabilities_current: Any) -> MLLS:
        """Estimate the weights.

        Parameters
        ----------
        probabilities_reference : (n,) or (n, k) array
        y_reference : (n,) array of k different labels
        probabilities_current : (m,) or (m, k) array
        """
        f = as_probabilities(probabilities_reference, "probabilities_reference")
        g = as_probabilities(probabilities_current, "probabilities_current")
        if g.shape[1] != f.shape[1]:
            raise BadInput(
                f"probabilities_current has {g.shape[1]} classes and probabilities_reference has {f.shape[1]}"
            )
        self.classes_, _ = as_codes(y_reference, len(f), f.shape[1], "y_reference")
        shares = f.mean(0)
        if shares.min() <= 0:
            raise BadInput(
                f"probabilities_reference is 0 for the class {self.classes_[int(shares.argmin())]!r} in every row; "
                "calibrate the model or leave the class out"
            )
        w, self.n_iter_ = _expectation_maximisation(g, shares, self.tol, self.max_iter)
        self.weights_, self.reference_priors_ = w, shares
        self.covariance_ = _sandwich(f, g, w)
        return self


def _expectation_maximisation(g: Floats, shares: Floats, tol: float, max_iter: int) -> tuple[Floats, int]:
    tiny = np.finfo(float).tiny
    w = np.ones(len(shares))
    for step in range(1, max_iter + 1):
        new = w * (g / np.maximum(g @ w, tiny)[:, None]).mean(0) / shares
        new /= shares @ new
        moved, w = float(np.abs(new - w).max()), new
        if moved <= tol:
            return w, step
    return w, max_iter


def _sandwich(f: Floats, g: Floats, w: Floats) -> Floats:
    """Covariance of the root w of mean(g / (g w)) = mean(f)."""
    n, m, k = len(f), len(g), len(w)
    if n < 2 or m < 2:
        return np.full((k, k), np.nan)
    scores = g / np.maximum(g @ w, np.finfo(float).tiny)[:, None]
    inverse = np.linalg.pinv(scores.T @ scores / m, hermitian=True)
    spread = np.cov(scores.T) / m + np.cov(f.T) / n
    return np.asarray(inverse @ spread @ inverse)
