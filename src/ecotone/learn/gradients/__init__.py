"""Gradients through draws."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._gumbel_softmax import gumbel_softmax as gumbel_softmax
    from ._gumbel_softmax import gumbel_softmax_log_prob as gumbel_softmax_log_prob

__getattr__, __dir__ = attach(__name__, __file__)
