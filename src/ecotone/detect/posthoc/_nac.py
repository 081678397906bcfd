"""How much of the reference shares the states of a row's neurons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, as_numpy
from ecotone.contracts.arrays import Array, like

from ._logits import softmax
from ._neuron_states import activation_times_slope, bin_edges
from ._post_hoc import PostHoc
from ._second_pass import second_pass

CARD = Card(
    name="NAC",
    summary="The share of neurons whose state, activation times gradient, is one that the reference covers.",
    contract="PostHoc",
    title="Neuron Activation Coverage: Rethinking Out-of-distribution Detection and Generalization",
    authors=("Liu, Yibing", "Tian, Chris Xing", "Li, Haoliang", "Ma, Lei", "Wang, Shiqi"),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2306.02879",
    row=20,
    reads=("features", "logits", "head"),
    remedy_for=("outliers",),
    advice="Look at the rows that drive neurons into states that the reference hardly reaches.",
    claim="Over several layers, mean AUROC over far outside sets is above the softmax probability's.",
)

PENULTIMATE = "penultimate"
Setting = float | Mapping[str, float]


class NAC(PostHoc):
    r"""Neuron activation coverage.

    The state of a neuron is :math:`\sigma(\alpha z g)`, with z its output and
    :math:`g = \partial\, \mathrm{KL}(u \,\Vert\, p) / \partial z` the slope of the divergence from the uniform
    distribution u to the predicted p; of a map z and g are each summed over places first. The states of ``rows`` rows
    of the reference are counted in bins; where a bin of a neuron holds n of them, its coverage is
    :math:`\Phi = \min(n / O, 1)`. The score is the mean of :math:`\Phi` at the row's states over the neurons of a
    layer, then over layers.

    Features have the closed slope :math:`g = W^\top (p - 1/K)`, which needs no second pass; hidden layers run the
    network again. The bins are the authors': the M - 1 intervals between M edges, closed below, dense about 1/2 (the
    logarithm, to base 1000, of even steps from 1 to :math:`\sqrt{1000}`, mirrored), the last of which nothing
    reaches. :math:`\alpha`, M and O of their ResNet-18 on CIFAR-10 were tuned by layer on outside sets; what works
    depends on the scale of the activations.

    Parameters
    ----------
    layers : sequence of str
        ``"penultimate"`` for the features, and names of layers that the network keeps.
    alpha : float or mapping of layer to float
        Steepness; the authors' 100 for features, 0.001 to 1000 for hidden layers.
    edges : int or mapping
        M, even.
    full : float or mapping
        O, the rows that cover a bin.
    rows : int, optional
        Of the reference to count, as many of each class where there are labels, else evenly spaced; None for all.

    Attributes
    ----------
    coverage_ : dict of str to (M - 1, neurons) array
        :math:`\Phi` by layer.
    model_coverage_ : float
        NAC-ME: :math:`\Phi` summed over bins by M, averaged over neurons and layers. The authors rank networks trained
        for one task by it, the higher the more accurate outside the domain. It depends on how sure the networks are:
        along one short training the early checkpoints cover more, and the order is the reverse (see the claim).

    Raises
    ------
    BadInput
        For settings out of range, or a layer that the network does not keep.

    References
    ----------
    Liu, Tian, Li, Ma and Wang (2024), https://arxiv.org/abs/2306.02879

    Examples
    --------
    >>> g = np.random.default_rng(0)
    >>> acts = Activations(features=g.normal(2, 0.1, (500, 3)), head=(np.eye(2, 3), np.zeros(2)))
    >>> off = Activations(features=g.normal(4, 0.1, (500, 3)), head=acts.head)
    >>> detector = NAC(alpha=1).fit(acts)
    >>> bool(detector.score_samples(off).mean() < detector.score_samples(acts).mean())
    True
    """

    card = CARD

    def __init__(
        self,
        layers: Sequence[str] = (PENULTIMATE,),
        alpha: Setting = 100.0,
        edges: int | Mapping[str, int] = 50,
        full: Setting = 50.0,
        rows: int | None = 1000,
    ) -> None:
        self.layers = layers
        self.alpha = alpha
        self.edges = edges
        self.full = full
        self.rows = rows

    def reads(self) -> frozenset[str]:
        """Features, logits and head for the features' states; a second pass with gradients for hidden layers."""
        if not self.layers or isinstance(self.layers, str):
            raise BadInput(f"layers must be a sequence of names, got {self.layers!r}")
        words = set(CARD.reads) if PENULTIMATE in self.layers else set()
        return frozenset(words | ({"gradient"} if set(self.layers) - {PENULTIMATE} else set()))

    def _fit(self, activations: Activations) -> None:
        self.edges_ = {name: bin_edges(self._of("edges", name)) for name in self.layers}
        counts: dict[str, Any] = dict.fromkeys(self.layers, 0)
        for block in activations[self._chosen(activations)].blocks(self.block_rows):
            for name, state in self._states(block).items():
                shape = len(self.edges_[name]) - 1, state.shape[1]
                flat = as_numpy(self._bins(name, state)) * shape[1] + np.arange(shape[1])
                counts[name] = counts[name] + np.bincount(flat.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
        self.coverage_ = {name: np.minimum(found / self._of("full", name), 1.0) for name, found in counts.items()}
        by_layer = [(phi.sum(0) / len(self.edges_[name])).mean() for name, phi in self.coverage_.items()]
        self.model_coverage_ = float(np.mean(by_layer))

    def _of(self, setting: str, name: str) -> float:
        value = getattr(self, setting)
        if isinstance(value, Mapping):
            if name not in value:
                raise BadInput(f"{setting} has no value for layer {name!r}; give one for each of {list(self.layers)}")
            value = value[name]
        if not value > 0:
            raise BadInput(f"{setting} must be positive, got {value!r}")
        return float(value)

    def _chosen(self, activations: Activations) -> Any:
        n = len(activations)
        if self.rows is None or self.rows >= n:
            return slice(None)
        labels = np.zeros(n, int) if activations.labels is None else activations.gather("labels")
        if not (labels >= 0).any():
            labels = np.zeros(n, int)
        members = [np.flatnonzero(labels == kind) for kind in np.unique(labels[labels >= 0])]
        each = max(self.rows // len(members), 1)
        return np.sort(np.concatenate([m[np.linspace(0, len(m) - 1, min(each, len(m))).astype(int)] for m in members]))

    def _states(self, block: Activations) -> dict[str, Array]:
        hidden = [name for name in self.layers if name != PENULTIMATE]
        found: dict[str, Array] = {}
        if hidden:
            products = second_pass(block, lambda acts: activation_times_slope(acts, hidden), maps=True)
            found = dict(zip(hidden, products, strict=True))
        if PENULTIMATE in self.layers and block.head is not None:
            slope = (softmax(block.logits) - 1 / block.logits.shape[1]) @ like(block.head.weight, block.features)
            found[PENULTIMATE] = block.features * slope
        return {name: _sigmoid(self._of("alpha", name) * found[name]) for name in self.layers}

    def _bins(self, name: str, state: Array) -> Array:
        return array_namespace(state).searchsorted(like(self.edges_[name], state), state, side="right") - 1

    def _score(self, block: Activations) -> Array:
        means = []
        for name, state in self._states(block).items():
            xp, neurons = array_namespace(state), state.shape[1]
            column = xp.arange(neurons, device=state.device)
            flat = xp.reshape(self._bins(name, state) * neurons + column, (-1,))
            phi = xp.take(xp.reshape(like(self.coverage_[name], state), (-1,)), flat)
            means.append(xp.mean(xp.reshape(phi, state.shape), axis=1))
        return sum(means) / len(means)


def _sigmoid(x: Array) -> Array:
    return 0.5 * (1 + array_namespace(x).tanh(0.5 * x))
