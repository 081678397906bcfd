"""What a monitor says, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from ._alarm import Alarm, Break
from ._clock import shown
from ._status import Episode, Status

_ROW = {
    "sum of scores": "all columns together", "distance": "how far out rows lie", "missing values": "missing values",
    "unseen levels": "unseen levels",
}  # fmt: skip


def reads(alarm: Alarm) -> str:
    """What an alarm is about."""
    if alarm.detector == "loss":
        return f"harm: the loss of {alarm.columns[0]} has risen"
    if alarm.detector == "row":
        return _ROW.get(alarm.columns[0], alarm.columns[0])
    return ("relation of " if alarm.detector == "pair" else "") + " and ".join(alarm.columns)


def alarm_line(episode: Episode) -> str:
    """An episode in one line."""
    alarm, since = episode.alarm, episode.alarm.since
    when = ""
    if since is not None:
        early = "" if since.complete else " or before"
        when = f"; since row {since.row:,} ({since.low:,} to {since.high:,}, {since.level:.0%}{early})"
    more = f"; the threshold was passed {episode.alarms:,} times so far" if episode.alarms > 1 else ""
    ended = f"; {episode.ended}ed" if episode.ended == "accept" else f"; {episode.ended}" if episode.ended else ""
    return f"ALARM {episode.number} at row {alarm.row:,}: {reads(alarm)}{when}{more}{ended}"


def break_line(found: Break) -> str:
    """A fact in one line."""
    column = f" {found.column}:" if found.column else ""
    return f"row {found.row:,}:{column} {found.what}: {found.detail}"


def status_lines(status: Status) -> Iterator[str]:
    """Where a monitor stands."""
    until = f", the last of {shown(status.time)}" if status.time is not None else ""
    yield f"{status.rows:,} rows from {status.sources} source{'s' * (status.sources != 1)}{until}"
    if status.since:
        yield f"present reference since row {status.since:,}"
    if status.evidence_rows != status.rows - status.since:
        yield f"{status.evidence_rows:,} rows are evidence, the others are counted in chunks alone"
    promise = status.guarantee
    yield f"promise ({promise.state}): {promise.says}" + (f"; {promise.reason}" if promise.state != "exact" else "")
    if promise.remedy:
        yield f"  {promise.remedy}"
    yield from (alarm_line(e) for e in status.episodes)
    if not status.open:
        yield "no alarm is open"
    for one in status.leading[:3]:
        name = " and ".join(one.columns)
        yield f"evidence: {name}, {one.evidence:,.0f} of {one.threshold:,.0f}"
    if status.risk is not None:
        risk = status.risk
        mean = "no label yet" if risk.loss is None else f"loss {risk.loss:.3f} ({risk.low:.3f} to {risk.high:.3f})"
        yield f"labels: {risk.labels:,}, {mean}; harm is above {risk.limit:.3f}; {risk.waiting:,} rows wait for theirs"
    for found in status.breaks[-5:]:
        yield break_line(found)
