"""How far probabilities are from frequencies, whether that could be chance, and what would be left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ecotone.contracts import BadInput, Bools, Floats, Ints, as_seed
from ecotone.measure.probabilities import as_probabilities

from ._isotonic_calibration import IsotonicCalibration
from ._platt_scaling import PlattScaling

_DRAWS = 999  # so that .001 is the smallest p-value
_FOLDS = 5  # so that four fifths of the rows calibrate the fifth that is judged; chosen, not tuned
_ENOUGH_FOR_STEPS = 1000  # rows from which on isotonic regression does better than two numbers
_CELLS = 4_000_000  # of labels drawn at once


@dataclass(frozen=True)
class CalibrationError:
    """What :func:`calibration_error` found.

    Parameters
    ----------
    error : float
        Mean gap between probability and frequency, debiased; in [0, 1].
    pvalue : float
        Of "the probabilities are calibrated"; at least 1/1000.
    after : float or None
        ``error`` of recalibrated probabilities, on rows that did not fit the map; None for too few rows of a kind.
    rows : int
    """

    error: float
    pvalue: float
    after: float | None
    rows: int


def calibration_error(p: Any, y: Any, *, bins: int = 15, seed: int | None = 0) -> CalibrationError:
    r"""Expected calibration error, a valid test that it is zero, and what recalibration would leave.

    With rows in bins of equal size by their probability, :math:`\Delta_b` the mean of :math:`p - y` in bin b and
    :math:`\sigma_b` its standard error, the plug-in error :math:`\sum_b \frac{n_b}{n}|\Delta_b|` is too large by
    chance: it is corrected by its own bias at the values found, for normal means in closed form
    (Kumar et al., 2019),

    .. math:: \hat e = \sum_b \tfrac{n_b}{n}\,\bigl(2|\Delta_b| - \mathbb E|N(\Delta_b, \sigma_b^2)|\bigr).

    A small part of the bias remains where the truth is zero, and gaps that cancel within a bin are not seen: what
    says whether there is an error at all is the p-value, from 999 draws of :math:`y \sim p` ("consistency
    resampling"; Bröcker and Smith, 2007) counted with the data themselves. It is valid in finite samples for
    independent rows, whatever the bins. After recalibration: isotonic regression, or below 1000 rows Platt scaling,
    cross-fitted over five folds.

    Parameters
    ----------
    p : (n,) array of the probability that y is 1, or (n, k) array of which the largest of each row is judged
    y : (n,) array of bool or of codes 0 to k - 1, the columns of ``p``
    bins : int
        Fewer where probabilities are tied.
    seed : int or None

    Raises
    ------
    BadInput
        For values that are not probabilities, or labels that are not codes of their columns.

    References
    ----------
    Kumar, Liang and Ma (2019), Verified Uncertainty Calibration, https://arxiv.org/abs/1909.10155;
    Bröcker and Smith (2007), Increasing the Reliability of Reliability Diagrams,
    https://doi.org/10.1175/WAF993.1

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> true = rng.random(4000)
    >>> y = rng.random(4000) < true
    >>> found = calibration_error(true**2, y)
    >>> found.pvalue, round(found.error, 2), found.after < 0.05
    (0.001, 0.17, True)
    >>> bool(calibration_error(true, y).pvalue > 0.05)
    True
    """
    said, came = _judged(p, y)
    if bins < 1:
        raise BadInput(f"bins is {bins}; give 1 or more")
    return CalibrationError(
        error=_error(said, came, bins),
        pvalue=_pvalue(said, came, bins, as_seed(seed, 0)),
        after=_after(said, came, bins, as_seed(seed, 1)),
        rows=len(said),
    )


def _judged(p: Any, y: Any) -> tuple[Floats, Bools]:
    """The probability that is judged in each row, and whether its event came."""
    q = as_probabilities(p)
    labels = np.asarray(y)
    n, k = q.shape
    codes = labels.astype(np.int64) if labels.dtype.kind in "biuf" and np.isfinite(labels).all() else None
    if labels.shape != (n,) or codes is None or (codes != labels).any() or codes.min() < 0 or codes.max() >= k:
        raise BadInput(f"y must be {n} codes from 0 to {k - 1}, one for each row of p, that name its columns")
    top = np.ones(n, np.int64) if np.ndim(p) == 1 else q.argmax(1)
    return q[np.arange(n), top], codes == top


def _starts(sorted_p: Floats, bins: int) -> Ints:
    """Where each bin of equal size begins; equal probabilities stay together."""
    at = np.searchsorted(sorted_p, sorted_p[np.arange(bins) * len(sorted_p) // bins])
    return np.unique(at)


def _error(said: Floats, came: Bools, bins: int) -> float:
    order = np.argsort(said, kind="stable")
    gap = (said - came)[order]
    start = _starts(said[order], bins)
    size = np.diff(np.append(start, len(gap)))
    mean = np.add.reduceat(gap, start) / size
    square = np.add.reduceat(gap**2, start) / size - mean**2
    sd = np.sqrt(np.maximum(square, 0) / np.maximum(size - 1, 1))
    t = np.abs(mean) / np.where(sd > 0, sd, 1)
    expected = np.where(
        sd > 0, sd * (np.sqrt(2 / np.pi) * np.exp(-(t**2) / 2) + t * special.erf(t / np.sqrt(2))), np.abs(mean)
    )
    return float(np.clip(size @ (2 * np.abs(mean) - expected) / len(gap), 0, 1))


def _pvalue(said: Floats, came: Bools, bins: int, rng: np.random.Generator) -> float:
    order = np.argsort(said, kind="stable")
    p, start = said[order], _starts(said[order], bins)
    total = np.add.reduceat(p, start)
    size = np.diff(np.append(start, len(p)))

    def plug_in(y: Bools) -> Floats:
        # Rounded, so that draws with the very counts of the data tie with them.
        counts = np.add.reduceat(y, start, axis=-1, dtype=np.int64)
        return np.asarray(np.round(np.abs(counts - total).sum(-1), 9))

    seen, at_least, left = float(plug_in(came[order][None])[0]), 1, _DRAWS
    while left:
        step = min(left, max(1, _CELLS // max(len(size), len(p))))
        drawn = rng.random((step, len(p)), dtype=np.float32) < p.astype(np.float32)
        at_least += int((plug_in(drawn) >= seen).sum())
        left -= step
    return at_least / (_DRAWS + 1)


def _after(said: Floats, came: Bools, bins: int, rng: np.random.Generator) -> float | None:
    fold = rng.permutation(len(said)) % _FOLDS
    if min(int(came.sum()), int((~came).sum())) < 2 * _FOLDS:
        return None
    new = np.empty_like(said)
    for k in range(_FOLDS):
        rest = fold != k
        if len(np.unique(came[rest])) < 2:
            return None
        make = IsotonicCalibration if len(said) >= _ENOUGH_FOR_STEPS else PlattScaling
        new[~rest] = make().fit(said[rest], came[rest]).predict(said[~rest])
    return _error(new, came, bins)
