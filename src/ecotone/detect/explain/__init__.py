"""Why a row is outside."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._concept_completeness import ConceptCompleteness as ConceptCompleteness
    from ._confusion_density_matrix import ConfusionDensityMatrix as ConfusionDensityMatrix
    from ._contributions import contributions as contributions

__getattr__, __dir__ = attach(__name__, __file__)
