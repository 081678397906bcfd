"""Where a monitor stands."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ._alarm import Alarm, Break
from ._guarantee import Guarantee
from ._settings import WatchSettings

About = Literal["data", "harm"]
Ended = Literal["", "accept", "reset"]


@dataclass(frozen=True)
class Episode:
    """Alarms of one change: the first is what is announced, later ones are counted, until accept or reset.

    Parameters
    ----------
    number : int
        From 1.
    alarm : Alarm
        The first.
    alarms : int
        How many there were.
    last : int
        Row of the last.
    ended : {"", "accept", "reset"}
    check : dict or None
        What ``check`` found on the rows since then, as its JSON document; None before it was run.
    """

    number: int
    alarm: Alarm
    alarms: int
    last: int
    ended: Ended = ""
    check: dict[str, Any] | None = None

    @property
    def about(self) -> About:
        """Whether rows look different (``data``), or the loss has risen (``harm``)."""
        return "harm" if self.alarm.detector == "loss" else "data"


@dataclass(frozen=True)
class Leading:
    """A detector's evidence now.

    Parameters
    ----------
    detector : {"column", "pair", "row", "loss"}
    columns : tuple of str
    evidence, threshold : float
        It alarms where the first reaches the second.
    """

    detector: str
    columns: tuple[str, ...]
    evidence: float
    threshold: float


@dataclass(frozen=True)
class Risk:
    """The loss, as far as labels have come.

    Parameters
    ----------
    labels : int
        Counted so far.
    loss : float or None
        Their mean, in [0, 1].
    low, high : float
        Confidence sequence (95 %) of the mean expected loss so far: it holds at all times at once.
    limit : float
        The reference's upper bound plus the tolerance: what is to be exceeded.
    evidence, threshold : float
    waiting : int
        Rows whose label may still come.
    """

    labels: int
    loss: float | None
    low: float
    high: float
    limit: float
    evidence: float
    threshold: float
    waiting: int


@dataclass(frozen=True)
class Status:
    """Where a monitor stands.

    Parameters
    ----------
    rows : int
        Of the stream so far.
    evidence_rows : int
        Of those since ``since``, the ones that are evidence (fewer where rows are thinned).
    since : int
        The row with which the watch against the present reference began.
    time : int or None
        The latest, in microseconds since 1970.
    back : int
        Rows that came after one of a later time.
    sources : int
        Read so far, or begun.
    guarantee : Guarantee
    settings : WatchSettings
    episodes : tuple of Episode
    leading : tuple of Leading
        The five detectors nearest to their thresholds, nearest first.
    breaks : tuple of Break
        The last hundred.
    risk : Risk or None
        None where no labels are watched.
    """

    rows: int
    evidence_rows: int
    since: int
    time: int | None
    back: int
    sources: int
    guarantee: Guarantee
    settings: WatchSettings
    episodes: tuple[Episode, ...]
    leading: tuple[Leading, ...]
    breaks: tuple[Break, ...]
    risk: Risk | None = None

    @property
    def open(self) -> tuple[Episode, ...]:
        """Episodes that nobody has accepted or reset."""
        return tuple(e for e in self.episodes if not e.ended)


def status_json(status: Status) -> bytes:
    """A status as a JSON document, format ``ecotone.watch-status/1``."""
    held = asdict(status)
    held["guarantee"]["known"] = sorted(status.guarantee.known)
    return json.dumps({"format": "ecotone.watch-status/1", **held}, indent=1, ensure_ascii=False).encode()
