"""Short texts whose distribution is known: a Markov chain over a skewed alphabet."""

from __future__ import annotations

import numpy as np


class Chain:
    """Tokens whose distribution depends on the one before; the likelihood is exact.

    Parameters
    ----------
    levels : int
        Size of the alphabet; the first token is v with a share of about 1/(v + 1).
    seed : int
        Draws the transitions.
    """

    def __init__(self, levels: int = 12, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        base = 1 / np.arange(1, levels + 1)
        self.first = base / base.sum()
        self.next = 0.95 * rng.dirichlet(np.full(levels, 0.3), levels) + 0.05 * self.first
        self.levels = levels

    def sample(self, n: int, length: int, seed: int) -> np.ndarray:
        """(n, length) int64 tokens."""
        rng = np.random.default_rng([seed, 1])
        x = rng.choice(self.levels, (n, length), p=self.first)
        for i in range(1, length):
            total = self.next[x[:, i - 1]].cumsum(1)
            x[:, i] = (rng.random(n)[:, None] > total / total[:, -1:]).sum(1)
        return x

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """(n,) log-probability of rows, in nats."""
        return np.log(self.first[x[:, 0]]) + np.log(self.next[x[:, :-1], x[:, 1:]]).sum(1)
