"""What became of equal rows, in sentences."""

from __future__ import annotations

from ._duplicates import Copies

_TABLES = ("reference", "current")


def copy_notes(copies: Copies) -> list[str]:
    """Which rows were left out or kept, and why: one sentence for each thing that happened."""
    notes = [
        f"every row of {table} occurs in it a multiple of {times} times, as in a file appended to itself: one in "
        f"{times} was kept"
        for table, times in zip(_TABLES, copies.times)
        if times > 1
    ]
    notes += [
        f"{left:,} rows of {table} equal other rows and were left out"
        for table, left in zip(_TABLES, copies.left_out)
        if left
    ]
    if copies.refuted:
        notes.append(
            "equal rows do not fall on the two tables as rows that repeat by nature would, so they were taken for "
            "copies: of each group one row was kept, drawn from both tables together"
        )
    if sum(copies.repeats):
        notes.append(_kept(copies))
    if copies.overlap:
        one = copies.overlap == 1
        words = (
            "row of current is also in the reference; it was"
            if one
            else "rows of current are also in the reference; they were"
        )
        notes.append(f"{copies.overlap:,} {words} kept")
    return notes


def _kept(copies: Copies) -> str:
    said = " and ".join(f"{count:,} of {table}" for table, count in zip(_TABLES, copies.repeats) if count)
    most = " and ".join(
        f"{count:,} time{'' if count == 1 else 's'} in {table}" for table, count in zip(_TABLES, copies.commonest)
    )
    if copies.refuted:
        why = "they agree by chance in columns of few values, or more are equal than copying at this rate gives"
    elif copies.pvalue is None:
        why = "they agree by chance in columns of few values, or more are equal than copies made at random would be"
    elif copies.decidable:
        why = "they fall on the two tables as rows that repeat by nature do"
    else:
        why = "they are too few to tell copies from rows that repeat by nature"
    return f"rows that repeat were kept ({said} equal an earlier row): {why}; the commonest row occurs {most}"
