"""What one pass over a table leaves: mergeable counts, sketches, a sample of rows, sums on frozen cut points."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput, Bools, Ints

from ._frame import Frame
from ._profile_columns import ColumnProfile
from ._profile_cuts import Binning, freeze
from ._profile_io import load, save
from ._profile_rows import Rows
from ._profile_sums import Sums
from ._table import Part


@dataclass(frozen=True)
class Profile:
    r"""What one pass over a table leaves.

    Profiles of two tables merge into the profile of both tables' rows. Counts, extremes, moments, numbers of
    distinct values, the kept rows with their halves, and sums on frozen cut points merge exactly: associative,
    commutative, to the last bit. Counts of text values do while there are at most 256 of them and otherwise within
    ``rows / 257``; quantiles within their rank error (about 1 % of the rows).

    **It contains raw rows**, unless it was made with ``rows=False``, and the commonest texts of every text column.
    Without rows it has sums on its own cut points instead, from a second pass, and a check of it has counts alone.

    Parameters
    ----------
    columns : mapping of str to ColumnProfile
    n : int
        Rows profiled.
    kept : Rows or None
        The sample of rows; None without rows.
    sums : Sums or None
        Sums of scores on the cut points of the reference given as ``like``; without rows and ``like``, on its own.
    left_out : mapping of str to str
        Columns of which no values are kept, with the reason.
    seed : int

    Examples
    --------
    >>> from ecotone.data import profile
    >>> a, b = profile({"x": [1.0, 2.0, None]}), profile({"x": [6.0]})
    >>> both = a.merge(b)
    >>> both.n, both["x"].mean, both["x"].missing
    (4, 3.0, 1)
    >>> sorted(both.frame().column("x").to_pylist(), key=str)
    [1.0, 2.0, 6.0, None]
    """

    columns: dict[str, ColumnProfile]
    n: int
    kept: Rows | None = None
    sums: Sums | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    seed: int = 0

    def __getitem__(self, name: str) -> ColumnProfile:
        return self.columns[name]

    def __repr__(self) -> str:
        rows = "no rows" if self.kept is None else f"{len(self.kept.priority)} raw rows"
        cuts = f", cut points {self.sums.cuts.id}" if self.sums else ""
        return f"Profile({self.n} rows profiled, {len(self.columns)} columns, {rows} kept{cuts})"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def cuts(self) -> Binning:
        """The cut points that a profile made with ``like=`` this one uses.

        Those frozen in this profile where it has any; otherwise cut from its sketches as they are now, so that a
        reference made of merged parts is cut after the merge.
        """
        return self.sums.cuts if self.sums else freeze(self.columns)

    def scores(self, cuts: Binning | None = None) -> Sums:
        """Sums of scores: over all rows where these cut points are frozen here, else over the kept rows.

        ``n`` of the result says over how many rows.

        Raises
        ------
        BadInput
            Neither these cut points nor any rows are in the profile.
        """
        cuts = cuts or self.cuts()
        if self.sums and self.sums.cuts.id == cuts.id:
            return self.sums
        sums, frame = Sums.empty(cuts), self.frame()
        sums.update(frame.num_rows, [c.cells(_one(frame, c.name)) for c in cuts.columns])
        return sums

    def frame(self) -> Any:
        """The kept rows as a ``pyarrow.Table``, in the order of their priorities (a random order).

        Raises
        ------
        BadInput
            The profile was made without rows.
        """
        if self.kept is None:
            raise BadInput(
                "this profile holds no rows, and tests of rows and of a model need them; "
                "make it again without --no-rows (rows=True)"
            )
        return self.kept.table

    def to_frame(self, name: str = "profile") -> Frame:
        """The kept rows as :func:`read_table` would give them, in the order of the table that they came from.

        A note says how many rows they stand for, and ``calibration`` which of them are not to fit on.
        """
        order = np.argsort(self.positions(), kind="stable")  # what rises from row to row shall do so here, too
        table = self.frame().take(pa.array(order))
        said = [f"{name}: profile of {self.n} rows: tests run on the {table.num_rows} rows it keeps"]
        said += [f"{name}: {column} is not kept in the profile: {why}" for column, why in self.left_out.items()]
        return Frame(table, (Part(name, table.num_rows),), tuple(said), name, self.split()[order])

    def split(self) -> Bools:
        """(m,) for each kept row True if it is for calibration, False if it is to fit on."""
        self.frame()
        assert self.kept is not None
        return self.kept.calibration

    def positions(self) -> Ints:
        """(m,) 0-based position of each kept row in the table that it was read from."""
        self.frame()
        assert self.kept is not None
        return self.kept.position

    def merge(self, other: Profile) -> Profile:
        """The profile of both tables' rows.

        Rows are kept where both have them; ``left_out`` and column order follow the names. Sums on cut points that
        each found for itself are dropped: the whole is cut anew, and its parts profiled again like it.

        Raises
        ------
        BadInput
            Columns of different names or types; cut points of different references, or only one with any.
        """
        odd = sorted(set(self.columns) ^ set(other.columns))
        if odd:
            raise BadInput(f"column {odd[0]!r} is in only one of the two profiles; profile the same columns")
        sums = self._merged_sums(other)
        return Profile(
            {name: column.merge(other.columns[name]) for name, column in self.columns.items()},
            self.n + other.n,
            self.kept.merge(other.kept) if self.kept and other.kept else None,
            sums,
            dict(sorted((self.left_out | other.left_out).items())),
            min(self.seed, other.seed),
        )

    def _merged_sums(self, other: Profile) -> Sums | None:
        """Both sums; none where either has them on cut points of its own: those of the whole lie elsewhere."""
        if self.sums and other.sums:
            if self.sums.cuts.id != other.sums.cuts.id and self._cut_by_itself() and other._cut_by_itself():
                return None
            return self.sums.merge(other.sums)
        for only in (self, other):
            if only.sums and not only._cut_by_itself():
                raise BadInput(
                    f"only one profile has sums on cut points ({only.sums.cuts.id}); "
                    "profile both with --like the same one"
                )
        return None

    def _cut_by_itself(self) -> bool:
        return self.sums is not None and self.sums.cuts.id == freeze(self.columns).id

    def save(self, path: str | Path) -> None:
        """Write the profile as an artefact ``ecotone.profile/1``, whole or not at all."""
        save(self, path)

    @staticmethod
    def load(path: str | Path) -> Profile:
        """Read a profile; raises ``BadInput`` for a file that is not exactly one."""
        return Profile(*load(path))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready summary, without rows."""
        return {
            "n": self.n,
            "rows_kept": None if self.kept is None else len(self.kept.priority),
            "rows_for_calibration": None if self.kept is None else int(self.split().sum()),
            "cuts": self.sums.cuts.id if self.sums else None,
            "left_out": self.left_out,
            "columns": [c.to_dict() for c in self.columns.values()],
        }


def _one(frame: Any, name: str) -> Any:
    if name not in frame.column_names:
        raise BadInput(f"column {name!r} of the reference's cut points is not in this table; profile the same columns")
    column = frame.column(name)
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
