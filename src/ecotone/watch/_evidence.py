"""After an alarm: a check of the rows since then against the reference."""

from __future__ import annotations

from ecotone.checkup import CheckResult, check
from ecotone.contracts import BadInput

from ._status import Episode
from ._store import MonitorStore

#: Rows below which a check says next to nothing.
LEAST = 20


def examine(store: MonitorStore, episode: Episode) -> CheckResult | None:
    """Check the rows since an episode's change against a sample of the reference, and keep the answer with it.

    What a check finds after an alarm is evidence of what moved, no second test: the rows were chosen because of an
    alarm.

    Returns
    -------
    CheckResult or None
        None where fewer than twenty rows of evidence are kept, or a check has nothing to compare.
    """
    since = episode.alarm.since
    rows = store.recent(since.row if since is not None else episode.alarm.row)
    roles, settings = store.settings.roles, store.settings
    if rows.num_rows < LEAST:
        return None
    apart = [n for n in roles.not_compared if n not in roles.ignore]
    try:
        found = check(
            store.reference_rows(),
            rows,
            ignore=[*roles.ignore, *apart],
            id=list(roles.id),
            ordinal=list(roles.ordinal),
            columns=list(roles.columns) if roles.columns is not None else None,
            independent=True,  # thinning has made them so, or the monitor has withdrawn its promise already
            seed=settings.seed,
        )
    except BadInput:
        return None
    store.put_check(episode.number, found.to_dict())
    return found
