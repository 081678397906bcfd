"""Shapley values of a cooperative game: exact for a few players, sampled for many."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any, NamedTuple

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, Bools, Floats, as_seed

CARD = Card(
    name="shapley_values",
    summary="What each player adds to a game, averaged over all orders of joining; the parts sum to the total.",
    contract="Attribution",
    title="A value for n-person games",
    authors=("Shapley, Lloyd S.",),
    year=1953,
    venue="Contributions to the Theory of Games II, Annals of Mathematics Studies 28",
    link="https://doi.org/10.1515/9781400881970-018",
    reads=(),
    tier="stable",
)

MOST_EXACT = 12  # players: 4096 coalitions
_DEFAULT_SAMPLES = 256  # orders of the players; the standard errors are given, so that more can be asked for


class ShapleyValues(NamedTuple):
    """What :func:`shapley_values` found.

    Parameters
    ----------
    values : (players, ...) float64
        Sum over the first axis: the value of everybody less the value of nobody.
    standard_errors : (players, ...) float64
        Monte-Carlo error of ``values``; zero where they are exact.
    evaluations : int
        Different coalitions that were valued.
    """

    values: Floats
    standard_errors: Floats
    evaluations: int


def shapley_values(
    value: Callable[[Any], Any],
    players: int,
    *,
    samples: int | None = None,
    seed: int | np.random.Generator | None = 0,
    together: bool = False,
) -> ShapleyValues:
    r"""Shapley values of the game ``value`` among the players ``0, ..., players - 1``.

    .. math:: \phi_i = \sum_{S \not\ni i} \frac{|S|!\,(n-|S|-1)!}{n!}\,\bigl(v(S \cup i) - v(S)\bigr)

    Exact over all :math:`2^n` coalitions up to twelve players. Beyond, or where ``samples`` is given, the mean over
    random orders of joining, each taken with its reverse (antithetic), which is exact for games of pairwise
    interactions. In both, :math:`\sum_i \phi_i = v(N) - v(\emptyset)`. A coalition is valued once.

    Parameters
    ----------
    value : callable
        A coalition to its worth: a number, or an array of numbers (several games at once, say bootstrap draws).
    players : int
        n, at least 1.
    samples : int, optional
        Orders of joining to draw: even, at least 4. Default: exact up to 12 players, else 256.
    seed : int, Generator or None
    together : bool
        Whether ``value`` takes many coalitions at once, as a truth matrix ``(m, players)``, and answers with their
        worths ``(m, ...)``: for games that are played in batches.

    Returns
    -------
    ShapleyValues
        ``values`` and ``standard_errors``, both (players, ...) in the unit of ``value``, and ``evaluations``.

    Raises
    ------
    BadInput
        For less than one player, an odd or too small ``samples``, or a coalition whose worth is not finite.

    References
    ----------
    Shapley (1953), https://doi.org/10.1515/9781400881970-018; antithetic orders: Mitchell, Cooper, Frank and Holmes
    (2022), https://jmlr.org/papers/v23/21-0439.html

    Examples
    --------
    Two hold a left glove, one a right glove; a pair is worth 1.

    >>> shapley_values(lambda s: float(2 in s and len(s) > 1), 3).values.round(3)
    array([0.167, 0.167, 0.667])
    """
    if players < 1:
        raise BadInput(f"players is {players}; a game needs at least 1")
    if samples is not None and (samples < 4 or samples % 2):
        raise BadInput(f"samples is {samples}; give an even number of at least 4, since orders are drawn in pairs")
    worths = _Worths(value, together)
    if samples is None and players <= MOST_EXACT:
        phi = _exact(worths, players)
        return ShapleyValues(phi, np.zeros_like(phi), len(worths.known))
    phi, errors = _sampled(worths, players, samples or _DEFAULT_SAMPLES, as_seed(seed))
    return ShapleyValues(phi, errors, len(worths.known))


class _Worths:
    """Worths of coalitions, given as rows of a truth matrix; each is valued once."""

    def __init__(self, value: Callable[[Any], Any], together: bool) -> None:
        self.value = value
        self.together = together
        self.known: dict[bytes, Floats] = {}

    def __call__(self, inside: Bools) -> Floats:
        keys = [row.tobytes() for row in inside]
        new = {key: row for key, row in zip(keys, inside, strict=True) if key not in self.known}
        if new:
            rows = np.array(list(new.values()))
            if self.together:
                found = np.asarray(self.value(rows), dtype=np.float64)
            else:
                played = [self.value(frozenset(np.flatnonzero(row).tolist())) for row in rows]
                found = np.stack([np.asarray(worth, dtype=np.float64) for worth in played])
            wrong = ~np.isfinite(found.reshape(len(rows), -1)).all(1)
            if wrong.any():
                team = np.flatnonzero(rows[wrong.argmax()]).tolist()
                raise BadInput(f"value is not finite for the coalition {team}; every worth must be finite")
            self.known.update(zip(new, found, strict=True))
        return np.stack([self.known[key] for key in keys])


def _exact(worths: _Worths, n: int) -> Floats:
    masks = np.arange(2**n)
    v = worths(masks[:, None] >> np.arange(n) & 1 == 1)
    size = np.array([mask.bit_count() for mask in masks.tolist()])
    weight = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)])
    without = [masks[masks >> i & 1 == 0] for i in range(n)]
    return np.stack([np.tensordot(weight[size[s]], v[s | 1 << i] - v[s], axes=1) for i, s in enumerate(without)])


def _sampled(worths: _Worths, n: int, samples: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    pairs = np.stack([_pair(worths, rng.permutation(n)) for _ in range(samples // 2)])
    return pairs.mean(0), pairs.std(0, ddof=1) / np.sqrt(len(pairs))


def _pair(worths: _Worths, order: Any) -> Floats:
    """Mean gain of each player over an order of joining and its reverse."""
    n = len(order)
    both = [order, order[::-1]]
    teams = np.zeros((2, n + 1, n), dtype=bool)
    for way, one in enumerate(both):
        for size, player in enumerate(one):
            teams[way, size + 1 :, player] = True
    found = worths(teams.reshape(-1, n))
    found = found.reshape(2, n + 1, *found.shape[1:])
    gains = np.zeros((n, *found.shape[2:]))
    for way, one in enumerate(both):
        gains[one] += np.diff(found[way], axis=0) / 2
    return gains
