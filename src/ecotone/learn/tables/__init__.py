"""Generators for tables: any columns given any others."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._table_model import TableModel as TableModel
    from ._table_network import MaskedPerceptron as MaskedPerceptron

__getattr__, __dir__ = attach(__name__, __file__)
