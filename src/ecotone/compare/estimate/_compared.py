"""The estimators that a report sets beside each other: those that rest on covariate shift or on confidence."""

from __future__ import annotations

from ._cbpe import CBPE
from ._core import Core
from ._dle import DLE
from ._doc import DOC
from ._doubly_robust import DOUBLY_ROBUST
from ._estimator import Estimator
from ._importance_weighted import IMPORTANCE_WEIGHTED
from ._pape import PAPE

#: Without ``atc``, which has accuracy only, and ``label_shift``, which is worse than none where p(x) moved.
COMPARED: tuple[Estimator, ...] = (CBPE, PAPE, DLE, IMPORTANCE_WEIGHTED, DOUBLY_ROBUST, DOC)


def compared(core: Core) -> dict[str, float]:
    """The value of each that has one for predictions of this kind; NaN where the metric is 0/0."""
    return {e.name: e.value(core) for e in COMPARED if e.refused(core) is None}
