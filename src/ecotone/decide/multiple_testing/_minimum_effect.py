"""Is an effect larger than what matters?"""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, special, stats

from ecotone.cards import Card
from ecotone.contracts import BadInput, TestResult

from ._checks import as_level

CARD = Card(
    name="minimum_effect_test",
    summary="Test of a difference above a margin: at a million rows everything else is significant.",
    contract="MarginTest",
    title="Testing the Approximate Validity of Statistical Hypotheses",
    authors=("Hodges, J. L.", "Lehmann, E. L."),
    year=1954,
    venue="Journal of the Royal Statistical Society B 16(2)",
    link="https://doi.org/10.1111/j.2517-6161.1954.tb00169.x",
    reads=("estimate",),
    tier="stable",
)


def minimum_effect_test(
    estimate: float,
    se: float,
    margin: float,
    *,
    dof: float = math.inf,
    level: float = 0.95,
    sizes: tuple[int, ...] = (),
) -> TestResult:
    r"""Test of :math:`H_0: |\theta| \le \delta` from an estimate and its standard error.

    .. math:: p = P\Bigl(Z > \frac{|\hat\theta| - \delta}{\mathrm{se}}\Bigr)
        + P\Bigl(Z > \frac{|\hat\theta| + \delta}{\mathrm{se}}\Bigr)

    the probability, at the boundary of the null, of an estimate as far from 0 on either side. The second term is what
    makes a margin near 0 the usual two-sided test; it vanishes for margins of some standard errors. Student's t with
    ``dof`` replaces the normal distribution where the error is itself estimated from few rows.

    Parameters
    ----------
    estimate : float
    se : float, not negative
        In the unit of the estimate.
    margin : float, not negative
        The largest effect that does not matter, in the same unit; chosen before looking.
    dof : float
        Degrees of freedom of ``se``.
    level : float in (0, 1)
        Coverage of the interval for :math:`\theta`.
    sizes : tuple of int
        Rows of each sample, for the record.

    Returns
    -------
    TestResult
        ``effect`` is the estimate, ``statistic`` the distance beyond the margin in standard errors.

    Raises
    ------
    BadInput
        For a negative or non-finite argument.

    References
    ----------
    Hodges and Lehmann (1954), https://doi.org/10.1111/j.2517-6161.1954.tb00169.x

    Examples
    --------
    >>> minimum_effect_test(0.05, 0.01, 0.02).pvalue < 0.01
    True
    >>> minimum_effect_test(0.025, 0.01, 0.02).pvalue > 0.3
    True
    """
    _check(se, margin)
    if not math.isfinite(estimate) or not dof > 0:
        raise BadInput(f"estimate must be finite and dof positive, got {estimate!r} and {dof!r}")
    size = abs(estimate)
    pvalue, logp = _tail(size, se, margin, dof)
    width = se * float(stats.t.ppf(0.5 + as_level(level, "level") / 2, dof)) if se > 0 else 0.0
    beyond = (size - margin) / se if se > 0 else math.copysign(math.inf, size - margin) if size != margin else 0.0
    return TestResult(
        statistic=beyond,
        pvalue=pvalue,
        method=CARD.name,
        sizes=sizes,
        effect=float(estimate),
        interval=(estimate - width, estimate + width),
        log10_pvalue=logp,
        details={"margin": margin, "se": se, "level": level},
    )


def smallest_detectable(se: float, margin: float, alpha: float = 0.05, power: float = 0.8) -> float:
    r"""The smallest effect that :func:`minimum_effect_test` at ``alpha`` finds with probability ``power``.

    .. math:: \theta = c_\alpha + z_{\text{power}}\,\mathrm{se}

    with :math:`c_\alpha` the estimate at which the test's p-value is alpha. Print it: with a margin and few rows
    nothing can alarm.

    Parameters
    ----------
    se : float, not negative
    margin : float, not negative
    alpha, power : float in (0, 1)

    Returns
    -------
    float
        In the unit of ``se``.

    Raises
    ------
    BadInput
        For an argument out of range.

    Examples
    --------
    >>> round(smallest_detectable(0.01, 0.02), 4)
    0.0449
    """
    _check(se, margin)
    alpha, power = as_level(alpha, "alpha"), as_level(power, "power")
    if se == 0:
        return float(margin)
    top = margin + se * (float(stats.norm.isf(alpha / 2)) + 1)
    cut = optimize.brentq(lambda c: _tail(c, se, margin, math.inf)[0] - alpha, 0.0, top)
    return float(max(cut + stats.norm.ppf(power) * se, 0.0))


def _tail(size: float, se: float, margin: float, dof: float) -> tuple[float, float]:
    """P-value and its base-10 logarithm, which stays finite beyond the smallest float."""
    if se == 0:
        return (1.0, 0.0) if size <= margin else (0.0, -300.0)
    near, far = (size - margin) / se, (size + margin) / se
    if math.isinf(dof):
        first, second = float(special.log_ndtr(-near)), float(special.log_ndtr(-far))
    else:
        first, second = float(stats.t.logsf(near, dof)), float(stats.t.logsf(far, dof))
    logp = float(np.logaddexp(first, second))
    pvalue = min(1.0, math.exp(logp))
    return pvalue, min(0.0, logp / math.log(10))


def _check(se: float, margin: float) -> None:
    for name, value in (("se", se), ("margin", margin)):
        if not 0 <= value < math.inf:
            raise BadInput(f"{name} must be finite and at least 0, got {value!r}")
