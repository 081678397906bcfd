"""Which of several tasks a row belongs to, by a ratio of likelihoods for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, as_numpy
from ecotone.contracts.arrays import Array, like

from ._logits import log_softmax, softmax
from ._post_hoc import PostHoc, _joined, check_reads, in_double
from ._tasks import Task, calibrated, classes_of_tasks, replayed

CARD = Card(
    name="TPLDetector",
    summary="For each task, closeness to its classes and distance from replayed rows of the others, with the logits.",
    contract="PostHoc",
    title="Class Incremental Learning via Likelihood Ratio Based Task Prediction",
    authors=("Lin, Haowei", "Shao, Yijia", "Qian, Weinan", "Pan, Ningxin", "Guo, Yiduo", "Liu, Bing"),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2309.15048",
    row=337,
    reads=("features", "logits", "labels"),
    remedy_for=("outliers",),
    advice="Look at the rows that no task claims.",
    tier="experimental",
    claim="Class-incremental accuracy is above those of the largest probability, energy and MORE's score of a task.",
)


class TPLDetector(PostHoc):
    r"""Task prediction by likelihood ratio (TPL), and as a detector the score of the best task.

    For task t, with features h as its part of the network gives them, unit features :math:`\hat h`, means
    :math:`\mu_c` and tied covariance :math:`S_t` of its classes, and the K-th nearest replayed row
    :math:`\hat h_{(K)}` of the *other* tasks,

    .. math::
        e_1 = \frac1{m_t} \max_{c \in t} \frac1{(h - \mu_c)^\top S_t^{-1} (h - \mu_c)}
              + \lVert \hat h - \hat h_{(K)} \rVert_2^2, \qquad
        e_2 = \frac1{l_t} \max_{c \in t} z_c, \qquad
        s_t = -\log(e^{-e_1} + e^{-e_2}),

    where :math:`m_t` and :math:`l_t` are the means over the task's rows of the reference. The Mahalanobis part is an
    inverse; far from other tasks adds; the two are joined as by the released code, a soft minimum. Then
    :math:`s_t \leftarrow w_t s_t + b_t`, calibrated by cross-entropy over the tasks on the replayed rows, 100 steps
    from (1, 0) as released, and :math:`P(t \mid x) = \operatorname{softmax}_t(s_t / 0.05)`. A row's score is
    :math:`\max_t s_t`.

    It reads features and logits of reference rows of all tasks and their labels. Task t's statistics come from its
    own rows; of the others it sees only the replayed. Columns of the logits belong to tasks as their classes do. With
    one task there is nothing to replay and no second term: without logits it would rank as Mahalanobis.

    Parameters
    ----------
    tasks : sequence of int, optional
        The task of each class. By default from the ``groups`` of the reference, each class in one; else one task.
    layers : sequence of str, optional
        The layer that holds the features of each task, in the order of ``tasks_``, where tasks have masks, adapters
        or networks of their own; by default ``features`` for all.
    replay : int
        Rows of each class to keep, drawn by ``seed``.
    k : int
        K.
    random_state : int

    Attributes
    ----------
    tasks_ : (tasks,) array
    models_ : list of Task
        Classes, means, whitening, replayed rows of the others and scales of each task.
    weights_, biases_ : (tasks,) arrays
        w and b.

    Raises
    ------
    BadInput
        For a class without rows in the reference, a class in two tasks, tasks or layers whose number is wrong, or a
        task whose largest logits are not positive on average.

    References
    ----------
    Lin, Shao, Qian, Pan, Guo and Liu (2024), https://arxiv.org/abs/2309.15048

    Examples
    --------
    >>> g = np.random.default_rng(0)
    >>> y = g.integers(0, 4, 200)
    >>> z = 5 * np.eye(4)[y] + g.normal(size=(200, 4))
    >>> acts = Activations(features=z, head=(np.eye(4), np.zeros(4)), labels=y)
    >>> detector = TPLDetector(tasks=[0, 0, 1, 1]).fit(acts)
    >>> bool((detector.predict(acts) == y).mean() > 0.95), detector.task_probabilities(acts).shape
    (True, (200, 2))
    """

    card = CARD

    def __init__(
        self,
        tasks: Sequence[int] | None = None,
        layers: Sequence[str] | None = None,
        replay: int = 20,
        k: int = 5,
        random_state: int = 0,
    ) -> None:
        self.tasks = tasks
        self.layers = layers
        self.replay = replay
        self.k = k
        self.random_state = random_state

    def reads(self) -> frozenset[str]:
        """Layers in place of features where those are named."""
        return frozenset(CARD.reads) if self.layers is None else frozenset({"layers", "logits", "labels"})

    def task_scores(self, activations: Activations) -> Array:
        """Calibrated score of each task ``(n, tasks)``."""
        return self._by_block(activations, self._calibrated)

    def task_probabilities(self, activations: Activations) -> Array:
        """P(t | x) ``(n, tasks)``."""
        return self._by_block(activations, self._probabilities)

    def predict(self, activations: Activations) -> Array:
        """The class whose P(t | x) P(c | x, t) is largest ``(n,)``."""
        return self._by_block(activations, self._class)

    def _by_block(self, activations: Activations, function: Any) -> Array:
        if not hasattr(self, "shapes_"):
            raise BadInput("TPLDetector learns from a reference; call fit with its activations first")
        check_reads(self, activations, self.reads() - self.fit_only)
        self._check_shapes(activations)
        return _joined([function(block) for block in activations.map(in_double).blocks(self.block_rows)])

    def _fit(self, activations: Activations) -> None:
        if self.replay < 1 or self.k < 1:
            raise BadInput(f"replay and k must be at least 1, got {self.replay!r} and {self.k!r}")
        labels = as_numpy(activations.gather("labels"))
        self.tasks_, members = classes_of_tasks(activations, labels, self.tasks)
        names = [None] * len(members) if self.layers is None else list(self.layers)
        if len(names) != len(members):
            raise BadInput(f"layers names {len(names)} layers for {len(members)} tasks; name one for each")
        self.models_ = [Task(own, name, self.k) for own, name in zip(members, names, strict=True)]
        kept = replayed(labels, self.replay, self.random_state)
        rows = activations[kept]
        of = np.argmax([np.isin(labels[kept], own) for own in members], axis=0)
        for t, model in enumerate(self.models_):
            model.learn(activations, self.block_rows, str(self.tasks_[t]))
            model.remember(rows[np.flatnonzero(of != t)])
        raw = np.concatenate([as_numpy(self._raw(block)) for block in rows.blocks(self.block_rows)])
        self.weights_, self.biases_ = calibrated(raw, of)

    def _raw(self, block: Activations) -> Array:
        return array_namespace(block.logits).stack([model.score(block) for model in self.models_], axis=1)

    def _calibrated(self, block: Activations) -> Array:
        raw = self._raw(block)
        return raw * like(self.weights_, raw) + like(self.biases_, raw)

    def _probabilities(self, block: Activations) -> Array:
        return softmax(self._calibrated(block) / 0.05)

    def _class(self, block: Activations) -> Array:
        xp = array_namespace(block.logits)
        task = log_softmax(self._calibrated(block) / 0.05)
        joint = [task[:, t, None] + log_softmax(model.logits(block)) for t, model in enumerate(self.models_)]
        order = np.concatenate([model.classes for model in self.models_])
        return xp.take(xp.asarray(order, device=task.device), xp.argmax(xp.concat(joint, axis=1), axis=1))

    def _score(self, block: Activations) -> Array:
        return array_namespace(block.logits).max(self._calibrated(block), axis=1)
