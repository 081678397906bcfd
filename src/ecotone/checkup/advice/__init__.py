"""From findings to what to do: needs, and the remedies that the cards offer for them."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._advice import advise as advise

__getattr__, __dir__ = attach(__name__, __file__)
