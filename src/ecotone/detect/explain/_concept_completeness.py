"""Which directions of the features a detector's decisions rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, Explanation, Floats, as_matrix, as_numpy
from ecotone.detect.posthoc import Energy, PostHoc
from ecotone.learn import Training
from ecotone.measure import shapley_values

from ._concept_learning import HeadScore, learn_concepts
from ._concept_network import ConceptNetwork
from ._places import auroc, class_of_each, places_of

CARD = Card(
    name="ConceptCompleteness",
    summary="Concepts from which a detector's decisions can be rebuilt, and what each of them contributes.",
    contract="Explanation",
    title="Concept-based Explanations for Out-Of-Distribution Detectors",
    authors=("Choi, Jihye", "Raghuram, Jayaram", "Feng, Ryan", "Chen, Jiefeng", "Jha, Somesh", "Prakash, Atul"),
    year=2023,
    venue="ICML",
    link="https://arxiv.org/abs/2203.02586",
    row=42,
    reads=("features", "head", "labels"),
    remedy_for=("outliers",),
    advice="Look at what the concepts that carry the detections stand for.",
    tier="experimental",
    claim="Where a stroke is planted into digits, the concept that contributes most is nearer the stroke's direction "
    "than with concepts learned for the classifier alone.",
)
_BLIND = 0.02  # an AUROC this near a half has no completeness


class ConceptCompleteness(BaseEstimator):
    r"""Concepts for a detector, and their Shapley values.

    Features f, at one or several places, are projected on m unit vectors :math:`c_j`,
    :math:`v_j = \langle f, c_j\rangle\, 1[\cos(f, c_j) > \tau]`, divided by :math:`\sum_j v_j + 10^{-3}`, and rebuilt
    as g(v) by a two-layer network. Vectors and g minimise

    .. math:: \text{CE} - \lambda_1 \text{coherency} + \lambda_2\, \overline{C^\top C - I}
              + \lambda_3 \lVert f - g \rVert + \lambda_4 \big(S(f) - S(g)\big)^2 - \lambda_5 J,

    with the classifier's cross-entropy from g, the mean of each concept's ten largest cosines, the detector's score S
    in units of its standard deviation inside, and :math:`J = \delta^\top S_w^{-1} \delta` of the concepts' cosines
    between the rows that the *detector* takes for inside and the others. :math:`\lambda_3 = \lambda_4 = \lambda_5 = 0`
    are concepts for the classifier alone (Yeh and others).

    The detection completeness of a set of concepts is :math:`(A_g - 1/2) / (A - 1/2)`, the AUROC of the score of
    rebuilt features against that of the features. It can exceed 1 or be negative, and means nothing where A is near a
    half; the explanation is therefore in units of AUROC: the parts are Shapley values of :math:`A_g - 1/2`, with
    the other concepts' columns zero, and sum to that of all concepts (with none, features are constant and
    :math:`A_g = 1/2`). They are exact up to twelve concepts, and beyond from random orders, with the same sum.

    Parameters
    ----------
    score : PostHoc, optional
        Fitted; of features, logits and head. By default the energy.
    concepts : int or (d, m) array
        How many to learn, or given ones, which stay.
    layer : str, optional
        Maps ``(n, d, *space)`` whose average over places enters the head; by default the features, one place.
    recovery : {"network", "transpose"}
        g; or the vectors transposed, without threshold and division, which is exact for an orthonormal basis.
    threshold : float
        tau.
    hidden : int
        Of g.
    coherency, similarity, reconstruction, completeness, separability : float
        The lambdas in order.
    training : Training, optional
        By default 800 steps of 256 rows at a rate of 0.01.
    random_state : int

    Attributes
    ----------
    concepts_ : (d, m) array
        Columns of length 1.

    Raises
    ------
    BadInput
        For activations without features and head, a score that reads more or has no gradient, or settings out of range.

    References
    ----------
    Choi, Raghuram, Feng, Chen, Jha and Prakash (2023), https://arxiv.org/abs/2203.02586; Yeh, Kim, Arik, Li, Pfister
    and Ravikumar (2020), https://arxiv.org/abs/1910.07969

    Examples
    --------
    >>> z = np.random.default_rng(0).normal(size=(200, 2)) + [3.0, 0.0]
    >>> inside, outside = (Activations(features=f, head=(np.eye(2), np.zeros(2))) for f in (z, z - [3.0, 0.0]))
    >>> told = ConceptCompleteness(concepts=np.eye(2), recovery="transpose").fit(inside, outside)
    >>> {name: round(part, 2) for name, part in told.explain(inside, outside, ["moved", "still"]).parts.items()}
    {'moved': 0.48, 'still': -0.01}
    """

    def __init__(
        self,
        score: PostHoc | None = None,
        concepts: Any = 10,
        *,
        layer: str | None = None,
        recovery: Literal["network", "transpose"] = "network",
        threshold: float = 0.2,
        hidden: int = 500,
        coherency: float = 10.0,
        similarity: float = 10.0,
        reconstruction: float = 0.1,
        completeness: float = 1.0,
        separability: float = 10.0,
        training: Training | None = None,
        random_state: int = 0,
    ) -> None:
        self.score = score
        self.concepts = concepts
        self.layer = layer
        self.recovery = recovery
        self.threshold = threshold
        self.hidden = hidden
        self.coherency = coherency
        self.similarity = similarity
        self.reconstruction = reconstruction
        self.completeness = completeness
        self.separability = separability
        self.training = training
        self.random_state = random_state

    def fit(self, inside: Activations, outside: Activations) -> ConceptCompleteness:
        """Learn concepts from rows inside (with labels, else predictions count) and auxiliary rows outside."""
        if self.recovery not in ("network", "transpose") or self.hidden < 1:
            raise BadInput(
                f"recovery must be network or transpose and hidden at least 1, got {self.recovery!r} and {self.hidden}"
            )
        places = [places_of(part, self.layer, name) for part, name in ((inside, "inside"), (outside, "outside"))]
        self.head_ = tuple(torch.as_tensor(as_numpy(part).astype(np.float64)) for part in inside.head or ())
        width = places[0].shape[2]
        if places[1].shape[2] != width or self.head_[0].shape[1] != width:
            raise BadInput(
                f"inside has {width} features, outside {places[1].shape[2]} and the head takes "
                f"{self.head_[0].shape[1]}; give the same to each"
            )
        fixed = not isinstance(self.concepts, int | np.integer)
        network = self._network(width, fixed)
        if self.recovery == "network" or not fixed:
            self._learn(network, places, inside)
        self.network_ = network.cpu().double().eval()
        self.concepts_ = network.unit().detach().numpy()
        return self

    def concept_scores(self, activations: Activations) -> Floats:
        """``(n, m)``: cosines with the concepts, at the place where each is largest in magnitude."""
        places = self._fitted(activations, "activations")
        with torch.no_grad():
            return np.asarray(self.network_.seen(places).numpy(), dtype=np.float64)

    def explain(self, inside: Activations, outside: Activations, names: Sequence[str] | None = None) -> Explanation:
        """What each concept contributes to telling rows outside from rows inside.

        Parameters
        ----------
        inside, outside : Activations
        names : sequence of str, optional
            Of the concepts; ``concept 0`` and so on by default.

        Returns
        -------
        Explanation
            The total is :math:`A_g - 1/2`. Its details hold ``auroc`` of the score, ``auroc_rebuilt``, and the
            ``completeness``, None where the score hardly tells the rows apart.
        """
        m = self._fitted_concepts()
        names = [f"concept {j}" for j in range(m)] if names is None else list(names)
        if len(set(names)) != m:
            raise BadInput(f"names must hold {m} different names, got {names!r}")
        parts = [self._fitted(a, name) for a, name in ((inside, "inside"), (outside, "outside"))]
        both, n = torch.cat(parts), len(parts[0])

        def worth(coalition: frozenset[int]) -> float:
            return auroc(self._rebuilt_score(both, coalition), n) - 0.5 if coalition else 0.0

        found = shapley_values(worth, m, seed=self.random_state).values
        told, total = auroc(self._score(both.mean(1)).numpy(), n), worth(frozenset(range(m)))
        share = total / (told - 0.5) if abs(told - 0.5) >= _BLIND else None
        details = {"auroc": told, "auroc_rebuilt": total + 0.5, "completeness": share}
        return Explanation(total, dict(zip(names, found.tolist(), strict=True)), CARD.name, details=details)

    def contributions(self, activations: Activations) -> Floats:
        """``(n, m)``: Shapley values of each row's score from rebuilt features, which sum to what all concepts add."""
        m, places = self._fitted_concepts(), self._fitted(activations, "activations")
        return shapley_values(lambda s: self._rebuilt_score(places, s), m, seed=self.random_state).values.T

    def _network(self, width: int, fixed: bool) -> ConceptNetwork:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            if fixed:
                vectors = torch.as_tensor(as_matrix(self.concepts, "concepts"))
            elif self.concepts < 1:
                raise BadInput(f"concepts must be at least 1, got {self.concepts}")
            else:
                vectors = torch.empty(width, int(self.concepts)).uniform_(-0.5, 0.5)
            if vectors.shape[0] != width:
                raise BadInput(f"concepts must be ({width}, m), one column each, got {tuple(vectors.shape)}")
            network = self.recovery == "network"
            return ConceptNetwork(
                vectors, self.threshold if network else None, self.hidden if network else 0, not fixed
            )  # fmt: skip

    def _learn(self, network: ConceptNetwork, places: list[Tensor], inside: Activations) -> None:
        terms = (self.coherency, self.similarity, self.reconstruction, self.completeness, self.separability)
        settings = self.training or Training(
            steps=800, eval_every=200, learning_rate=0.01, device="cpu", seed=self.random_state
        )
        learn_concepts(network, places, class_of_each(inside), self._score, terms, settings)

    @property
    def _score(self) -> HeadScore:
        return HeadScore(self.score or Energy(), self.head_)

    def _rebuilt_score(self, places: Tensor, coalition: frozenset[int]) -> Floats:
        keep = torch.zeros(self.concepts_.shape[1], dtype=torch.float64)
        keep[sorted(coalition)] = 1
        with torch.no_grad():
            return np.asarray(as_numpy(self._score(self.network_(places, keep).mean(1))), dtype=np.float64)

    def _fitted_concepts(self) -> int:
        if not hasattr(self, "concepts_"):
            raise BadInput("call fit with activations inside and outside first")
        return int(self.concepts_.shape[1])

    def _fitted(self, acts: Activations, name: str) -> Tensor:
        self._fitted_concepts()
        places = places_of(acts, self.layer, name)
        if places.shape[2] != len(self.concepts_):
            raise BadInput(f"{name} has {places.shape[2]} features and the concepts have {len(self.concepts_)}")
        return places
