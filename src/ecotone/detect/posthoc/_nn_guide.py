"""Energy guided by the nearest of the reference's features."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, as_numpy, as_seed
from ecotone.contracts.arrays import Array

from ._logits import log_sum_exp
from ._nearest import largest_products, unit
from ._post_hoc import PostHoc

CARD = Card(
    name="NNGuide",
    summary="The energy times the mean of the nearest cosines to the reference, each weighed by its row's energy.",
    contract="PostHoc",
    title="Nearest Neighbor Guidance for Out-of-Distribution Detection",
    authors=("Park, Jaewoo", "Jung, Yoon Gyo", "Teoh, Andrew Beng Jin"),
    year=2023,
    venue="ICCV",
    link="https://arxiv.org/abs/2309.14888",
    reads=("features", "logits"),
    remedy_for=("outliers",),
    advice="Look at the rows that the network is sure of far from all that the reference holds.",
)


class NNGuide(PostHoc):
    r"""Nearest neighbour guidance of the energy.

    With :math:`E(x) = \log \sum_c e^{z_c(x)}` and unit features :math:`\hat h`,

    .. math:: s(x) = E(x) \cdot \frac1k \sum_{i \in \text{top } k} E(x_i)\, \langle \hat h_i, \hat h(x) \rangle ,

    over the k rows of the bank with the largest products. Energies of reference rows scale the bank, so that
    neighbours of which the network is sure count more. Products are formed block by block, in 32 MiB.

    Parameters
    ----------
    k : int
        Neighbours; the authors' 10 (OpenOOD takes 100).
    share : float
        Of the reference that the bank keeps, in (0, 1], drawn by ``seed``.
    random_state : int

    Attributes
    ----------
    bank_ : (b, d) array
        Unit features times energies.

    Raises
    ------
    BadInput
        For ``k`` below 1, a ``share`` outside (0, 1], or a reference whose energies are not positive on average: the
        product would turn the order round.

    References
    ----------
    Park, Jung and Teoh (2023), https://arxiv.org/abs/2309.14888

    Examples
    --------
    >>> acts = Activations(features=np.array([[2.0, 0.0], [0.0, 5.0]]), logits=np.array([[3.0, 0.0], [0.0, 6.0]]))
    >>> NNGuide(k=1).fit(acts).score_samples(acts).round(2)
    array([ 9.29, 36.03])
    """

    card = CARD

    def __init__(self, k: int = 10, share: float = 1.0, random_state: int = 0) -> None:
        self.k = k
        self.share = share
        self.random_state = random_state

    def _fit(self, activations: Activations) -> None:
        if self.k < 1:
            raise BadInput(f"k must be at least 1, got {self.k!r}")
        if not 0 < self.share <= 1:
            raise BadInput(f"share must lie in (0, 1], got {self.share!r}")
        n = len(activations)
        if self.share < 1:
            kept = max(round(self.share * n), 1)
            activations = activations[np.sort(as_seed(self.random_state).permutation(n)[:kept])]
        bank, energies = [], []
        for block in activations.blocks(self.block_rows):
            energies.append(as_numpy(log_sum_exp(block.logits)))
            bank.append(as_numpy(unit(block.features)) * energies[-1][:, None])
        average = float(np.concatenate(energies).mean())
        if not average > 0:
            raise BadInput(
                f"the reference's energies average {average:.3g} and NNGuide multiplies by them; add one constant to "
                "all logits, which leaves the probabilities as they are, so that they are positive"
            )
        self.bank_ = np.concatenate(bank)

    def _score(self, block: Activations) -> Array:
        xp = array_namespace(block.features)
        nearest = largest_products(unit(block.features), self.bank_, min(self.k, len(self.bank_)))
        return log_sum_exp(block.logits) * xp.mean(nearest, axis=1)
