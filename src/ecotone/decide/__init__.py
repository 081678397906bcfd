"""Numbers into p-values, intervals, probabilities and actions."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._budget import FAMILIES as FAMILIES
    from ._budget import Budget as Budget

__getattr__, __dir__ = attach(__name__, __file__)
