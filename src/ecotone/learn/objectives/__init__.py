"""What training minimises."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._contrastive_flow_matching import ContrastiveFlowMatching as ContrastiveFlowMatching
    from ._denoising import Denoising as Denoising
    from ._denoising_cross_entropy import DenoisingCrossEntropy as DenoisingCrossEntropy
    from ._generalized_masked_nelbo import GeneralizedMaskedNELBO as GeneralizedMaskedNELBO
    from ._guided_denoising import GuidedDenoising as GuidedDenoising
    from ._interpolating_nelbo import InterpolatingNELBO as InterpolatingNELBO
    from ._masked_nelbo import MaskedNELBO as MaskedNELBO
    from ._relative_entropy import RelativeEntropy as RelativeEntropy
    from ._residual_constrained import ResidualConstrained as ResidualConstrained
    from ._token_loss import TokenLoss as TokenLoss

__getattr__, __dir__ = attach(__name__, __file__)
