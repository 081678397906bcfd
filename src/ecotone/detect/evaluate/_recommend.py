"""Which score to trust on one network, judged by rows that are surely outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import roc_auc_score

from ecotone.contracts import Activations, BadInput, Floats, Scorer, as_numpy

from ._ood_metrics import ood_metrics
from ._pseudo_outliers import pseudo_outliers

EARLY = 0.1  # share of rows inside that may be flagged


@dataclass(frozen=True)
class Recommendation:
    """The score that told held-out rows best from pseudo-outliers.

    Parameters
    ----------
    name : str
        With the largest mean of ``early`` and of the AUROC.
    early : mapping of str to float
        By score, the mean over kinds of the partial AUROC up to one row in ten flagged wrongly, standardised so that
        .5 is chance and 1 perfect.
    aurocs : mapping of str to mapping of str to float
        By score, then by kind of pseudo-outlier.
    failed : mapping of str to str
        Scores that could not read the pseudo-outliers, and why.
    """

    name: str
    early: Mapping[str, float]
    aurocs: Mapping[str, Mapping[str, float]]
    failed: Mapping[str, str]

    def mean(self, name: str) -> float:
        """Mean AUROC of one score over the kinds."""
        return float(np.mean(list(self.aurocs[name].values())))

    def worth(self, name: str) -> float:
        """What the choice goes by: the mean of ``mean(name)`` and ``early[name]``."""
        return (self.mean(name) + self.early[name]) / 2


def recommend(
    detectors: Mapping[str, Scorer],
    inside: Activations,
    *,
    outliers: Mapping[str, Activations] | None = None,
    seed: int = 0,
) -> Recommendation:
    """Choose among fitted scores by how well, and how early, they tell pseudo-outliers from held-out rows.

    Half of what counts is the AUROC, half its part where few rows inside are flagged, for there rows are named. No
    real outlier is used, so this is a guess about those to come: how good a guess is measured in ``benchmarks/ood``.
    Rows that choose must not calibrate as well.

    Parameters
    ----------
    detectors : mapping of a name to a fitted score
    inside : Activations
        Held-out rows of the reference.
    outliers : mapping of a name to Activations, optional
        In place of :func:`pseudo_outliers`.
    seed : int

    Raises
    ------
    BadInput
        For no detectors, or none that reads the pseudo-outliers.

    References
    ----------
    McClish (1989), https://doi.org/10.1177/0272989X8900900307, for the partial area

    Examples
    --------
    >>> from ecotone.detect.posthoc import Energy
    >>> acts = Activations(features=4 * np.eye(3), head=(np.eye(3), np.zeros(3)))
    >>> recommend({"energy": Energy()}, acts).name
    'energy'
    """
    if not detectors:
        raise BadInput("detectors is empty; give at least one fitted score")
    sets = dict(outliers or pseudo_outliers(inside, seed=seed))
    aurocs: dict[str, dict[str, float]] = {}
    early: dict[str, float] = {}
    failed: dict[str, str] = {}
    for name, detector in detectors.items():
        try:
            known = as_numpy(detector.score_samples(inside))
            broken = {kind: as_numpy(detector.score_samples(rows)) for kind, rows in sets.items()}
            aurocs[name] = {kind: ood_metrics(known, values).auroc for kind, values in broken.items()}
            early[name] = float(np.mean([_early(known, values) for values in broken.values()]))
        except BadInput as error:
            failed[name] = str(error)
    if not aurocs:
        raise BadInput(f"no score reads the pseudo-outliers: {next(iter(failed.values()))}")
    found = Recommendation("", early, aurocs, failed)
    return replace(found, name=max(early, key=found.worth))


def _early(inside: Floats, outside: Floats) -> float:
    """McClish's standardised partial area under the curve."""
    truth = np.arange(len(inside) + len(outside)) >= len(inside)
    return float(roc_auc_score(truth, -np.concatenate([inside, outside]), max_fpr=EARLY))
