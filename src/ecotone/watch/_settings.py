"""What a monitor was asked for; it goes with the state."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from ecotone.contracts import BadInput
from ecotone.data import EVERYTHING, Roles

from ._chunks import By


@dataclass(frozen=True)
class WatchSettings:
    """What a monitor was asked for.

    Parameters
    ----------
    arl, ever : float or None
        Of :meth:`ecotone.watch.Monitor.start`.
    roles : Roles
    every : int
        Of so many rows in a row, the first is evidence; the others are counted in chunks alone.
    by : {"day", "week"} or int
        What a chunk is: a day or a (Monday's) week of ``roles.time``, or so many rows.
    tolerance : float
        By how much the loss may exceed the reference's before harm is alarmed.
    estimate : bool
        Whether each chunk's loss is estimated without labels when it ends.
    model : str
        Digest of the model that is asked for its output on every row; empty where columns hold it.
    shuffle : bool
        Whether rows that come together (a piece of a file, a body, a call) and fall in one chunk are read in a seeded
        random order: where order inside a batch means nothing, rows that are sorted there look dependent otherwise.
    independent : bool
    seed : int
    """

    arl: float | None = None
    ever: float | None = None
    roles: Roles = EVERYTHING
    every: int = 1
    by: By = 1000
    tolerance: float = 0.0
    estimate: bool = False
    model: str = ""
    shuffle: bool = False
    independent: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.every, int) or isinstance(self.every, bool) or self.every < 1:
            raise BadInput(f"every must be a whole number of rows, at least 1, got {self.every!r}")
        if self.by not in ("day", "week") and not (isinstance(self.by, int) and self.by >= 1):
            raise BadInput(f"by must be day, week or a number of rows, got {self.by!r}")
        if self.by in ("day", "week") and self.roles.time is None:
            raise BadInput(f"by {self.by} needs to know when rows were; name the column with time")
        if not 0 <= self.tolerance < 1:
            raise BadInput(f"tolerance must be at least 0 and below 1, got {self.tolerance!r}")
        if self.estimate and (self.roles.target is None or not (self.roles.prediction or self.roles.probability)):
            raise BadInput(
                "estimate is about a model's loss; name the target, and its output with prediction, probability or "
                "model"
            )

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def of_json(cls, held: dict[str, Any]) -> WatchSettings:
        """From what :meth:`to_json` gave.

        Raises
        ------
        BadInput
            Another version wrote it.
        """
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(held) - known):
            raise BadInput(f"the state was made by another version (it has {unknown[0]!r}); start a new monitor")
        roles: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in held["roles"].items()}
        return cls(**{**held, "roles": Roles(**roles)})
