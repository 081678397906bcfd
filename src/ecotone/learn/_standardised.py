"""Rows on one scale: what networks are trained on, and the way back."""

from __future__ import annotations

import torch
from torch import Tensor

from ecotone.contracts import BadInput


class Standardised:
    """Learns a centre and a scale of rows: by column where they are vectors, by their first axis (channels) otherwise.

    Attributes
    ----------
    centre_, scale_ : float64 Tensor
        They broadcast against one row.
    """

    centre_: Tensor
    scale_: Tensor

    def _standardise(self, x: Tensor, std: float = 1.0) -> None:
        """Set the scale on which rows have mean 0 and standard deviation ``std``; raises for a constant column."""
        over = (0,) if x.ndim == 2 else (0, *range(2, x.ndim))
        x = x.detach().double().cpu()
        self.centre_, scale = x.mean(over, keepdim=True)[0], x.std(over, keepdim=True, correction=0)[0]
        flat = (scale <= 1e-12 * (1 + self.centre_.abs())).flatten()
        if bool(flat.any()):
            raise BadInput(
                f"column {int(flat.nonzero()[0])} of X is constant (at {float(self.centre_.flatten()[flat][0]):g}): it "
                "has no density; leave it out"
            )
        self.scale_ = scale / std

    def _encode(self, x: Tensor) -> Tensor:
        return (x - self.centre_.to(x)) / self.scale_.to(x)

    def _decode(self, z: Tensor) -> Tensor:
        return z * self.scale_.to(z) + self.centre_.to(z)

    def _log_volume(self, shape: tuple[int, ...]) -> Tensor:
        """The log of the Jacobian determinant of :meth:`_encode`: a density of z plus this is one of x."""
        return -torch.log(self.scale_).expand(shape).sum()
