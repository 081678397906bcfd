"""How a monitor stands after its last transaction: what metrics, page and lists are made from."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Standing:
    """Numbers of one monitor.

    Parameters
    ----------
    rows : int
        Read and kept.
    log_evidence, log_threshold : mapping of str to float
        Natural logarithms, of the leading detector of each kind: ``column``, ``pair``, ``row``, ``harm``.
    alarms : mapping of str to int
        Since the start: ``data``, ``harm``.
    open : bool
        Whether an alarm waits for accept or reset.
    breaks : int
    queued : int
        Rows accepted and not yet kept.
    loss : mapping of str to float
        ``value``, ``low`` and ``high``; empty where nothing is known.
    outside : float or None
        Share of rows outside in the last chunk.
    """

    rows: int
    log_evidence: dict[str, float] = field(default_factory=dict)
    log_threshold: dict[str, float] = field(default_factory=dict)
    alarms: dict[str, float] = field(default_factory=dict)
    open: bool = False
    breaks: int = 0
    queued: int = 0
    loss: dict[str, float] = field(default_factory=dict)
    outside: float | None = None
