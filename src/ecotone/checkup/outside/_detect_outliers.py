"""Which rows lie outside what a trained network knows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from ecotone import __version__
from ecotone.checkup.rows import share_outside
from ecotone.contracts import Activations, BadInput, Floats, Ints, ProgressListener, as_numpy, as_seed, unwatched
from ecotone.decide.conformal import conformal_pvalues
from ecotone.decide.multiple_testing import benjamini_hochberg, reject
from ecotone.detect.evaluate import Recommendation, recommend
from ecotone.detect.explain import contributions
from ecotone.detect.posthoc import PostHoc

from ._fit_scores import Fitted, fit_scores
from ._outside_content import (
    FORMAT,
    Agreement,
    OutsideContent,
    OutsideReason,
    PartOfScore,
    RowsFound,
    ScoreFound,
    Sizes,
    Unusable,
)
from ._outside_result import OutsideResult

CHOOSING = 1000  # calibration rows at most that choose the score, and a fifth of them at most
FEWEST = 20  # calibration rows: below that no p-value is under .05
_TYPICAL = 2  # rows that a row is compared with
_PARTS = 16


def detect_outliers(
    reference: Activations,
    calibration: Activations,
    live: Activations,
    *,
    scores: str | Iterable[str] | Mapping[str, PostHoc] | None = None,
    fdr: float = 0.1,
    held_out: bool = True,
    explain: int = 24,
    names: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    seed: int = 0,
    progress: ProgressListener = unwatched,
) -> OutsideResult:
    """Score live rows by every score, choose one, and name the rows outside with the asked false discovery rate.

    A fifth of the calibration rows, 1 000 at most, choose the score by pseudo-outliers where there are several; the
    others give conformal p-values, to which Benjamini and Hochberg's procedure is applied. Among the rows named, at
    most a share ``fdr`` is expected to come from the reference's distribution; on a batch without any foreign row
    something is named with probability ``fdr`` at most.

    Parameters
    ----------
    reference : Activations
        That the scores are fitted on, such as the network's training rows.
    calibration : Activations
        Rows of the reference's distribution that neither the network nor the scores have seen.
    live : Activations
        Rows in question.
    scores : "all", names, or a mapping of names to scores, optional
        By default energy, KNN, MSP and ViM.
    fdr : float
    held_out : bool
        Whether the network has not seen the calibration rows; where it has, the p-values are labelled uncalibrated,
        and so they are where calibration rows are found among the reference.
    explain : int
        Rows outside that get reasons, the surest first.
    names, classes, columns : sequences of str, optional
        Of the live rows, the network's classes, and the columns of tabular inputs.
    seed : int
    progress : callable
        Told each stage before it begins; see :func:`ecotone.contracts.progress_bar`.

    Raises
    ------
    BadInput
        For too few calibration rows, no live rows, an ``fdr`` outside (0, 1), or no score that can be had.
    """
    _check(live, calibration, fdr, names)
    fitted = fit_scores(reference, (calibration, live), scores=scores, progress=progress)
    chosen, judges = _chosen(fitted.scores, calibration, seed, progress)
    found = _scored(fitted, judges, live, progress)
    best = chosen.name if chosen else next(iter(found.live), "")
    if best not in found.live:
        raise BadInput(f"{best or 'no score'} cannot be read of these rows: {found.unusable.get(best, '')}")
    adjusted = benjamini_hochberg(found.pvalues[best])
    named = np.flatnonzero(reject(adjusted, fdr))
    progress("looking for reasons", None)
    why = _reasons(fitted.scores[best], live, judges, found, best, named, explain, columns, seed)
    share = share_outside([[(found.held[best], found.live[best])]], len(named))
    content = OutsideContent(
        format=FORMAT, version=__version__, fdr=fdr, calibrated=held_out and not _seen(reference, calibration),
        sizes=Sizes(len(reference), len(judges), len(live), len(calibration) - len(judges)), recommended=best,
        found=RowsFound(tuple(named.tolist()), share.value, share.interval, share.said("live rows")),
        scores=tuple(_entry(name, found, fdr, chosen, named) for name in found.pvalues),
        unusable=tuple(Unusable(name, reason) for name, reason in sorted(found.unusable.items())),
        agreement=_agreement(found.live), reasons=why,
        classes=None if classes is None else tuple(str(name) for name in classes),
    )  # fmt: skip
    known = None if names is None else list(names)
    return OutsideResult(content, found.live, found.pvalues, adjusted, found.held[best], live, judges, known)


def _check(live: Activations, calibration: Activations, fdr: float, names: Sequence[str] | None) -> None:
    if not 0 < fdr < 1:
        raise BadInput(f"fdr must lie between 0 and 1, got {fdr!r}")
    if not len(live):
        raise BadInput("live has no rows; give at least one")
    if len(calibration) < FEWEST:
        raise BadInput(f"calibration has {len(calibration)} rows; give at least {FEWEST} that the network has not seen")
    if names is not None and len(names) != len(live):
        raise BadInput(f"names has {len(names)} entries for {len(live)} live rows; give one for each")


@dataclass(frozen=True)
class _Scored:
    """By score: of the live rows, of the calibration rows, p-values, seconds; and why others could not be had."""

    live: dict[str, Floats]
    held: dict[str, Floats]
    pvalues: dict[str, Floats]
    seconds: dict[str, float]
    unusable: dict[str, str]


def _scored(fitted: Fitted, judges: Activations, live: Activations, progress: ProgressListener) -> _Scored:
    found = _Scored({}, {}, {}, {}, dict(fitted.unusable))
    for name, detector in fitted.scores.items():
        progress(f"scoring by {name}", None)
        start = time.perf_counter()
        try:
            held, values = (as_numpy(detector.score_samples(rows)).astype(np.float64) for rows in (judges, live))
        except BadInput as error:
            found.unusable[name] = str(error)
            continue
        found.held[name], found.live[name] = held, values
        found.pvalues[name] = conformal_pvalues(values, held)
        found.seconds[name] = fitted.seconds[name] + time.perf_counter() - start
    return found


def _chosen(
    scores: Mapping[str, PostHoc], calibration: Activations, seed: int, progress: ProgressListener
) -> tuple[Recommendation | None, Activations]:
    """The recommendation, and the calibration rows that it did not use."""
    if len(scores) == 1:
        return None, calibration
    order = as_seed(seed, 1).permutation(len(calibration))
    size = min(CHOOSING, len(calibration) // 5)
    if size < 2 or len(calibration) - size < FEWEST:
        raise BadInput(
            f"calibration has {len(calibration)} rows, too few to choose among {len(scores)} scores; give at least "
            f"{FEWEST * 5 // 4}, or ask for one score"
        )
    progress("choosing a score by pseudo-outliers", None)
    found = recommend(scores, calibration[np.sort(order[:size])], seed=seed)
    return found, calibration[np.sort(order[size:])]


def _seen(reference: Activations, calibration: Activations) -> bool:
    """Whether calibration rows are rows of the reference, by features or logits, more than twins in it explain."""
    for part in ("features", "logits"):
        if getattr(reference, part) is not None and getattr(calibration, part) is not None:
            count = Counter(row.tobytes() for row in reference.gather(part))
            shared = sum(row.tobytes() in count for row in calibration.gather(part)) / len(calibration)
            twins = sum(times for times in count.values() if times > 1) / len(reference)
            noise = 3 * np.sqrt(twins * (1 - twins) / len(calibration))
            return bool(shared > twins + noise + 0.01)
    return False


def _entry(name: str, found: _Scored, fdr: float, chosen: Recommendation | None, named: Ints) -> ScoreFound:
    rows = np.flatnonzero(reject(benjamini_hochberg(found.pvalues[name]), fdr))
    both = len(np.intersect1d(rows, named))
    aurocs = dict(chosen.aurocs.get(name, {})) if chosen else {}
    share = share_outside([[(found.held[name], found.live[name])]], len(rows))
    return ScoreFound(
        name=name, named=len(rows), also=both, share=share.value, interval=share.interval,
        share_said=share.said("live rows"), seconds=found.seconds[name], pseudo=aurocs,
        pseudo_mean=chosen.mean(name) if chosen and aurocs else None,
        pseudo_early=chosen.early.get(name) if chosen else None,
        worth=chosen.worth(name) if chosen and aurocs else None,
    )  # fmt: skip


def _agreement(values: Mapping[str, Floats]) -> Agreement:
    """Rank correlations of the scores over the live rows; None where a score is constant."""
    names = list(values)
    matrix: list[list[float | None]] = [[1.0] * len(names) for _ in names]
    for i, a in enumerate(names):
        for j, b in enumerate(names[:i]):
            varied = len(values[a]) > 2 and np.ptp(values[a]) > 0 and np.ptp(values[b]) > 0
            matrix[i][j] = matrix[j][i] = float(spearmanr(values[a], values[b]).statistic) if varied else None
    return Agreement(tuple(names), tuple(tuple(line) for line in matrix))


def _reasons(
    detector: PostHoc, live: Activations, judges: Activations, scored: _Scored, best: str, named: Ints, most: int,
    columns: Sequence[str] | None, seed: int,
) -> tuple[OutsideReason, ...]:  # fmt: skip
    surest = named[np.argsort(scored.live[best][named], kind="stable")][:most]
    if not len(surest):
        return ()
    held, p = scored.held[best], scored.pvalues[best]
    classes = None if judges.logits is None else judges.gather("logits").argmax(1)
    found = []
    for row in surest.tolist():
        one = live[row : row + 1]
        predicted = None if one.logits is None else int(as_numpy(one.logits)[0].argmax())
        peers = _typical(held, classes, predicted)
        total, parts, note = _parts(detector, one, judges[peers], columns, seed)
        found.append(OutsideReason(row, float(p[row]), predicted, tuple(peers.tolist()), total, parts, note))
    return tuple(found)


def _parts(
    detector: PostHoc, one: Activations, peers: Activations, columns: Sequence[str] | None, seed: int
) -> tuple[float | None, tuple[PartOfScore, ...], str | None]:
    """What the score of one row is made of: its sum, the lowest parts, or why there are none."""
    tabular = columns is not None and np.ndim(one.inputs) == 2
    try:
        why = contributions(detector, one, peers, samples=4, seed=seed, names=columns if tabular else None)[0]
    except BadInput as error:
        return None, (), str(error)
    lowest = sorted(why.parts.items(), key=lambda part: part[1])[:_PARTS]
    return why.total, tuple(PartOfScore(name, value) for name, value in lowest), None


def _typical(held: Floats, classes: Any, predicted: int | None) -> Ints:
    """Calibration rows of the predicted class, if there are enough, whose scores are nearest the median."""
    pool = np.arange(len(held))
    if classes is not None and predicted is not None and (classes == predicted).sum() >= _TYPICAL:
        pool = np.flatnonzero(classes == predicted)
    order = np.argsort(np.abs(held[pool] - np.median(held[pool])), kind="stable")
    return np.sort(pool[order[:_TYPICAL]])
