"""How concepts are learned: a detector's score as a function of features, and the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ecotone.contracts import Activations, BadInput
from ecotone.contracts.arrays import apply_head
from ecotone.detect.posthoc import PostHoc
from ecotone.learn.training import Training, train

from ._concept_network import ConceptLoss, ConceptNetwork


@dataclass(frozen=True)
class HeadScore:
    """The score ``(n,)`` of features ``(n, d)`` that enter the head, in double precision."""

    score: PostHoc
    head: tuple[Tensor, ...]

    def __call__(self, features: Tensor) -> Any:
        made = features.double()
        head = tuple(part.to(made.device) for part in self.head)
        return self.score.score_samples(Activations.unchecked(features=made, logits=apply_head(made, head), head=head))


def learn_concepts(
    network: ConceptNetwork,
    places: list[Tensor],
    label: Any,
    score: HeadScore,
    terms: tuple[float, float, float, float, float],
    training: Training,
) -> None:
    """Train ``network`` in place.

    Parameters
    ----------
    network : ConceptNetwork
    places : two (n, places, d) tensors
        Rows inside and rows outside.
    label : (n,) integers
        Of the rows inside.
    score : HeadScore
    terms : (coherency, similarity, reconstruction, completeness, separability)
        Coefficients of :class:`ConceptLoss`.
    training : Training

    Raises
    ------
    BadInput
        For a score that has no gradient, where its coefficient asks for one.
    """
    n, both = len(places[0]), torch.cat(places)
    wanted = score(both.mean(1))
    mean, spread = wanted[:n].mean(), wanted[:n].std(correction=0).clamp(min=1e-12)
    kept = wanted >= torch.quantile(wanted[:n], 0.05)
    own = (torch.arange(len(both)) < n).double()
    labels = torch.zeros(len(both)).double()
    labels[:n] = torch.as_tensor(label)

    def in_units(features: Tensor) -> Any:
        found = (score(features) - mean) / spread
        if features.requires_grad and not found.requires_grad:
            raise BadInput(f"{type(score.score).__name__} has no gradient; set completeness=0, or take another score")
        return found

    loss = ConceptLoss(lambda features: apply_head(features, score.head), in_units, *terms)
    given = torch.stack([labels, own, kept.double(), (wanted - mean) / spread], 1)
    train(network, loss, both, given=given, training=training)
