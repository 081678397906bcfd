"""What changes the features before a score reads them, and their composition."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from array_api_compat import array_namespace

from ecotone.contracts import Activations, BadInput
from ecotone.contracts.arrays import Array, apply_head

from ._energy import Energy
from ._post_hoc import PostHoc


class Shaper(PostHoc):
    """A map of the features, or of the head, with which any score composes: ``SCALE() | Energy()``.

    On its own it scores with the energy of the shaped logits. A method gives ``card``, ``_shape`` (a block in double
    precision to a block with other features, head or logits) and, where it learns, ``_fit``.
    """

    @abstractmethod
    def _shape(self, block: Activations) -> Activations:
        """A block with the features, the head or the logits changed."""

    def __or__(self, score: PostHoc) -> Shaped:
        return Shaped(self, score)

    def _score(self, block: Activations) -> Array:
        return Energy()._score(self._shape(block))


def with_features(block: Activations, features: Array) -> Activations:
    """The block with other features and the logits that the head makes of them."""
    return _changed(block, features=features, logits=apply_head(features, block.head))


def with_logits(block: Activations, logits: Array, head: Any = None) -> Activations:
    """The block with other logits, and the head that they come from if there is one."""
    return _changed(block, logits=logits, head=block.head if head is None else head)


def _changed(block: Activations, **parts: Any) -> Activations:
    kept = {name: getattr(block, name) for name in block.__dataclass_fields__}
    return Activations.unchecked(**(kept | parts))


class FunctionShaper(Shaper):
    """A shaper from any function of the features: ``FunctionShaper(lambda z: z.clip(max=1)) | KNN()``.

    Parameters
    ----------
    function : callable
        Features ``(m, d)`` in double precision to features ``(m, d)``; row by row.
    """

    def __init__(self, function: Callable[[Array], Array]) -> None:
        self.function = function

    def reads(self) -> frozenset[str]:
        """Features and head."""
        return frozenset({"features", "head"})

    def _shape(self, block: Activations) -> Activations:
        shaped = self.function(block.features)
        if tuple(getattr(shaped, "shape", ())) != tuple(block.features.shape):
            raise BadInput(
                f"function answered with shape {getattr(shaped, 'shape', None)} for features of shape "
                f"{tuple(block.features.shape)}; it must keep the shape"
            )
        return with_features(block, array_namespace(block.features).asarray(shaped))


class Shaped(PostHoc):
    """A score that reads shaped activations; made by ``shaper | score``.

    Parameters
    ----------
    shaper : Shaper
    score : PostHoc

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.detect.posthoc import Energy, FunctionShaper
    >>> acts = Activations(features=np.array([[1.0, 9.0]]), head=(np.eye(2), np.zeros(2)))
    >>> (FunctionShaper(lambda z: z.clip(max=2.0)) | Energy()).fit(acts).score_samples(acts).round(3)
    array([2.313])
    """

    def __init__(self, shaper: Shaper, score: PostHoc) -> None:
        self.shaper = shaper
        self.score = score

    def reads(self) -> frozenset[str]:
        """What both read."""
        return self.shaper.reads() | self.score.reads()

    def __or__(self, score: PostHoc) -> Shaped:
        """``ReAct() | SCALE() | KNN()`` shapes twice."""
        if not isinstance(self.score, Shaper | Shaped):
            raise BadInput(f"{type(self.score).__name__} is a score, not a shaper; compose shapers, and a score last")
        return Shaped(self.shaper, self.score | score)

    def _fit(self, activations: Activations) -> None:
        """Fit the shaper, then the score on what it shapes."""
        again = self.score.reads() & {"gradient", "second_pass"}
        if again and not isinstance(self.score, Shaper):
            raise BadInput(
                f"{type(self.score).__name__} runs the network again, where nothing is shaped; compose shapers with "
                "scores that read features or logits alone"
            )
        self.shaper.shapes_ = self.score.shapes_ = self.shapes_
        self.shaper._fit(activations)
        self.score._fit(activations.map(self.shaper._shape))

    def _score(self, block: Activations) -> Array:
        return self.score._score(self.shaper._shape(block))
