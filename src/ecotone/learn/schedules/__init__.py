"""The times that a sampler visits."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._chebyshev import Chebyshev as Chebyshev
    from ._cosine import Cosine as Cosine
    from ._fixed import Fixed as Fixed
    from ._karras import Karras as Karras
    from ._snr_density import snr_density as snr_density
    from ._trajectory_time_schedule import trajectory_time_schedule as trajectory_time_schedule
    from ._uniform import Uniform as Uniform

__getattr__, __dir__ = attach(__name__, __file__)
