"""Distance of the probabilities to what is typical of some class."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, as_numpy
from ecotone.contracts.arrays import like

from ._logits import Array, log_softmax
from ._post_hoc import PostHoc

CARD = Card(
    name="KLMatching",
    summary="Minus the least divergence of the probabilities from the mean probabilities of a predicted class.",
    contract="PostHoc",
    title="Scaling Out-of-Distribution Detection for Real-World Settings",
    authors=(
        "Hendrycks, Dan",
        "Basart, Steven",
        "Mazeika, Mantas",
        "Zou, Andy",
        "Kwon, Joe",
        "Mostajabi, Mohammadreza",
        "Steinhardt, Jacob",
        "Song, Dawn",
    ),
    year=2022,
    venue="ICML",
    link="https://arxiv.org/abs/1911.11132",
    reads=("logits",),
    remedy_for=("outliers",),
    advice="Look at the rows whose probabilities are shared out as in no class of the reference.",
)


class KLMatching(PostHoc):
    r"""Probabilities p matched with templates of the classes.

    .. math:: s(x) = -\min_k \mathrm{KL}(p(x) \,\Vert\, d_k), \qquad
              d_k = \operatorname{mean}\{p(x') : \operatorname{argmax} p(x') = k\}

    As in the paper, templates are means over the reference's rows by predicted class, which need no labels, and the
    minimum is over all classes. (Other programs group by true labels, or match with the predicted class alone.) A
    class that is never predicted has no template. Means are taken in logarithms, so no template has a zero. The paper
    takes rows that the network was not trained on.

    Attributes
    ----------
    templates_ : (k, classes) array
        Logarithms of the :math:`d_k` of the classes predicted.

    Raises
    ------
    BadInput
        For activations without logits.

    References
    ----------
    Hendrycks, Basart, Mazeika, Zou, Kwon, Mostajabi, Steinhardt and Song (2022), https://arxiv.org/abs/1911.11132

    Examples
    --------
    >>> reference = Activations(logits=np.array([[4.0, 0.0], [4.0, 0.0], [0.0, 4.0]]))
    >>> KLMatching().fit(reference).score_samples(Activations(logits=np.array([[4.0, 0.0], [0.0, 0.0]]))).round(3)
    array([ 0.   , -1.325])
    """

    card = CARD

    def _fit(self, activations: Activations) -> None:
        classes = activations.classes
        total = np.full((classes, classes), -np.inf)
        count = np.zeros(classes)
        for block in activations.blocks(self.block_rows):
            log_p = as_numpy(log_softmax(block.logits))
            predicted = log_p.argmax(1)
            order = np.argsort(predicted, kind="stable")
            found, starts = np.unique(predicted[order], return_index=True)
            total[found] = np.logaddexp(total[found], np.logaddexp.reduceat(log_p[order], starts, axis=0))
            count += np.bincount(predicted, minlength=classes)
        seen = count > 0
        self.templates_ = total[seen] - np.log(count[seen])[:, None]

    def _score(self, block: Activations) -> Array:
        xp = array_namespace(block.logits)
        log_p = log_softmax(block.logits)
        p = xp.exp(log_p)
        negative_entropy = xp.sum(p * log_p, axis=1, keepdims=True)
        return xp.max(p @ like(self.templates_, p).T - negative_entropy, axis=1)
