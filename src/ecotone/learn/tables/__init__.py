"""Generators for tables: any columns given any others."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._in_parts import impute_in_parts as impute_in_parts
    from ._in_parts import log_prob_in_parts as log_prob_in_parts
    from ._in_parts import sample_in_parts as sample_in_parts
    from ._table_model import TableModel as TableModel
    from ._table_network import MaskedPerceptron as MaskedPerceptron

__getattr__, __dir__ = attach(__name__, __file__)
