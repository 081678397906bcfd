"""Why a score is low: Shapley values of features, logits, columns, words or regions of an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, Bools, Explanation, Floats, Scorer, as_numpy, as_seed
from ecotone.measure import shapley_values

from ._games import GAMES, Game, Players

CARD = Card(
    name="contributions",
    summary="What each feature, logit, column, word or region of an image adds to a row's score.",
    contract="Contributions",
    title="A Unified Approach to Interpreting Model Predictions",
    authors=("Lundberg, Scott M.", "Lee, Su-In"),
    year=2017,
    venue="NeurIPS",
    link="https://arxiv.org/abs/1705.07874",
    reads=("features", "logits", "inputs"),
    remedy_for=("outliers",),
    advice="Look at the parts that take most from the score.",
)

_MOST = 4096  # rows scored at once


def contributions(
    detector: Scorer,
    activations: Activations,
    typical: Activations,
    *,
    players: Players | None = None,
    samples: int = 16,
    names: Sequence[str] | None = None,
    seed: int = 0,
) -> list[Explanation]:
    r"""Each row's score less a typical row's, taken apart among the parts of the row.

    A coalition S of parts is worth the score of a row whose parts in S are the row's own and whose other parts are a
    typical row's, averaged over the typical rows. The Shapley values of that game sum to

    .. math:: s(x) - \tfrac1b \sum_j s(t_j)

    exactly, whatever the score. Negative parts make the row less typical.

    Parameters
    ----------
    detector : fitted score of activations
    activations : Activations
        The rows to explain; a few.
    typical : Activations
        b rows of the reference to compare with; one to four.
    players : {"features", "logits", "inputs"}, optional
        By default the inputs where they are kept and the network can run again, else features where the score reads
        them or there is a head, else logits. Inputs are columns of a table, words of a text, or ``4 x 4`` regions of
        an image; words that are away are left out, columns and regions are the typical row's.
    samples : int
        Orders of joining to draw, even, where there are more than twelve parts.
    names : sequence of str, optional
        Of the features, classes or columns.
    seed : int

    Returns
    -------
    list of Explanation
        One a row; parts are named ``feature 3``, ``class 2``, ``column 1``, ``row 1, column 4`` or by ``names``.

    Raises
    ------
    BadInput
        For players that the activations do not have, or a score that needs what they do not change.

    References
    ----------
    Lundberg and Lee (2017), https://arxiv.org/abs/1705.07874

    Examples
    --------
    >>> from ecotone.detect.posthoc import Energy
    >>> rows = Activations(logits=np.array([[0.0, 0.1]]))
    >>> usual = Activations(logits=np.array([[5.0, 0.0]]))
    >>> why = contributions(Energy(), rows, usual)[0]
    >>> {part: round(value, 2) for part, value in why.parts.items()}
    {'class 0': -4.29, 'class 1': 0.03}
    """
    if not len(typical):
        raise BadInput("typical has no rows; give one to four rows of the reference")
    if players not in (None, *GAMES):
        raise BadInput(f"players must be one of {', '.join(GAMES)}, got {players!r}")
    game_of = GAMES[players or _players(detector, activations)]
    draws = int(as_seed(seed).integers(2**31))  # the same orders for every row
    return [
        _explained(detector, game_of(activations[i], typical, names), samples, draws) for i in range(len(activations))
    ]


def _players(detector: Scorer, activations: Activations) -> Players:
    if "second_pass" in activations.have():
        return "inputs"
    reads = detector.reads() if hasattr(detector, "reads") else frozenset()
    if activations.features is not None and (activations.head is not None or "logits" not in reads):
        return "features"
    return "logits"


def _explained(detector: Scorer, game: Game, samples: int, seed: int) -> Explanation:
    def worths(teams: Bools) -> Floats:
        total = np.zeros(len(teams))
        for start in range(0, len(teams), _MOST):
            block = teams[start : start + _MOST]
            for j in range(game.typical):
                total[start : start + _MOST] += as_numpy(detector.score_samples(game.mixed(block, j)))
        return total / game.typical

    count = len(game.names)
    found = shapley_values(worths, count, samples=None if count <= 12 else samples, seed=seed, together=True)
    return Explanation(
        total=float(found.values.sum()),  # the row's score less the typical one's, as the game was played
        parts=dict(zip(game.names, found.values.tolist(), strict=True)),
        method="contributions",
        details={"evaluations": found.evaluations},
    )
