"""Scores fitted on rows of the reference alone."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._dte import DTE as DTE
    from ._gaussian_mixture_density import GaussianMixtureDensity as GaussianMixtureDensity
    from ._isolation_forest_score import IsolationForestScore as IsolationForestScore
    from ._knn_distance import KNNDistance as KNNDistance
    from ._nonlinear_invariants import NonlinearInvariants as NonlinearInvariants
    from ._shrunk_mahalanobis import ShrunkMahalanobis as ShrunkMahalanobis

__getattr__, __dir__ = attach(__name__, __file__)
