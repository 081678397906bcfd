"""Class densities of an exponential family whose geometry is a p-norm's."""

from __future__ import annotations

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, as_numpy, as_seed
from ecotone.contracts.arrays import Array, like

from ._logits import log_sum_exp
from ._moments import class_moments, layer
from ._norm_family import exponents, likeliest, slopes
from ._post_hoc import PostHoc

CARD = Card(
    name="ConjNorm",
    summary="Sum of class densities of an exponential family given by a norm, over their partition functions.",
    contract="PostHoc",
    title="ConjNorm: Tractable Density Estimation for Out-of-Distribution Detection",
    authors=("Peng, Bo", "Luo, Yadan", "Zhang, Yonggang", "Li, Yixuan", "Fang, Zhen"),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2402.17888",
    row=30,
    reads=("features", "labels"),
    remedy_for=("outliers",),
    advice="Look at the rows that no class density expects.",
    tier="experimental",
    claim="Mean AUROC over several outside sets is above those of Mahalanobis and Energy.",
)
NORMS = (1.2, 1.5, 1.8, 2.0, 2.2, 2.5, 3.0)  # on both sides of 2, the Gaussian's; chosen, not tuned
TEMPERATURES = tuple(float(t) for t in np.geomspace(1e-4, 1.0, 13))
LOOK = 4000  # rows on which p and the temperature are chosen


class ConjNorm(PostHoc):
    r"""Exponential families conjugate to a norm.

    With 1/p + 1/q = 1, :math:`\varphi(z) = \tfrac12 \lVert z \rVert_q^2` and its Bregman divergence
    :math:`d(z, \mu) = \varphi(z) - \varphi(\mu) - \langle z - \mu, \nabla \varphi(\mu) \rangle`,

    .. math::

        s(x) = \log \sum_c \frac{e^{a_c(z)}}{Z_c}, \qquad
        a_c(z) = \frac{\varphi(\mu_c) - d(z, \mu_c)}{t}, \qquad
        Z_c = \frac1n \sum_i e^{a_c(z_i)},

    where z is scaled to :math:`\lVert z \rVert_p = 1` and :math:`\mu_c` is the mean of class c, scaled alike. The
    partition function is the equal-weight average over the reference that the authors' programs take, without their
    bootstrap: a constant relative to the distribution of the reference, not the integral over all z. p = 2, t = 1
    without scaling are normal densities with covariance 1. All is computed in logarithms, and powers as
    :math:`\operatorname{sign}(b) |b|^{q-1}`, so that zeros stay finite at p > 2.

    Parameters
    ----------
    p : float or None
        Above 1; the authors' 2.2 for CIFAR-10, 2.5 for CIFAR-100, 1.5 for ImageNet, which they chose from (1, 3] with
        auxiliary outliers. None chooses from 1.2 to 3 without any: the p under which rows kept apart are likeliest
        given their class, relative to the distribution of all rows; it is a choice among ratios to that distribution,
        and need not be the norm of a density.
    temperature : float or None
        t > 0, as decisive as p: with the three values of p above go 0.05, 0.08 and 0.0005. None chooses it likewise.
    normalise : bool
    partition : {"all", "class"}
        Average over all rows (the authors' CIFAR programs), or over those of class c (their ImageNet program).
    random_state : int, Generator or None
        Of the rows on which p and t are chosen.

    Attributes
    ----------
    p_, temperature_ : float
    slopes_ : (classes, d) array
        :math:`\nabla \varphi(\mu_c)`.
    log_partition_ : (classes,) array

    Raises
    ------
    BadInput
        For a class without rows, p not above 1, a temperature not above 0, or another ``partition``.

    References
    ----------
    Peng, Luo, Zhang, Li and Fang (2024), https://arxiv.org/abs/2402.17888

    Examples
    --------
    >>> acts = Activations(features=np.array([[3.0, 0.2], [2.0, 0.0], [0.1, 2.0], [0.0, 3.0]]), labels=[0, 0, 1, 1])
    >>> new = Activations(features=np.array([[4.0, 0.0], [1.0, 1.0]]))
    >>> ConjNorm(p=2.2, temperature=0.05).fit(acts).score_samples(new).round(1)
    array([ 0.7, -4.6])
    """

    card = CARD

    def __init__(
        self,
        p: float | None = 2.2,
        temperature: float | None = 0.05,
        normalise: bool = True,
        partition: str = "all",
        random_state: int | np.random.Generator | None = 0,
    ) -> None:
        self.p = p
        self.temperature = temperature
        self.normalise = normalise
        self.partition = partition
        self.random_state = random_state

    def _fit(self, activations: Activations) -> None:
        self._check()
        (moments,) = class_moments(activations, self.block_rows, layer, scatter=False)
        self.p_, self.temperature_ = self._chosen(activations)
        self.slopes_ = slopes(moments.means, self.p_, self.normalise)
        total = np.full(len(moments.counts), -np.inf)
        for block in activations.blocks(self.block_rows):
            a = as_numpy(self._exponents(block.features))
            if self.partition == "class":
                a = np.where(as_numpy(block.labels)[:, None] == np.arange(a.shape[1]), a, -np.inf)
            total = np.logaddexp(total, np.logaddexp.reduce(a, axis=0))
        counts = moments.counts if self.partition == "class" else len(activations)
        self.log_partition_ = total - np.log(counts)

    def _check(self) -> None:
        if self.p is not None and not 1 < self.p < np.inf:
            raise BadInput(f"p must be above 1 and finite, got {self.p!r}")
        if self.temperature is not None and not self.temperature > 0:
            raise BadInput(f"temperature must be positive, got {self.temperature!r}")
        if self.partition not in ("all", "class"):
            raise BadInput(f"partition must be 'all' or 'class', got {self.partition!r}")

    def _chosen(self, activations: Activations) -> tuple[float, float]:
        norms = NORMS if self.p is None else (self.p,)
        temperatures = TEMPERATURES if self.temperature is None else (self.temperature,)
        if len(norms) == len(temperatures) == 1:
            return norms[0], temperatures[0]
        n, rng = len(activations), as_seed(self.random_state)
        block = activations[np.sort(rng.choice(n, min(n, LOOK), replace=False))]
        z, labels = as_numpy(block.features), as_numpy(block.labels)
        return likeliest(z[labels >= 0], labels[labels >= 0], norms, temperatures, self.normalise, rng)

    def _exponents(self, z: Array) -> Array:
        return exponents(z, like(self.slopes_, z), self.p_, self.normalise) / self.temperature_

    def _score(self, block: Activations) -> Array:
        z = block.features
        return log_sum_exp(self._exponents(z) - like(self.log_partition_, z))
