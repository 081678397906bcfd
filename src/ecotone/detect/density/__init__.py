"""Scores from a learned density or its parts."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._msma import MSMA as MSMA

__getattr__, __dir__ = attach(__name__, __file__)
