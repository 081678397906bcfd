"""Names and numbers in words, as every text of the main job has them."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._format import FLOOR as FLOOR
    from ._format import between as between
    from ._format import ends as ends
    from ._format import number as number
    from ._format import percent as percent
    from ._format import plain as plain
    from ._format import power as power
    from ._format import precise as precise
    from ._format import pvalue as pvalue
    from ._format import signed as signed
    from ._format import small as small

__getattr__, __dir__ = attach(__name__, __file__)
