"""MAF: masked autoregressive affine layers."""

from __future__ import annotations

from ecotone.cards import Card
from ecotone.learn import Density
from ecotone.learn.arrays import vectors_only
from ecotone.learn.training import Training

from ._flow import Flow
from ._zuko import Composed, check_sizes, orders

CARD = Card(
    name="MAF",
    summary="Flow of autoregressive affine layers: density in one pass, samples in one pass a column.",
    contract="Distribution",
    title="Masked Autoregressive Flow for Density Estimation",
    authors=("Papamakarios, George", "Pavlakou, Theo", "Murray, Iain"),
    year=2017,
    venue="NeurIPS",
    link="https://arxiv.org/abs/1705.07057",
)


class MAF(Flow):
    r"""Autoregressive layers :math:`u_i = x_i\,e^{a_i(x_{<i})} + m_i(x_{<i})` by masked networks, in several orders.

    :math:`\log p(x) = \log N(u; 0, I) + \sum_i a_i`; each log-scale is bent so that it stays within
    :math:`\pm\log 10^3`.

    Parameters
    ----------
    transforms : int
    hidden : tuple of int
        Widths of the hidden layers of each masked network.
    training : Training

    References
    ----------
    Papamakarios, Pavlakou and Murray (2017), https://arxiv.org/abs/1705.07057

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import MAF, Training
    >>> x = np.random.default_rng(0).normal(size=(200, 2)) @ [[1, 0.5], [0, 1]]
    >>> model = MAF(transforms=2, hidden=(16,), training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.sample(3, seed=0).shape, model.log_prob(x[:4]).shape
    ((3, 2), (4,))
    """

    def __init__(
        self, transforms: int = 5, *, hidden: tuple[int, ...] = (128, 128), training: Training = Training()
    ) -> None:
        self.transforms, self.hidden, self.training = transforms, hidden, training

    def _module(self, shape: tuple[int, ...], width: int) -> Density:
        from zuko.flows import MaskedAutoregressiveTransform

        check_sizes("MAF", self.transforms, self.hidden)
        d = vectors_only(shape, "MAF")
        layers = [
            MaskedAutoregressiveTransform(d, width, order=order, hidden_features=self.hidden)
            for order in orders(d, self.transforms, self.training.seed)
        ]
        return Composed(layers, d)
