"""Scores of rows in one halving of the reference: by density, by a foreign component, and by the ratio of two laws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ecotone.contracts import Floats, Ints
from ecotone.data import Gaussianiser, Pair
from ecotone.detect.anomaly import GaussianMixtureDensity
from ecotone.detect.anomaly._foreign_component import foreign_score, leading, log_normal, moments

from ._row_calibration import LEAST, halves, halves_of_units
from ._row_share import Scores

_FLOOR = 0.5  # least variance of a normal score
_RIDGE = 0.01  # counts and levels take few values: no component may close in on one
_MORE = 2  # halvings after the first: each calibrates otherwise, and their mean hardly hangs on the seed
_DEALS = 3  # halvings of the current rows for each
_LARGE = 5000  # rows of the reference above which one halving is steady enough
_WIDE = 50  # columns above which the ratio of the distributions is read in the leading directions
_CELLS = 150_000, 1_500_000  # values of the reference above which one halving, and one way round, has to do


@dataclass(frozen=True)
class Scored:
    """One halving: rows as normal scores, ``n`` calibration rows and then the current ones, and what they score."""

    encoder: Gaussianiser
    density: GaussianMixtureDensity
    fitted: Floats
    pooled: Floats
    n: int
    scores: list[Floats]

    @property
    def pairs(self) -> list[Scores]:
        """Of each score that treats calibration and current rows alike: of calibration rows, of current rows."""
        return [(s[: self.n], s[self.n :]) for s in self.scores]

    def ratios(self, halvings: Sequence[tuple[Ints, Ints]]) -> Iterator[Scores]:
        """Log ratio of the reference's normal distribution to that of one half of the current rows, at the other half.

        It is steady where all rows have moved a little, where a foreign component may be any part of them.
        """
        fitted, pooled = self.fitted, self.pooled
        if pooled.shape[1] > _WIDE:  # the directions treat calibration and current rows alike
            both = np.concatenate([fitted, pooled])
            train = np.arange(len(fitted), len(both))
            both = leading(both, self.density.center_, self.density.whitener_, train)
            fitted, pooled = both[: len(fitted)], both[len(fitted) :]
        calibration, current = pooled[: self.n], pooled[self.n :]
        reference = moments(fitted, np.ones(len(fitted)))
        for fit, rest in (way for halving in halvings for way in (halving, halving[::-1])):
            new = moments(current[fit], np.ones(len(fit)))
            held, live = (log_normal(X, *reference) - log_normal(X, *new) for X in (calibration, current[rest]))
            yield held, live


def scored(pair: Pair, halving: tuple[Ints, Ints], max_fit: int, rng: np.random.Generator) -> Scored | None:
    """Scores by the first half, of the second and of the current rows; None where no column has values to score."""
    fit, calibrate = halving
    reference = pair.reference.take(fit)
    encoder = Gaussianiser().fit(reference)
    if not encoder.outputs_:
        return None
    fitted = encoder.transform(reference)
    density = GaussianMixtureDensity(floor=_FLOOR, ridge=_RIDGE).fit(fitted)
    pooled = np.concatenate([encoder.transform(pair.reference.take(calibrate)), encoder.transform(pair.current)])
    typical = density.score_samples(pooled)
    train = rng.choice(len(pooled), min(max_fit, len(pooled)), replace=False)  # blind to which table a row is from
    foreign = foreign_score(pooled, density.center_, density.whitener_, typical, train)
    return Scored(encoder, density, fitted, pooled, len(calibrate), [typical, foreign])


def families(
    pair: Pair, first: Scored, halving: tuple[Ints, Ints], max_fit: int, rng: np.random.Generator
) -> list[list[Scores]]:
    """Each score in many halvings: the first, mostly the other way round too, and in small tables two more both ways.

    The last is the ratio of the distributions, which does not treat all rows alike: it names none.
    """
    cells = pair.reference.n * first.pooled.shape[1]
    halvings = [halving[::-1]] if cells <= _CELLS[1] else []
    if pair.reference.n <= _LARGE and cells <= _CELLS[0]:
        for _ in range(_MORE):
            more = halves(pair, max_fit, rng)
            halvings += [more, more[::-1]]
    halvings = [parts for parts in halvings if min(map(len, parts)) >= LEAST // 2]  # one unit may hold most
    splits = [first, *(scored(pair, (fit[:max_fit], rest), max_fit, rng) for fit, rest in halvings)]
    found: list[list[Scores]] = [[], [], []]
    for split in (s for s in splits if s is not None):
        for family, pairs in zip(found, split.pairs):
            family.append(pairs)
        units = None if pair.units is None else pair.units[1]
        deals = [halves_of_units(pair.current.n, units, rng) for _ in range(_DEALS)]
        found[2].extend(split.ratios([parts for parts in deals if min(map(len, parts))]))
    return [family for family in found if family]
