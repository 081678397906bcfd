"""p-values of rows, of a model's labels and of its probabilities."""

from __future__ import annotations

import numpy as np
from level_cell import ALPHAS, Errors, rejected

import ecotone.checkup.performance._degradation_test as degradation
from ecotone.checkup.performance._measured import Scores, scores
from ecotone.checkup.rows._global_test import global_test as global_test_of_rows
from ecotone.compare.estimate import Predictions
from ecotone.decide import calibration, conformal
from ecotone.detect import anomaly
from ecotone.measure.scores import metric_named

NORMAL, ROUNDED = "normal, 99 calibration rows", "rounded, 60 calibration rows"
SHIFTED, SHIFTED_ROUNDED = "shifted by .5 with the exact ratio, 99 rows", "the same, rounded scores"
RANKS, TIES, BLOCKS = "two scores, 200 and 100 rows", "scores of five values, 200 and 50 rows", "units of 5 rows"
RIGHT, LOSS, LOSS_BY_UNIT = "accuracy, 60 and 40 rows", "log loss, 40 and 25 rows", "log loss, 15 and 15 units of 3"
SURE, FEW_SAID = "100 probabilities", "100 probabilities of four values"
DRAWS = 199  # of the permutations of labelled rows, which number 1999 in use: as exact, a tenth of the time


def _judged(seed: int, null: str, fresh: int) -> tuple[conformal.Calibrated, np.ndarray]:
    """A detector fitted and calibrated on rows of the distribution of the ``fresh`` ones."""
    n = 99 if null == NORMAL else 60
    z = np.random.default_rng([seed, 12]).standard_normal((40 + n + fresh, 3))
    z = np.round(z) if null == ROUNDED else z
    detector = anomaly.ShrunkMahalanobis() if null == NORMAL else anomaly.KNNDistance()
    return conformal.Calibrated(detector.fit(z[:40])).calibrate(z[40 : 40 + n]), z[40 + n :]


def Calibrated(seed: int, null: str) -> Errors:
    """The p-value of one fresh row."""
    judge, row = _judged(seed, null, 1)
    return rejected(float(judge.pvalues(row)[0]))


def Calibrated_select(seed: int, null: str) -> Errors:
    """Whether any of thirty fresh rows is named, by the rate that is asked for."""
    judge, rows = _judged(seed, null, 30)
    return tuple(float(len(judge.select(rows, fdr=alpha)) > 0) for alpha in ALPHAS)


class _Itself:
    """A score that is the first column."""

    def score_samples(self, rows: np.ndarray) -> np.ndarray:
        return np.round(rows[:, 0], 1)


class _Exactly(_Itself):
    def score_samples(self, rows: np.ndarray) -> np.ndarray:
        return rows[:, 0]


def WeightedConformal(seed: int, null: str) -> Errors:
    """A fresh row of mean .5, judged by rows of mean 0 and the ratio of the two densities."""
    z = np.random.default_rng([seed, 13]).standard_normal((100, 1))
    scorer = _Exactly() if null == SHIFTED else _Itself()
    judge = conformal.WeightedConformal(scorer, lambda rows: np.exp(0.5 * rows[:, 0] - 0.125)).calibrate(z[:99])
    return rejected(float(judge.pvalues(z[99:] + 0.5)[0]))


def global_test(seed: int, null: str) -> Errors:
    """Whether any current row ranks too low."""
    rng = np.random.default_rng([seed, 14])
    if null == BLOCKS:
        units = np.repeat(np.arange(60), 5)
        score = rng.standard_normal(300) + 2 * rng.standard_normal(60)[units]
        return rejected(global_test_of_rows([score, -score], 200, units, rng))
    if null == TIES:
        return rejected(global_test_of_rows([rng.integers(0, 5, 250) * 1.0], 200, None, rng))
    score = rng.standard_normal((2, 300))
    return rejected(global_test_of_rows(list(score), 200, None, rng))


def degradation_test(seed: int, null: str) -> Errors:
    """Labels of one model on two tables of one distribution."""
    usual, degradation.PERMUTATIONS = degradation.PERMUTATIONS, DRAWS
    try:
        return rejected(degradation.degradation_test(*_labelled(seed, null), seed)[0])
    finally:
        degradation.PERMUTATIONS = usual


def _labelled(seed: int, null: str) -> tuple[Scores, Scores]:
    rng = np.random.default_rng([seed, 15])
    sizes, units = {RIGHT: (60, 40), LOSS: (40, 25), LOSS_BY_UNIT: (45, 45)}[null], None
    said = [np.clip(rng.beta(2, 1, n), 0.02, 0.98) for n in sizes]
    if null == LOSS_BY_UNIT:
        who = np.repeat(np.arange(15), 3)
        said, units = [np.clip(rng.beta(2, 1, 15), 0.02, 0.98)[who] for _ in sizes], (who, who + 15)
    came = [(rng.random(len(p)) < p).astype(int) for p in said]
    if units is not None:
        came = [(rng.random(15) < p[::3]).astype(int)[units[0]] for p in said]
    chances = [np.column_stack([1 - p, p]) for p in said]
    data = Predictions(
        said[0][:, None], said[1][:, None], came[0], *((p > 0.5).astype(int) for p in said), *chances,
        y_current=came[1], classes=("0", "1"), units=units,
    )  # fmt: skip
    metric = metric_named("accuracy" if null == RIGHT else "log_loss")
    return scores(data, metric, "reference"), scores(data, metric, "current")


def calibration_error(seed: int, null: str) -> Errors:
    """Labels drawn from the probabilities that are said."""
    rng = np.random.default_rng([seed, 16])
    p = rng.random(100) if null == SURE else rng.choice([0.1, 0.3, 0.6, 0.9], 100)
    return rejected(calibration.calibration_error(p, (rng.random(100) < p).astype(int), seed=seed).pvalue)
