"""How often a test that keeps its level may reject in a few replicates.

Quick tests can only see a level that is grossly wrong. The levels themselves are measured with 2,000 replicates, with
the digest of the code: benchmarks/levels/README.md; those of whole verdicts: benchmarks/two_tables/README.md.
"""

from scipy import stats


def most(replicates: int, alpha: float) -> int:
    """The 99.9 % quantile of the binomial distribution: at the level there are more once in a thousand."""
    return int(stats.binom.ppf(0.999, replicates, alpha))
