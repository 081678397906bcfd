"""How far two samples lie apart."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._energy_distance import energy_distance as energy_distance
    from ._gaussian_wasserstein import gaussian_wasserstein as gaussian_wasserstein
    from ._kolmogorov_smirnov import kolmogorov_smirnov as kolmogorov_smirnov
    from ._maximum_mean_discrepancy import maximum_mean_discrepancy as maximum_mean_discrepancy
    from ._sliced_wasserstein import sliced_wasserstein as sliced_wasserstein
    from ._wasserstein_1d import wasserstein_1d as wasserstein_1d

__getattr__, __dir__ = attach(__name__, __file__)
