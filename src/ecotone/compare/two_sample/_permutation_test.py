"""A two-sample test of any statistic, by permutation of rows or of whole units."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, Bools, Floats, TestResult, as_seed

from ._permutation_pvalues import as_extreme, sequential_pvalue, upper_pvalue
from ._relabel import Pool, pool

CARD = Card(
    name="permutation_test",
    summary="Makes a two-sample test of any statistic: its p-value among random relabellings of rows or units.",
    contract="TwoSampleTest",
    title="Permutation P-values Should Never Be Zero: Calculating Exact P-values When Permutations Are Randomly Drawn",
    authors=("Phipson, Belinda", "Smyth, Gordon K."),
    year=2010,
    venue="Statistical Applications in Genetics and Molecular Biology 9(1)",
    link="https://doi.org/10.2202/1544-6115.1585",
)

#: (x, y) -> how far apart they are, larger for further; with ``axis`` where it is vectorised.
Statistic = Callable[..., Any]

_BATCH = 50  # relabellings between two looks at whether to stop
_CELLS = 4_000_000  # values that a vectorised statistic is given at once


def permutation_test(
    statistic: Statistic,
    x: Any,
    y: Any,
    *,
    permutations: int = 999,
    seed: int = 0,
    units: tuple[Any, Any] | None = None,
    vectorized: bool | None = None,
    stop_after: int | None = None,
    method: str = "permutation_test",
) -> TestResult:
    r"""Do two samples come from one distribution? By a statistic of your own, or of any library.

    .. math:: p = \frac{1 + \#\{b : T_b \ge T\}}{B + 1}

    where :math:`T_b` are the statistic's values under B relabellings of the rows. Rows (units) are exchangeable under
    the null, the samples are one of B + 1 equally likely labellings, so p is exact at any size and never 0. Values
    equal up to rounding count as ties, against the null's rejection; so does NaN. Where there are no more than
    ``permutations`` other labellings they are all taken, once each, and p is that of the full enumeration.

    Parameters
    ----------
    statistic : callable (x, y) -> float
        Larger means further apart; of a difference take the absolute value. Vectorised ones, ``(x, y, axis)``, are
        given ``(b, n)`` or ``(b, n, d)`` at once and ``axis=1``; one pair at a time and ``axis=0`` where units are of
        unequal sizes.
    x : (n,) or (n, d) array, n >= 2
        The statistic sees as many dimensions as are given here.
    y : (m,) or (m, d) array, m >= 2
    permutations : int
        B, at most. The smallest possible p-value is 1 / (B + 1).
    seed : int
    units : ((n,), (m,)) arrays of labels, optional
        Rows of one label (an entity, a block in time) are relabelled together; those of a label found in both samples
        are swapped between them.
    vectorized : bool, optional
        By default whether the statistic has a parameter ``axis``.
    stop_after : int, optional
        Draw no more once so many relabellings were as far apart, the l-th of all being the last: then
        p = ``stop_after`` / l, which is valid too (Besag and Clifford 1991). Small p-values still take every draw.
    method : str
        Name of the test that is made, in the result.

    Returns
    -------
    TestResult
        ``effect`` is the statistic of the samples. ``details``: ``permutations`` drawn and whether they were
        ``exhaustive``.

    Raises
    ------
    BadInput
        For fewer than two rows, NaN, unequal columns, units that do not fit, a statistic that gives no number or NaN
        for the samples, no permutations, or ``stop_after`` below 1.

    References
    ----------
    Phipson and Smyth (2010), https://doi.org/10.2202/1544-6115.1585;
    Besag and Clifford (1991), https://doi.org/10.1093/biomet/78.2.301

    Examples
    --------
    >>> from scipy.stats import energy_distance
    >>> rng = np.random.default_rng(0)
    >>> permutation_test(energy_distance, rng.standard_normal(50), rng.standard_normal(50) + 1).pvalue
    0.001
    """
    if not callable(statistic):
        raise BadInput(f"statistic must be callable as statistic(x, y), got {statistic!r}")
    if stop_after is not None and stop_after < 1:
        raise BadInput(f"stop_after must be at least 1, got {stop_after!r}; 20 is usual")
    whole = pool(x, y, units, permutations)
    rows = whole.rows[:, 0] if np.ndim(x) == np.ndim(y) == 1 else whole.rows
    of_labels = _of_labels(statistic, rows, _has_axis(statistic) if vectorized is None else vectorized)
    observed = float(of_labels(whole.first[None])[0])
    if np.isnan(observed):
        raise BadInput("statistic is NaN for x and y; it must be a number")
    exhaustive = whole.has_few(permutations)
    null = _values(of_labels, whole, permutations, as_seed(seed))
    drawn: list[Floats] = []
    if stop_after is None or exhaustive:  # an enumeration is in no random order, and must not be stopped
        drawn = list(null)
        pvalue = upper_pvalue(observed, np.concatenate(drawn))
    else:
        pvalue = sequential_pvalue((as_extreme(observed, _kept(drawn, part)) for part in null), stop_after)
    return TestResult(
        statistic=observed,
        pvalue=pvalue,
        method=method,
        sizes=whole.sizes,
        effect=observed,
        details={"permutations": sum(part.size for part in drawn), "exhaustive": exhaustive},
    )


def _kept(drawn: list[Floats], part: Floats) -> Floats:
    drawn.append(part)
    return part


def _values(
    of_labels: Callable[[Bools], Floats], whole: Pool, permutations: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """The statistic under relabellings, a few at a time."""
    for label in whole.relabellings(permutations, rng):
        for start in range(0, len(label), _BATCH):
            yield of_labels(label[start : start + _BATCH])


def _has_axis(statistic: Statistic) -> bool:
    try:
        return "axis" in inspect.signature(statistic).parameters
    except (TypeError, ValueError):  # a function of C code without a signature
        return False


def _of_labels(statistic: Statistic, rows: Floats, vectorized: bool) -> Callable[[Bools], Floats]:
    """The statistic for each row of labels (b, N)."""

    along = {"axis": 0} if vectorized else {}

    def one_by_one(label: Bools) -> Floats:
        return np.array([_number(statistic(rows[first], rows[~first], **along)) for first in label])

    def at_once(label: Bools) -> Floats:
        sizes = label.sum(axis=1)
        if (sizes != sizes[0]).any():  # units of unequal sizes: no rectangle holds the samples
            return one_by_one(label)
        order = np.argsort(~label, axis=1, kind="stable")
        step = max(1, _CELLS // rows.size)
        parts = [order[at : at + step] for at in range(0, len(order), step)]
        n = int(sizes[0])
        found = [np.asarray(statistic(rows[part[:, :n]], rows[part[:, n:]], axis=1)) for part in parts]
        for values, part in zip(found, parts, strict=True):
            if values.shape != (len(part),) or values.dtype.kind not in "fiub":
                raise BadInput(
                    f"statistic with axis=1 must give one number for each of {len(part)} pairs of samples, got "
                    f"{_what(values)}; give vectorized=False, or take its .statistic"
                )
        return np.concatenate(found).astype(np.float64)

    return at_once if vectorized else one_by_one


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BadInput(
            f"statistic must give a number, got {_what(value)}; take its .statistic, or its sum or maximum"
        ) from None


def _what(value: Any) -> str:
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
