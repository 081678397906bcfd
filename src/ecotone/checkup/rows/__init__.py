"""Which current rows lie outside the reference, behind a global test."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._place import Place as Place
    from ._place import places as places
    from ._row_reason import RowReason as RowReason
    from ._row_reason import SurprisingValue as SurprisingValue
    from ._row_share import Scores as Scores
    from ._row_share import share_outside as share_outside
    from ._rows import rows_outside as rows_outside
    from ._rows_outside import RowsOutside as RowsOutside

__getattr__, __dir__ = attach(__name__, __file__)
