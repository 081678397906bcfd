"""What stays nearly constant over the reference, under a learned bijection that keeps volumes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import check_is_fitted, validate_data

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, Floats
from ecotone.contracts.arrays import averaged
from ecotone.learn import Training
from ecotone.learn.training import train

from ._volume_preserving import VolumePreserving, invariant_loss

CARD = Card(
    name="NonlinearInvariants",
    summary="Functions of the rows, learned to be nearly constant over the reference, and how far they are violated.",
    contract="Detector",
    title="Learning Non-Linear Invariants for Unsupervised Out-of-Distribution Detection",
    authors=("Doorenbos, Lars", "Sznitman, Raphael", "Márquez-Neila, Pablo"),
    year=2024,
    venue="ECCV",
    link="https://arxiv.org/abs/2407.04022",
    row=95,
    remedy_for=("outliers",),
    advice="Look at the rows that break relations which all rows of the reference keep.",
    tier="experimental",
    claim="Around a spiral and on tables it is above the residual of principal components and Deep SVDD, and not below "
    "the distance to the second neighbour.",
)
_ROWS = 4096  # scored at a time


class NonlinearInvariants(BaseEstimator):
    r"""Non-linear invariants of the reference.

    A network f of rotations and additive couplings, a bijection of constant volume, is trained so that its last K
    outputs are small, and that rows are rebuilt by :math:`f^{-1}` when these are set to zero:

    .. math:: \min_f\; \mathbb E\,\tfrac1K \sum_{k} f_k(x)^2
              + \mathbb E\,\tfrac1d \big\lVert x - f^{-1}\big([f_{\le d-K}(x), 0]\big) \big\rVert^2,

    the second term with its gradient through the inverse only. K is d less the number of principal components that
    come before the explained variance exceeds ``1 - variance``. With :math:`D(x)` the sum of squared distances to the
    two nearest rows of the reference, and means over the reference (there without the row itself), the score is

    .. math:: s(x) = -\sum_{k} \frac{f_k(x)^2}{\overline{f_k^2}} - K\, \frac{D(x)}{\overline D}.

    Zero is the level of an invariant: outputs are not centred again. Activations of a network give such a sum for each
    layer, and for the features as the last, of which the invariants see rows of length 1.

    The paper takes a step for each term in turn, from random rotations, with a rate that falls linearly from 1e-4 over
    five epochs, with hidden layers as wide as the half that enters them; here one step takes both terms, the rate falls
    along a cosine, no layer is narrower than 64, and f starts by default as the rotation to the principal axes, whose
    invariants are the affine ones.

    The rows on which all invariants are zero are the image of a flat space under a bijection: an arc can be one, a
    closed curve or several clusters cannot.

    Parameters
    ----------
    variance : float
        Share of the variance that the invariants may hold, in (0, 1).
    blocks : int
        Of a rotation and a coupling; with 0 the invariants are linear.
    neighbours : int
        In D; 0 leaves the term out.
    standardise : bool, optional
        Divide columns by their standard deviation; by default for arrays and not for activations.
    start : {"principal", "random"}
    training : Training, optional
        By default 2000 steps of 64 rows.
    random_state : int

    Attributes
    ----------
    layers_ : list
        Of each layer what was learned; one for an array. Its ``invariants`` is K.

    References
    ----------
    Doorenbos, Sznitman and Márquez-Neila (2024), https://arxiv.org/abs/2407.04022

    Examples
    --------
    >>> t = np.random.default_rng(0).uniform(0, 3, 300)
    >>> x = np.column_stack([t * np.cos(t), t * np.sin(t)])
    >>> quick = NonlinearInvariants(training=Training(steps=40, eval_every=40, device="cpu"))
    >>> scores = quick.fit(x).score_samples([[np.cos(1), np.sin(1)], [-2.0, -2.0]])
    >>> bool(scores[0] > scores[1])
    True
    """

    def __init__(
        self,
        variance: float = 0.05,
        blocks: int = 4,
        neighbours: int = 2,
        standardise: bool | None = None,
        start: Literal["principal", "random"] = "principal",
        training: Training | None = None,
        random_state: int = 0,
    ) -> None:
        self.variance = variance
        self.blocks = blocks
        self.neighbours = neighbours
        self.standardise = standardise
        self.start = start
        self.training = training
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> NonlinearInvariants:
        """Learn from rows of the reference ``(n, d)``, or from their activations."""
        if not 0 < self.variance < 1 or self.blocks < 0 or self.neighbours < 0:
            raise BadInput(
                "NonlinearInvariants needs 0 < variance < 1, blocks >= 0 and neighbours >= 0, got "
                f"{self.variance!r}, {self.blocks!r} and {self.neighbours!r}"
            )
        if self.start not in ("principal", "random"):
            raise BadInput(f"start must be principal or random, got {self.start!r}")
        scaled = not isinstance(X, Activations) if self.standardise is None else self.standardise
        parts = self._parts(X, reset=True)
        self.layers_ = [self._learn(name, rows, scaled, i) for i, (name, rows) in enumerate(parts.items())]
        return self

    def score_samples(self, X: Any) -> Floats:
        """Minus the violation of the invariants, ``(n,)``; higher is more typical."""
        check_is_fitted(self)
        parts = self._parts(X, reset=False)
        total = np.zeros(len(next(iter(parts.values()))))
        for layer in self.layers_:
            total -= (self.invariants(layer, parts[layer.name]) ** 2 / layer.level).sum(1)
            if layer.index is not None:
                total -= layer.invariants * _near(layer.index, layer.scaled(parts[layer.name])) / layer.distance
        return total

    def invariants(self, layer: _Layer, rows: Floats) -> Floats:
        """The last K outputs of one of ``layers_`` for its rows, ``(n, K)``."""
        z = torch.as_tensor(layer.centred(rows) @ layer.axes)
        with torch.no_grad():
            found = torch.cat([layer.network(part)[:, -layer.invariants :] for part in z.split(_ROWS)])
        return np.asarray(found.numpy(), dtype=np.float64)

    def _parts(self, X: Any, reset: bool) -> dict[str, Floats]:
        if not isinstance(X, Activations):
            if not reset and self.layers_[0].name:
                raise BadInput("the detector was fitted on activations; give activations of the same network")
            return {"": validate_data(self, X, dtype=np.float64, reset=reset, ensure_min_samples=4 if reset else 1)}
        names = [f"layers.{name}" for name in X.layers] + (["features"] if X.features is not None else [])
        if not reset:
            names = [layer.name for layer in self.layers_]
        found = {name: averaged(X.gather(name).astype(np.float64)) for name in names}
        if not found or any(len(rows) < (4 if reset else 1) for rows in found.values()):
            raise BadInput("activations need features or layers, of four rows at least to fit")
        for layer in [] if reset else self.layers_:
            if found[layer.name].shape[1] != len(layer.mean):
                raise BadInput(
                    f"{layer.name} has {found[layer.name].shape[1]} columns and the reference had {len(layer.mean)}"
                )
        return found

    def _learn(self, name: str, rows: Floats, scaled: bool, at: int) -> _Layer:
        spread = rows.std(0)
        usable = spread > 1e-12 * (1 + np.abs(rows.mean(0)))
        layer = _Layer(name, name == "features", np.where(usable, spread, 1.0) if scaled else np.ones(len(spread)))
        shown = layer.shown(rows)
        layer.mean = shown.mean(0)
        size, axes = np.linalg.eigh(np.cov(layer.centred(rows), rowvar=False, bias=True).reshape(len(spread), -1))
        explained = np.cumsum(size[::-1]) / max(size.sum(), 1e-300)
        layer.invariants = len(size) - int(np.argmax(explained > 1 - self.variance))
        layer.axes = axes[:, ::-1].copy() if self.start == "principal" else np.eye(len(size))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state + at)
            layer.network = VolumePreserving(len(size), self.blocks, random=self.start == "random")
        settings = self.training or Training(
            batch_size=64, steps=2000, eval_every=250, device="cpu", seed=self.random_state
        )
        z, k = torch.as_tensor(layer.centred(rows) @ layer.axes), layer.invariants
        train(layer.network, lambda network, batch: invariant_loss(network, batch.x, k), z, training=settings)
        layer.network = layer.network.cpu().double()
        layer.level = _positive((self.invariants(layer, rows) ** 2).mean(0))
        if self.neighbours:
            near = min(self.neighbours, len(rows) - 1)
            layer.index = NearestNeighbors(n_neighbors=near).fit(layer.scaled(rows))
            layer.distance = float(_positive(np.array(_near(layer.index, None).mean())))
        return layer


class _Layer:
    """What was learned of one layer."""

    mean: Floats  # of what the network is shown
    axes: Floats
    invariants: int
    network: VolumePreserving
    level: Floats
    distance: float
    index: Any = None

    def __init__(self, name: str, unit: bool, scale: Floats) -> None:
        self.name, self.unit, self.scale = name, unit, scale

    def scaled(self, rows: Floats) -> Floats:
        return np.asarray(rows / self.scale)

    def shown(self, rows: Floats) -> Floats:
        z = self.scaled(rows)
        return z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12) if self.unit else z

    def centred(self, rows: Floats) -> Floats:
        return np.asarray(self.shown(rows) - self.mean)


def _near(index: NearestNeighbors, rows: Floats | None) -> Floats:
    """Sum of squared distances to the nearest rows; of the fitted rows themselves without each's own."""
    return np.asarray((index.kneighbors(rows)[0] ** 2).sum(1))


def _positive(values: Floats) -> Floats:
    """A level of 0, of what does not vary, would make every score infinite."""
    return np.maximum(values, 1e-12)
