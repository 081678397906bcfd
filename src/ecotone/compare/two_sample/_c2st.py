"""Classifier two-sample test."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy import stats
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier

from ecotone.cards import Card
from ecotone.contracts import BadInput, Bools, Classifier, Floats, TestResult, as_seed
from ecotone.decide.multiple_testing import auc_effect
from ecotone.measure import binnable

from ._permutation_pvalues import upper_pvalue
from ._relabel import Pool, pool

CARD = Card(
    name="c2st",
    summary="A classifier that tells the samples apart on held-out rows shows that they differ.",
    contract="TwoSampleTest",
    title="Revisiting Classifier Two-Sample Tests",
    authors=("Lopez-Paz, David", "Oquab, Maxime"),
    year=2017,
    venue="ICLR",
    link="https://arxiv.org/abs/1610.06545",
    tier="stable",
)


def c2st(
    x: Any,
    y: Any,
    *,
    permutations: int = 999,
    seed: int = 0,
    units: tuple[Any, Any] | None = None,
    classifier: Classifier | None = None,
    statistic: Literal["auc", "accuracy"] = "auc",
) -> TestResult:
    r"""Do two samples come from one distribution? By a classifier that is trained on one half and judged on the other.

    Given the trained classifier the labels of the held-out rows are exchangeable under the null, so that relabelling
    *them*, with the scores kept, gives an exact p-value. Pooling the folds of a cross-fit as if they were independent
    does not: each fold's test rows train the other folds, and the level is about twice the nominal one.

    Parameters
    ----------
    x : (n, d) array, n >= 4
    y : (m, d) array, m >= 4
    permutations : int
        The smallest possible p-value is 1 / (permutations + 1).
    seed : int
        Of the split, the default classifier and the relabellings.
    units : ((n,), (m,)) arrays of labels, optional
        Rows of one label stay in one half and are relabelled together.
    classifier : scikit-learn classifier with ``predict_proba``, optional
        Histogram gradient boosting by default.
    statistic : {"auc", "accuracy"}
        Area under the curve (needs no threshold, and equal sizes do not matter) or the paper's accuracy.

    Returns
    -------
    TestResult
        ``effect`` is the held-out AUC less 1/2 with a 95 % interval, whatever the statistic.

    Raises
    ------
    BadInput
        For too few rows or units to put both samples into both halves, NaN, unequal columns, or units that do not
        fit.

    References
    ----------
    Lopez-Paz and Oquab (2017), https://arxiv.org/abs/1610.06545

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> c2st(rng.standard_normal((100, 2)), rng.standard_normal((100, 2)) + 1).pvalue
    0.001
    """
    if statistic not in ("auc", "accuracy"):
        raise BadInput(f"statistic must be 'auc' or 'accuracy', got {statistic!r}")
    whole = pool(x, y, units, permutations)
    rng = as_seed(seed)
    train, held = _halves(whole, rng)
    score = _score(train, held, classifier, rng)
    judged = _ranks(score) if statistic == "auc" else np.where(score > 0.5, 1.0, 0.0)
    judge = _auc if statistic == "auc" else _accuracy
    values = held.drawn(lambda label: judge(judged, label), permutations, rng)
    sides = None if units is None else (held.unit[held.first], held.unit[~held.first])
    effect = auc_effect(score[held.first], score[~held.first], units=sides)
    width = effect.se * float(stats.t.ppf(0.975, effect.dof))
    return TestResult(
        statistic=float(values[0]),
        pvalue=upper_pvalue(values[0], values[1:]),
        method=CARD.name,
        sizes=whole.sizes,
        effect=effect.estimate,
        interval=(max(effect.estimate - width, -0.5), min(effect.estimate + width, 0.5)),
        details={"permutations": len(values) - 1, "statistic": statistic, "held_out": list(held.sizes)},
    )


def _halves(whole: Pool, rng: np.random.Generator) -> tuple[Pool, Pool]:
    """Half of the units of each kind to train on, the others to judge on."""
    train = np.concatenate([rng.permutation(group)[: group.size // 2] for group in whole.groups()])
    rest = np.setdiff1d(np.arange(int(whole.unit.max()) + 1), train)
    if train.size == 0 or min(*(taken := whole.take(train)).sizes, *(kept := whole.take(rest)).sizes) < 2:
        raise BadInput("x and y have too few rows or units to split each into two halves of at least two rows")
    return taken, kept


def _score(train: Pool, held: Pool, classifier: Classifier | None, rng: np.random.Generator) -> Floats:
    """Probability that each held-out row belongs to y."""
    if classifier is None:
        model = HistGradientBoostingClassifier(
            max_iter=60,
            max_leaf_nodes=15,
            min_samples_leaf=int(np.clip(len(train.rows) // 10, 2, 20)),
            early_stopping=False,
            random_state=int(rng.integers(2**31)),
        )
    else:
        model = clone(classifier)
    model.fit(binnable(train.rows), ~train.first)
    return np.asarray(model.predict_proba(held.rows)[:, 1], dtype=np.float64)


def _ranks(score: Floats) -> Floats:
    return np.asarray(stats.rankdata(score), dtype=np.float64)


def _auc(ranks: Floats, label: Bools) -> Floats:
    """Area under the curve for each row of labels, from mid-ranks."""
    n = label.sum(axis=1)
    m = label.shape[1] - n
    return np.asarray(((~label) @ ranks - m * (m + 1) / 2) / (n * m), dtype=np.float64)


def _accuracy(said_y: Floats, label: Bools) -> Floats:
    return np.asarray(((~label) @ said_y + label @ (1 - said_y)) / label.shape[1], dtype=np.float64)
