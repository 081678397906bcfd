"""What the texts of a column in a CSV file are, by one rule for the first block and for the whole file."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

#: Cells that mean "missing": unquoted ones in every column, quoted ones where the column is not text.
MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", "NaT"]

_FEW = 64
_CLOCK = r"^\d{2}:\d{2}(:\d{2})?$"
_CODE = r"^[+-]?0[0-9xX]"
_WHOLE = r"^[+-]?[0-9]+$"
#: From narrow to wide; the type of a column is the first that holds all of it.
_LADDER = (
    pa.null(), pa.int64(), pa.uint64(), pa.bool_(), pa.date32(), pa.time32("s"), pa.timestamp("s"),
    pa.timestamp("ns"), pa.timestamp("s", "UTC"), pa.timestamp("ns", "UTC"), pa.float64(), pa.string(),
)  # fmt: skip


@dataclass
class Guess:
    """The narrowest type that holds all of a column that has been seen.

    Parameters
    ----------
    step : int
        Position on the ladder of types.
    quoted : bool
        Some cells are words for "missing" in quotes: missing in a column of numbers, texts in one of texts.
    present : bool
        Some cells hold another value.
    """

    step: int = 0
    quoted: bool = False
    present: bool = False

    @property
    def type(self) -> pa.DataType:
        if not self.present:
            return pa.string() if self.quoted else pa.null()
        return _LADDER[self.step]

    def update(self, texts: pa.Array) -> None:
        """See more of the column: its cells as texts, null where they are missing and not quoted."""
        values = texts.drop_null()
        if self.present and _holds(_LADDER[self.step], values):  # most often: what it was so far
            return
        words = pc.is_in(values, pa.array(MISSING))
        if pc.any(words).as_py():
            self.quoted = True
            values = values.filter(pc.invert(words))
        if not len(values):
            return
        self.present = True
        values = pc.ascii_trim_whitespace(values)
        for some in (values.slice(0, _FEW), values):  # Arrow converts all of an array before it says that it cannot
            while not _holds(_LADDER[self.step], some):
                self.step += 1


def _holds(kind: pa.DataType, values: pa.Array) -> bool:
    if pa.types.is_null(kind):
        return len(values) == 0
    try:
        parse(values, kind)
    except pa.ArrowInvalid:
        return False
    # A leading zero makes a code (a post code, a phone number), not a number; so do more digits than 64 bits hold
    if pa.types.is_integer(kind):
        return not _any_code(values)
    return not pa.types.is_floating(kind) or not (_any_code(values) or _too_long(values))


def _any_code(values: pa.Array) -> bool:
    zero = values.filter(_starts_with_zero(values))
    return bool(pc.any(pc.match_substring_regex(zero, _CODE)).as_py())


def _starts_with_zero(values: pa.Array) -> pa.Array:
    signed = pc.or_(pc.starts_with(values, "-0"), pc.starts_with(values, "+0"))
    return pc.or_(pc.starts_with(values, "0"), signed)


def _too_long(values: pa.Array) -> bool:
    long = values.filter(pc.greater(pc.binary_length(values), 20))
    return bool(pc.any(pc.match_substring_regex(long, _WHOLE)).as_py())


def parse(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Texts as values of a type; raises ``ArrowInvalid`` where one is none."""
    if not pa.types.is_time(kind):
        return texts.cast(kind)
    if not pc.all(pc.match_substring_regex(texts, _CLOCK)).as_py():
        raise pa.ArrowInvalid("not a time of day")
    return pc.binary_join_element_wise("1970-01-01", texts, " ").cast(pa.timestamp("s")).cast(kind)


def parse_cells(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Cells read as texts, as values: quoted words for "missing" are missing."""
    words = pc.is_in(texts, pa.array(MISSING))
    return parse(pc.ascii_trim_whitespace(pc.if_else(words, pa.scalar(None, texts.type), texts)), kind)
