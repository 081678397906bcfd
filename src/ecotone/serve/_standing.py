"""How a monitor stands: what metrics, page and lists are made from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ecotone.watch import Chunk, Leading, MonitorStore, Status


@dataclass(frozen=True)
class Standing:
    """Numbers of one monitor.

    Parameters
    ----------
    rows : int
        Read and kept.
    log_evidence, log_threshold : mapping of str to float
        Natural logarithms, of the leading detector of each kind: ``column``, ``pair``, ``row``, ``loss``.
    alarms : mapping of str to float
        Since the start: ``data``, ``harm``.
    open : mapping of str to float
        1 where an alarm waits for accept or reset: ``data``, ``harm``.
    breaks : int
        Facts about columns and sources that are kept.
    queued : int
        Bodies accepted and not yet kept.
    loss : mapping of str to float
        By labels: ``value``, ``low`` and ``high``; empty where there are none.
    estimated_loss : mapping of str to float
        Of the last chunk that has ended, without labels: the same ends; empty where nothing is known.
    outside : float or None
        Share of the last chunk's rows farther out than 95 % of the reference's.
    """

    rows: int
    log_evidence: dict[str, float] = field(default_factory=dict)
    log_threshold: dict[str, float] = field(default_factory=dict)
    alarms: dict[str, float] = field(default_factory=dict)
    open: dict[str, float] = field(default_factory=dict)
    breaks: int = 0
    queued: int = 0
    loss: dict[str, float] = field(default_factory=dict)
    estimated_loss: dict[str, float] = field(default_factory=dict)
    outside: float | None = None


def standing(store: MonitorStore, queued: int) -> Standing:
    """Of a monitor, now."""
    status, chunks = store.status(), store.chunks()
    evidence, threshold = _logs(status.leading)
    last = next((c for c in reversed(chunks) if c.rows), None)
    return Standing(
        rows=status.rows,
        log_evidence=evidence,
        log_threshold=threshold,
        alarms=_alarms(status),
        open={about: float(any(e.about == about for e in status.open)) for about in ("data", "harm")},
        breaks=store.count_breaks(),
        queued=queued,
        loss=_loss(status),
        estimated_loss=_estimated(chunks),
        outside=last.outside / last.rows if last else None,
    )


def _logs(leading: Iterable[Leading]) -> tuple[dict[str, float], dict[str, float]]:
    evidence: dict[str, float] = {}
    threshold: dict[str, float] = {}
    for one in leading:  # the nearest to its threshold comes first
        if one.detector not in evidence:
            evidence[one.detector] = math.log(one.evidence) if one.evidence > 0 else -math.inf
            threshold[one.detector] = math.log(one.threshold)
    return evidence, threshold


def _alarms(status: Status) -> dict[str, float]:
    found = {"data": 0.0, "harm": 0.0}
    for episode in status.episodes:
        found[episode.about] += episode.alarms
    return found


def _loss(status: Status) -> dict[str, float]:
    risk = status.risk
    if risk is None or risk.loss is None:
        return {}
    return {"value": risk.loss, "low": risk.low, "high": risk.high}


def _estimated(chunks: Sequence[Chunk]) -> dict[str, float]:
    """Of the last chunk that has an estimate; nothing where that says unknown."""
    found = next((c.estimate for c in reversed(chunks) if c.estimate is not None), None)
    if found is None or found.interval is None or found.value is None:
        return {}
    return {"value": found.value, "low": found.interval[0], "high": found.interval[1]}
