"""A fitted scikit-learn classifier as a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Activations, BadInput

from ._arrow_rows import for_estimator, is_arrow
from ._estimator_parts import read_parts


class EstimatorNetwork:
    r"""A fitted classifier of scikit-learn's kind, and what it computes on the way to its classes.

    ====================================  ===========================================  ===============================
    classifier                            features                                     logits
    ====================================  ===========================================  ===============================
    linear (logistic regression, linear   the inputs, with the coefficients as head    decision function
    support vectors, discriminant ...)
    ``MLPClassifier``                     the last hidden layer, with the last         before the softmax
                                          weights as head; earlier ones are layers
                                          ``hidden1``, ``hidden2`` ...
    ``GradientBoostingClassifier``,       what each round's trees add to each class's  decision function
    ``HistGradientBoostingClassifier``,   margin, ``(n, rounds * margins)``; the head
    LightGBM's ``LGBMClassifier``         sums them
    ``RandomForestClassifier``,           each tree's probabilities (of two classes,   :math:`\log p`
    ``ExtraTreesClassifier``              the second's); no head
    any other                             none                                         :math:`\log p`, or the decision
                                                                                       function
    ====================================  ===========================================  ===============================

    Two classes with one margin m have the logits :math:`(-m/2, m/2)`. Probabilities are at least :math:`10^{-9}`
    before the logarithm. Logits that are :math:`\log p` have :math:`\log\sum\exp = 0` in every row: the energy says
    nothing of them. In a ``Pipeline`` the steps before the last prepare the inputs.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``classes_`` and ``predict_proba`` or ``decision_function``; or a pipeline or a search that ends
        in one.

    Raises
    ------
    BadInput
        For what is not fitted or tells no classes apart.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> x, y = np.array([[0.0, 1], [1, 0], [2, 2], [3, 0]]), ["a", "a", "b", "b"]
    >>> network = EstimatorNetwork(LogisticRegression().fit(x, y))
    >>> acts = network(x)
    >>> acts.features.shape, acts.logits.shape, network.encode(["b", "a", "?"]).tolist()
    ((4, 2), (4, 2), [1, 0, -1])
    """

    differentiable = False

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        steps, model = [], estimator
        while True:
            if hasattr(model, "best_estimator_"):
                model = model.best_estimator_
            elif hasattr(model, "steps"):
                steps += [step for _, step in model.steps[:-1] if step is not None and step != "passthrough"]
                model = model.steps[-1][1]
            else:
                break
        self._steps, self._model = steps, model
        name = type(model).__name__
        if not (hasattr(model, "predict_proba") or hasattr(model, "decision_function")):
            raise BadInput(f"{name} has neither predict_proba nor decision_function; give a classifier")
        if not hasattr(model, "classes_"):
            raise BadInput(f"{name} has no classes_; give a classifier that is fitted")
        if isinstance(model.classes_, list) or np.ndim(model.classes_) != 1:
            raise BadInput(f"{name} predicts several outputs; give one classifier of one output")
        self.classes = [str(c) for c in model.classes_]

    def __call__(self, inputs: Any, *, maps: bool = False) -> Activations:
        """Run one block of inputs."""
        x = for_estimator(inputs, self.estimator) if is_arrow(inputs) else inputs
        for step in self._steps:
            x = step.transform(x)
        parts = read_parts(self._model, x)
        return Activations.unchecked(
            features=parts.features, logits=parts.logits, head=parts.head, layers=dict(parts.layers), inputs=inputs,
            network=self,
        )  # fmt: skip

    def encode(self, labels: Any) -> NDArray[np.int64]:
        """Positions of class labels in ``classes_``, -1 for those that are not in it."""
        known = {label: i for i, label in enumerate(np.asarray(self._model.classes_).tolist())}
        return np.array([known.get(label, -1) for label in np.asarray(labels).tolist()], np.int64)

    def settings(self) -> dict[str, Any]:
        """What decides the values beside the data, for readings that go on later."""
        from joblib import hash as joblib_hash

        return {"estimator": type(self._model).__name__, "state": str(joblib_hash(self.estimator))}
