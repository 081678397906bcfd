"""How good is the model now, with few labels or none?"""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._atc import atc as atc
    from ._cbpe import cbpe as cbpe
    from ._core import Core as Core
    from ._dle import dle as dle
    from ._doc import doc as doc
    from ._doubly_robust import doubly_robust as doubly_robust
    from ._errors import multiplicity as multiplicity
    from ._errors import spread_of as spread_of
    from ._errors import variance_of_mean as variance_of_mean
    from ._importance_weighted import importance_weighted as importance_weighted
    from ._label_shift import label_shift as label_shift
    from ._pape import pape as pape
    from ._predictions import Predictions as Predictions
    from ._retraining_gain import retraining_gain as retraining_gain

__getattr__, __dir__ = attach(__name__, __file__)
