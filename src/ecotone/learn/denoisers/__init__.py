"""Denoisers from networks and from other denoisers."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._cached_denoiser import CachedDenoiser as CachedDenoiser
    from ._calibrate_score import calibrate_score as calibrate_score
    from ._count_denoiser import CountDenoiser as CountDenoiser
    from ._epsilon_scaling import epsilon_scaling as epsilon_scaling
    from ._epsilon_scaling import fit_epsilon_scaling as fit_epsilon_scaling
    from ._load_diffusers import load_diffusers as load_diffusers
    from ._load_edm import load_edm as load_edm
    from ._network_denoiser import NetworkDenoiser as NetworkDenoiser
    from ._shared_timestep_condition import shared_timestep_condition as shared_timestep_condition
    from ._stitch_denoisers import stitch_denoisers as stitch_denoisers
    from ._token_denoiser import TokenDenoiser as TokenDenoiser

__getattr__, __dir__ = attach(__name__, __file__)
