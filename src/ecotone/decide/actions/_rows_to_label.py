"""Which rows to label, so that the model's accuracy is known soonest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from ecotone.cards import Card
from ecotone.contracts import BadInput, Expectation, Floats, Ints, LabelsMissing, as_seed

CARD = Card(
    name="rows_to_label",
    summary="A stratified random sample of rows to label, sized for an interval of stated half-width.",
    contract="Sample",
    title="On the Two Different Aspects of the Representative Method: the Method of Stratified Sampling and the "
    "Method of Purposive Selection",
    authors=("Neyman, Jerzy",),
    year=1934,
    venue="Journal of the Royal Statistical Society 97(4)",
    link="https://doi.org/10.2307/2342192",
    reads=("probabilities",),
    remedy_for=("concept", "unknown"),
    advice="Label a random sample of rows",
    tier="stable",
)

_EXACT = 1e-6  # half-width that is left where every row is labelled


@dataclass(frozen=True)
class LabelPlan:
    """Rows to label and what their labels will bring.

    Parameters
    ----------
    rows : (m,) int64
        Positions, in random order, so that the first few are a sample too.
    weight : (m,) float64
        Rows that each labelled row stands for; the weights sum to the number of rows.
    half_width : float
        Expected half-width of the interval for the mean, at the level asked for.
    """

    rows: Ints
    weight: Floats
    half_width: float


def rows_to_label(
    correct: ArrayLike, *, half_width: float = 0.02, level: float = 0.9, strata: int = 5, seed: int = 0
) -> LabelPlan:
    r"""Draw the rows whose labels settle a mean of zeros and ones.

    Rows are put in strata by their estimated probability of being right; stratum :math:`h` with share
    :math:`W_h` and standard deviation :math:`s_h = \sqrt{c_h (1 - c_h)}` gets

    .. math:: m_h \propto W_h s_h, \qquad m = \Big(\frac{z \sum_h W_h s_h}{\text{half-width}}\Big)^2 .

    As the probabilities may be wrong, no :math:`s_h` is taken below 0.2: a stratum that is thought certain is
    sampled all the same, and an error in it is found.

    Parameters
    ----------
    correct : (n,) float
        Estimated probability that the model is right on each row.
    half_width : float
        Wanted half-width of the interval for the accuracy.
    level : float
        Coverage of that interval.
    strata : int
    seed : int

    Returns
    -------
    LabelPlan

    Raises
    ------
    BadInput
        For probabilities outside [0, 1] or a half-width outside (0, 0.5).

    References
    ----------
    Neyman (1934), https://doi.org/10.2307/2342192

    Examples
    --------
    >>> import numpy as np
    >>> plan = rows_to_label(np.linspace(0.5, 1, 10_000), half_width=0.03)
    >>> len(plan.rows), round(float(plan.weight.sum())), round(plan.half_width, 3)
    (475, 10000, 0.029)
    """
    c = np.asarray(correct, dtype=np.float64)
    if c.ndim != 1 or not len(c) or not ((c >= 0) & (c <= 1)).all():
        raise BadInput("correct must be a non-empty vector of probabilities in [0, 1]")
    if not 0 < half_width < 0.5:
        raise BadInput(f"half_width must lie between 0 and 0.5, got {half_width!r}")
    rng = as_seed(seed)
    z = float(norm.isf((1 - level) / 2))
    order = np.argsort(c, kind="stable")
    blocks = [block for block in np.array_split(order, min(strata, len(c))) if len(block)]
    share = np.array([len(block) / len(c) for block in blocks])
    spread = np.array([max(0.2, np.sqrt(c[block].mean() * (1 - c[block].mean()))) for block in blocks])
    wanted = (z * float(share @ spread) / half_width) ** 2 * share * spread / float(share @ spread)
    sizes = np.minimum(np.ceil(wanted).astype(int), [len(block) for block in blocks])
    rows = [rng.choice(block, size, replace=False) for block, size in zip(blocks, sizes, strict=True)]
    weight = [np.full(size, len(block) / size) for block, size in zip(blocks, sizes, strict=True)]
    mixed = rng.permutation(int(sizes.sum()))
    left = 1 - sizes / np.array([len(block) for block in blocks])  # finite population: all labelled, nothing left
    error = float(np.sqrt(np.sum(share**2 * spread**2 * left / sizes)))
    return LabelPlan(np.concatenate(rows)[mixed].astype(np.int64), np.concatenate(weight)[mixed], z * error)


def expected_for_unknown(case: LabelsMissing) -> Expectation:
    """The half-width that the labels give."""
    if case.half_width < _EXACT:
        return Expectation(f"With the {case.rows:,} labels that are missing the {case.of} of these rows is known.")
    return Expectation(f"{case.rows:,} labels give the {case.of} to ±{case.half_width:.2g} at {case.level:.0%}.")
