"""What a classifier's probabilities call for: rows to defer, calibration, new shares of the classes."""

from __future__ import annotations

from collections.abc import Iterator

from ecotone.checkup.document import Findings
from ecotone.checkup.performance import ClassDetails, ClassShares, Performance
from ecotone.checkup.rows import Place
from ecotone.contracts import ClassesMoved, Miscalibrated, ModelUnsure, accuracy_in_words, share_in_words

from ._need import MOST_ROWS, Need, numbers_of
from ._needs_of_performance import loss

_LEAST_SHARE = 0.02  # that a class's share must have moved, at least
_LEAST_LIFT = 0.005  # of accuracy, for a deferral to be worth its rows


def unsure(findings: Findings, model: Performance) -> Iterator[Need]:
    """Rows of low confidence; those that lie outside the reference go first, for their confidence means nothing."""
    found = model.details.defer
    if found is None or (model.unknown and found.by != "labels"):
        return
    lift = found.accuracy_of_the_rest - found.accuracy
    if lift < _LEAST_LIFT or not found.rows:
        return
    first: tuple[Place, ...] = findings.rows.places
    rows = (*first, *(place for place in found.index if place not in set(first)))
    yield Need(
        "unsure",
        f"The model is right on {accuracy_in_words(found.accuracy)} of the current rows, and on fewer of those where "
        "it is unsure.",
        1.8,
        ModelUnsure(found.share, found.rows, found.accuracy, found.accuracy_of_the_rest, found.by, loss(model)),
        numbers_of(found),
        rows[:MOST_ROWS],
    )


def miscalibrated(model: Performance) -> Iterator[Need]:
    """Probabilities that are off by more than chance explains."""
    found = model.details.calibration if isinstance(model.details, ClassDetails) else None
    if found is not None and found.pvalue <= 0.005 and found.error >= 0.02:
        yield Need(
            "miscalibration",
            f"The model's probabilities are off by {found.error:.3g} on {found.rows:,} reference rows.",
            1.5,
            Miscalibrated(found.error, found.after),
            numbers_of(found),
        )


def class_shares(model: Performance) -> Iterator[Need]:
    """Shares of the classes that moved: as labels have them, else if p(x|y) held and nothing refutes that."""
    found = model.details.label_shift if isinstance(model.details, ClassDetails) else None
    if found is None or found.refused or found.interval is None or found.current is None:
        return
    sure = [max(low, -high) for low, high in found.interval]  # how far from no change, at least
    most = max(range(len(sure)), key=sure.__getitem__)
    if sure[most] <= _LEAST_SHARE:
        return
    labels = found.source == "labels"
    if labels and found.correction is None:  # known, and weights by class would not help: nothing to be done
        return
    fixed = found.correction
    if fixed is not None and fixed.log_loss[1] >= fixed.log_loss[0]:
        return
    log_loss, right = (None, None) if fixed is None else (fixed.log_loss, fixed.accuracy)
    case = ClassesMoved(log_loss, right, found.rows[1] if labels else None)
    name = found.classes[most][:40]
    why = _moved(found, found.interval[most], (found.reference[most], found.current[most]), name)
    yield Need("label", why, 1.1, case, {**numbers_of(found, "classes", "refused"), "class": name})


def _moved(found: ClassShares, interval: tuple[float, float], shares: tuple[float, float], name: str) -> str:
    change = f"change {interval[0]:+.3f} to {interval[1]:+.3f} at {found.level:.0%}, all classes jointly"
    went = f"from {share_in_words(shares[0])} to {share_in_words(shares[1])}"
    if found.source == "labels":
        return f"By the labels, class {name!r} went {went} of the rows ({change})."
    return (
        f"If only the shares of the classes moved and p(x|y) held, which the rows do not refute, class {name!r} went "
        f"{went} of the rows ({change})."
    )
