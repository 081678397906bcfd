"""Estimates of a density ratio, current over reference."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._bbse import BBSE as BBSE
    from ._classifier_ratio import ClassifierRatio as ClassifierRatio
    from ._effective_sample_size import effective_sample_size as effective_sample_size
    from ._mlls import MLLS as MLLS
    from ._retasa import ReTaSA as ReTaSA
    from ._ulsif import ULSIF as ULSIF

__getattr__, __dir__ = attach(__name__, __file__)
