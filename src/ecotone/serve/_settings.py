"""What a service is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Limits:
    """What a request may hold; more is refused with status 413, later with 408, and too many with 503.

    Parameters
    ----------
    bytes : int
        Of a body, as it is sent.
    expanded : int
        Of the table in it, once it is decoded.
    rows, columns : int
    seconds : float
        In which a body must have come whole.
    waiting : int
        Checks and scores that may wait for their turn, and bodies for a monitor's.
    """

    bytes: int = 16 << 20
    expanded: int = 256 << 20
    rows: int = 100_000
    columns: int = 1_000
    seconds: float = 30.0
    waiting: int = 64


@dataclass(frozen=True)
class Settings:
    """What a service is started with. Nothing of it can be changed over the network.

    Parameters
    ----------
    reference : table, path or profile
        What posted tables are checked against; None: ``/check`` is not there.
    monitors : mapping of str to Path
        State files that ``ecotone watch`` made, by the name that they have in addresses.
    scorers : mapping of str to Path
        Artefacts (a table model, a density, a detector's name) by the name that they have in addresses.
    calibration : path or table
        Rows that no scorer was fitted on, for the p-values of those that keep none.
    token : str or None
        What a client must show; None: nobody is asked.
    limits : Limits
    """

    reference: Any = None
    monitors: Mapping[str, Path] = field(default_factory=dict)
    scorers: Mapping[str, str] = field(default_factory=dict)
    calibration: Any = None
    token: str | None = None
    limits: Limits = field(default_factory=Limits)
