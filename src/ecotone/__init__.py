"""Ecotone: learn, detect, compare and decide about data distributions, with alarms that can be believed."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from .checkup import check as check
    from .data import read_table as read_table

__version__ = "0.1.0"
__getattr__, __dir__ = attach(__name__, __file__)
