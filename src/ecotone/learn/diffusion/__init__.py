"""Generators that a denoiser and a process make."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._edm import EDM as EDM
    from ._flow_matching import FlowMatching as FlowMatching
    from ._gaussian_diffusion import GaussianDiffusion as GaussianDiffusion
    from ._generalized_masked_tokens import GeneralizedMaskedTokens as GeneralizedMaskedTokens
    from ._interpolating_tokens import InterpolatingTokens as InterpolatingTokens
    from ._jump import JUMP as JUMP
    from ._masked_tokens import MaskedTokens as MaskedTokens
    from ._score_sde import ScoreSDE as ScoreSDE

__getattr__, __dir__ = attach(__name__, __file__)
