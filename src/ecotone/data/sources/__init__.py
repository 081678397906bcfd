"""Tables wherever they are, read one way: record batches of one schema, which everything concatenates or folds."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._arrow_types import Family as Family
    from ._arrow_types import family as family
    from ._arrow_types import plain_array as plain_array
    from ._arrow_types import plain_type as plain_type
    from ._csv_types import MISSING as MISSING
    from ._duckdb import keyed_batches as keyed_batches
    from ._failures import Mistyped as Mistyped
    from ._find import find_files as find_files
    from ._frames import utf8 as utf8
    from ._open import open_source as open_source
    from ._source import Source as Source
    from ._stretch import Stretch as Stretch
    from ._stretch import unit_rows as unit_rows

__getattr__, __dir__ = attach(__name__, __file__)
