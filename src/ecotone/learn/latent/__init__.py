"""Generators with latent variables: a bound on their likelihood, but no density to be had."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._conditional_vae import ConditionalVAE as ConditionalVAE
    from ._info_vae import InfoVAE as InfoVAE
    from ._iwae import IWAE as IWAE
    from ._vae import VAE as VAE

__getattr__, __dir__ = attach(__name__, __file__)
