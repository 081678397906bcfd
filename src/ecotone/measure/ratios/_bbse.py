"""Class weights under label shift from a classifier's confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from ecotone.cards import Card
from ecotone.contracts import BadInput, ClassesMoved, Expectation, Floats, Ints, accuracy_in_words
from ecotone.measure.probabilities import as_codes, as_probabilities

from ._label_shift import LabelShift

CARD = Card(
    name="BBSE",
    summary="Weights p_current(y) / p_reference(y) by inverting the confusion matrix of any classifier.",
    contract="Weights",
    title="Detecting and Correcting for Label Shift with Black Box Predictors",
    authors=("Lipton, Zachary C.", "Wang, Yu-Xiang", "Smola, Alexander J."),
    year=2018,
    venue="ICML",
    link="https://proceedings.mlr.press/v80/lipton18a.html",
    reads=("probabilities", "labels"),
    remedy_for=("label",),
    advice="Multiply each class probability by its estimated weight and renormalise, or retrain with these weights.",
    tier="stable",
)


class BBSE(LabelShift):
    r"""Black-box shift estimation: what class shares explain the predictions on the current rows.

    Under label shift, :math:`p(x \mid y)` unchanged, with :math:`f(x)` a classifier's probabilities (soft) or its
    one-hot choice (hard),

    .. math:: C\,w = \mu, \qquad C_{ij} = \mathbb E_p[f_i(x)\,1\{y = j\}], \quad \mu_i = \mathbb E_q[f_i(x)],
              \quad w_j = q(y=j) / p(y=j).

    The classifier need be neither calibrated nor good, only such that C is invertible; the reference rows must
    not have trained it. With ``ridge`` > 0 the deviation :math:`w - 1` is shrunk (Azizzadenesheli et al., 2019).
    Standard errors by the delta method from both samples. Negative weights are cut at 0.

    Parameters
    ----------
    soft : bool
        Probabilities instead of the most probable class.
    ridge : float
        Penalty on :math:`\|w - 1\|^2`, relative to the largest squared singular value of C.

    Attributes
    ----------
    classes_ : (k,) array; the sorted labels, in the order of the columns of probability.
    weights_ : (k,) float64
    covariance_ : (k, k) float64
        Of ``weights_`` before they are cut (with ``ridge``: variance only, not the bias of shrinking).
    confusion_ : (k, k) float64
        C above.
    change_covariance_ : (k, k) float64
        Of the change of the class shares, current less reference.

    Raises
    ------
    BadInput
        From ``fit``, where C is singular within its sampling error and ``ridge`` is 0.

    References
    ----------
    Lipton, Wang and Smola (2018), https://proceedings.mlr.press/v80/lipton18a.html;
    Azizzadenesheli, Liu, Yang and Anandkumar (2019), https://arxiv.org/abs/1903.09734

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([0, 0, 1, 1])
    >>> BBSE(soft=False).fit(y.astype(float), y, np.array([0.0, 1.0, 1.0, 1.0])).weights_
    array([0.5, 1.5])
    """

    def __init__(self, soft: bool = True, ridge: float = 0.0) -> None:
        self.soft = soft
        self.ridge = ridge

    def fit(self, probabilities_reference: Any, y_reference: Any, probabilities_current: Any) -> BBSE:
        """Estimate the weights.

        Parameters
        ----------
        probabilities_reference : (n,) or (n, k) array
        y_reference : (n,) array of k different labels
        probabilities_current : (m,) or (m, k) array
        """
        f = as_probabilities(probabilities_reference, "probabilities_reference")
        g = as_probabilities(probabilities_current, "probabilities_current")
        k = f.shape[1]
        if g.shape[1] != k:
            raise BadInput(f"probabilities_current has {g.shape[1]} classes and probabilities_reference has {k}")
        self.classes_, y = as_codes(y_reference, len(f), k, "y_reference")
        if self.ridge < 0:
            raise BadInput(f"ridge is {self.ridge}; give 0 or more")
        if not self.soft:
            f, g = np.eye(k)[f.argmax(1)], np.eye(k)[g.argmax(1)]
        self._solve(f, y, g)
        return self

    def _solve(self, f: Floats, y: Ints, g: Floats) -> None:
        n, m, k = len(f), len(g), f.shape[1]
        one_hot = np.eye(k)[y]
        c = f.T @ one_hot / n
        mu = g.mean(0)
        inverse = self._inverse(c, n)
        w = 1 + inverse @ (mu - c.sum(1))
        # w is smooth in (C, mu): a reference row moves it by -C^-1 f w_y, a current row by C^-1 g.
        spread = np.cov((f * w[y][:, None]).T) / n + np.cov(g.T) / max(m, 1) if m > 1 else np.full((k, k), np.nan)
        self.confusion_, self.covariance_ = c, inverse @ spread @ inverse.T
        self.reference_priors_ = one_hot.mean(0)
        self.change_covariance_ = self._of_change(f, one_hot, g, w, inverse)
        w = np.clip(w, 0, None)
        self.weights_ = w / (self.reference_priors_ @ w)

    def _of_change(self, f: Floats, one_hot: Floats, g: Floats, w: Floats, inverse: Floats) -> Floats:
        """Covariance of shares * (w - 1): a reference row moves its share as well as C."""
        shares = one_hot.mean(0)
        reference = one_hot * (w - 1) - (f * (one_hot @ w)[:, None]) @ inverse.T * shares
        parts = [np.cov(rows.T) / len(rows) for rows in (reference, g @ inverse.T * shares) if len(rows) > 1]
        return np.asarray(sum(parts)) if len(parts) == 2 else np.full((len(w), len(w)), np.nan)

    def change_interval(self, level: float = 0.9) -> Floats:
        """(k, 2) intervals for the change of the class shares, current less reference; they hold jointly."""
        k = len(self.weights_)
        half = float(special.ndtri(1 - (1 - level) / (2 * k))) * np.sqrt(np.diag(self.change_covariance_))
        change = self.current_priors_ - self.reference_priors_
        return np.column_stack([change - half, change + half])

    def _inverse(self, c: Floats, n: int) -> Floats:
        u, s, vt = np.linalg.svd(c)
        if self.ridge == 0 and s[-1] < 1 / n:  # less than one row's worth of information about some direction
            raise BadInput(
                f"the confusion matrix is singular (smallest singular value {s[-1]:.2g} at {n} rows): the classifier "
                "does not tell the classes apart; give ridge > 0, merge classes, or use soft=True"
            )
        return np.asarray((vt.T * (s / (s**2 + self.ridge * s[0] ** 2))) @ u.T)


def expected_for_label(case: ClassesMoved) -> Expectation:
    """The log loss and the accuracy of corrected probabilities, where they could be estimated."""
    if case.log_loss is None or case.accuracy is None:
        return Expectation("What correcting the probabilities brings could not be estimated.", 1.1)
    labels = case.rows is not None
    where = f"on the {case.rows:,} labelled rows" if labels else "on reference rows weighted to these shares"
    brought = "bring" if labels else "would bring, if p(x|y) held,"
    (loss, loss_then), (before, after) = case.log_loss, (accuracy_in_words(value) for value in case.accuracy)
    return Expectation(
        f"Probabilities corrected to these shares {brought} the log loss from {loss:.3g} to {loss_then:.3g} and the "
        f"accuracy from {before} to {after}, {where}.",
        1.3,
    )
