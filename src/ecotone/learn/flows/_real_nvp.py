"""RealNVP: affine coupling layers."""

from __future__ import annotations

from ecotone.cards import Card
from ecotone.learn import Density
from ecotone.learn.arrays import vectors_only
from ecotone.learn.training import Training

from ._flow import Flow
from ._zuko import Composed, check_sizes

CARD = Card(
    name="RealNVP",
    summary="Flow of affine coupling layers: density and samples in one pass each.",
    contract="Distribution",
    title="Density Estimation Using Real NVP",
    authors=("Dinh, Laurent", "Sohl-Dickstein, Jascha", "Bengio, Samy"),
    year=2017,
    venue="ICLR",
    link="https://arxiv.org/abs/1605.08803",
)


class RealNVP(Flow):
    r"""Affine couplings :math:`u_b = x_b\,e^{a(x_a)} + m(x_a)`, :math:`u_a = x_a`, the halves changing sides.

    :math:`\log p(x) = \log N(u; 0, I) + \sum a(x_a)`. Each log-scale is bent so that it stays within
    :math:`\pm\log 10^3`. Rows are vectors: the paper's multi-scale layout of images is not part of this class.

    Parameters
    ----------
    transforms : int
        Coupling layers.
    hidden : tuple of int
        Widths of the hidden layers of each network.
    training : Training

    References
    ----------
    Dinh, Sohl-Dickstein and Bengio (2017), https://arxiv.org/abs/1605.08803

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import RealNVP, Training
    >>> x = np.random.default_rng(0).normal(size=(200, 2)) @ [[1, 0.5], [0, 1]]
    >>> model = RealNVP(transforms=2, hidden=(16,), training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.sample(3, seed=0).shape, model.log_prob(x[:4]).shape
    ((3, 2), (4,))
    """

    def __init__(
        self, transforms: int = 6, *, hidden: tuple[int, ...] = (128, 128), training: Training = Training()
    ) -> None:
        self.transforms, self.hidden, self.training = transforms, hidden, training

    def _module(self, shape: tuple[int, ...], width: int) -> Density:
        import torch
        from zuko.flows import GeneralCouplingTransform

        check_sizes("RealNVP", self.transforms, self.hidden)
        d = vectors_only(shape, "RealNVP")
        side = torch.arange(d) % 2 == 1
        return Composed(
            [
                GeneralCouplingTransform(d, width, mask=side if i % 2 == 0 else ~side, hidden_features=self.hidden)
                for i in range(self.transforms)
            ],
            d,
        )
