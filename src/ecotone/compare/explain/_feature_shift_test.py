"""Which features shifted, by the difference of score functions between two density models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ecotone.cards import Card
from ecotone.compare.two_sample._permutation_pvalues import upper_pvalue
from ecotone.compare.two_sample._relabel import pool, standardised
from ecotone.contracts import BadInput, Bools, Floats, TestResult, as_seed

CARD = Card(
    name="feature_shift_test",
    summary="Tests every feature's conditional distribution by the Fisher divergence between two Gaussian models.",
    contract="TwoSampleTest",
    title="Feature Shift Detection: Localizing Which Features Have Shifted via Conditional Distribution Tests",
    authors=("Kulinski, Sean", "Bagchi, Saurabh", "Inouye, David I."),
    year=2020,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2107.06929",
    row=96,
    claim="A column replaced by its shuffled self is detected and ranked first; marginal KS tests stay at their level.",
)

_RIDGE = 1e-5  # added to the variances of standardised columns, as in the paper


@dataclass(frozen=True)
class FeatureShifts(TestResult):
    """The global test, with one result per feature in ``features``.

    Parameters
    ----------
    features : tuple of TestResult
        In the order of the columns. ``statistic`` is the Fisher divergence of the feature's conditional, ``effect``
        its distance from the null's mean in null standard deviations, by which features are localised.
    """

    features: tuple[TestResult, ...] = ()

    def top(self, k: int = 1) -> tuple[int, ...]:
        """The ``k`` features of largest effect: the localisation when ``k`` features are known to have shifted."""
        return tuple(int(j) for j in np.argsort([-(f.effect or 0.0) for f in self.features], kind="stable")[:k])


def feature_shift_test(
    x: Any,
    y: Any,
    *,
    permutations: int = 199,
    seed: int | np.random.Generator | None = 0,
    null: Literal["permutation", "bootstrap"] = "permutation",
    units: tuple[Any, Any] | None = None,
) -> FeatureShifts:
    r"""Tests which features shifted, given the others.

    Gaussian models :math:`p, q` are fitted to the two samples, columns standardised together. For each feature

    .. math:: \psi_j = \tfrac12 \Bigl(\mathbb E_p + \mathbb E_q\Bigr)
              \Bigl(\frac{\partial \log p}{\partial x_j} - \frac{\partial \log q}{\partial x_j}\Bigr)^2,

    which only the conditional distribution of :math:`x_j` enters. The expectations are exact here, where the paper
    draws 100 rows from each model. The paper's null resamples the pooled rows *with* replacement, which doubles rows
    and is not exact; the default here permutes the rows between the samples, so that every p-value is exact where both
    samples are of one distribution. ``null="bootstrap"`` gives the paper's.

    A change of one column changes the conditionals of the columns that depend on it, and those are flagged too:
    detection is at its level, the set of small p-values is not a list of culprits. :meth:`FeatureShifts.top` ranks.

    Parameters
    ----------
    x : (n, d) array
    y : (m, d) array
    permutations : int
        The smallest p-value is ``1 / (permutations + 1)``.
    seed : int
    null : {"permutation", "bootstrap"}
    units : (labels of x, labels of y), optional
        Rows of one label are permuted together, or swapped where the label is in both samples. Permutation only.

    Returns
    -------
    FeatureShifts
        The global statistic is the largest of the features' divergences, each over its mean in the draws; its
        effect is the largest of theirs.

    Raises
    ------
    BadInput
        For non-finite values, unequal columns, too few rows or permutations, or units that do not fit.

    References
    ----------
    Kulinski, Bagchi and Inouye (2020), https://arxiv.org/abs/2107.06929

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((2, 300, 3))
    >>> y[:, 2] += 0.5
    >>> feature_shift_test(x, y).top()
    (2,)
    """
    if null not in ("permutation", "bootstrap") or (null == "bootstrap" and units is not None):
        raise BadInput(f"null must be 'permutation', or 'bootstrap' without units, got {null!r}")
    both = pool(x, y, units, permutations)
    rows, n = standardised(both.rows), len(both.rows)
    rng = as_seed(seed)

    def of_labels(label: Bools) -> Floats:
        return np.array([_statistics(rows[first], rows[~first]) for first in label])

    if null == "permutation":
        return _results(both.drawn(of_labels, permutations, rng), both.sizes)
    orders = [rng.integers(0, n, n) for _ in range(permutations)]
    drawn = [_statistics(rows[order[: both.sizes[0]]], rows[order[both.sizes[0] :]]) for order in orders]
    return _results(np.array([*of_labels(both.first[None]), *drawn]), both.sizes)


def fisher_divergences(mean_p: Floats, cov_p: Floats, mean_q: Floats, cov_q: Floats) -> Floats:
    r"""Fisher divergence of each conditional between two Gaussian distributions, averaged over both.

    With precisions :math:`L`, :math:`D = L_q - L_p` and :math:`\delta = \mu_p - \mu_q`,

    .. math:: \psi_j = \tfrac12 \bigl[(D \Sigma_p D)_{jj} + (L_q \delta)_j^2 + (D \Sigma_q D)_{jj}
              + (L_p \delta)_j^2\bigr].

    Parameters
    ----------
    mean_p, mean_q : (d,) arrays
    cov_p, cov_q : (d, d) positive definite arrays

    Returns
    -------
    (d,) array

    Examples
    --------
    >>> one = np.eye(1)
    >>> fisher_divergences(np.zeros(1), one, np.full(1, 2.0), one)
    array([4.])
    """
    l_p, l_q = np.linalg.inv(cov_p), np.linalg.inv(cov_q)
    d, delta = l_q - l_p, mean_p - mean_q
    spread = np.einsum("ij,ij->i", d @ (cov_p + cov_q), d)
    return np.asarray(0.5 * (spread + (l_q @ delta) ** 2 + (l_p @ delta) ** 2))


def _statistics(x: Floats, y: Floats) -> Floats:
    """Divergences between the Gaussian models of two samples."""
    moments = []
    for part in (x, y):
        mean = part.mean(axis=0)
        cov = part.T @ part / len(part) - np.outer(mean, mean)
        cov.flat[:: len(mean) + 1] += _RIDGE
        moments += [mean, cov]
    return fisher_divergences(*moments)


def _results(drawn: Floats, sizes: tuple[int, int]) -> FeatureShifts:
    """Results from the observed statistics (row 0) and those under the null."""
    pvalues = [upper_pvalue(column[0], column[1:]) for column in drawn.T]
    mean, std = drawn[1:].mean(axis=0), drawn[1:].std(axis=0)
    effects = np.where(std > 0, (drawn[0] - mean) / np.where(std > 0, std, 1), 0.0)
    # The observed row takes part in the scale, so that the maximum is exchangeable too.
    scale = drawn.mean(axis=0)
    largest = (drawn / np.where(scale > 0, scale, 1)).max(axis=1)
    pvalue = upper_pvalue(largest[0], largest[1:])
    features = tuple(
        TestResult(float(s), p, CARD.name, sizes, effect=float(e)) for s, p, e in zip(drawn[0], pvalues, effects)
    )
    return FeatureShifts(float(largest[0]), pvalue, CARD.name, sizes, effect=float(effects.max()), features=features)
