"""The main job: the verbs put together, the advice, the report."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    pass

__getattr__, __dir__, __all__ = attach(__name__, __file__)
