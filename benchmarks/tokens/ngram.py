"""Interpolated Kneser-Ney n-grams of characters."""

from __future__ import annotations

import numpy as np


class KneserNey:
    """Kneser and Ney's smoothing with one discount, on rows whose first tokens have shorter contexts.

    Parameters
    ----------
    texts : list of (length,) int arrays
    levels : int
    order : int
        Tokens in the longest n-gram.
    discount : float
    """

    def __init__(self, texts: list[np.ndarray], levels: int, order: int, discount: float = 0.75) -> None:
        self.levels, self.order, self.discount = levels, order, discount
        raw = [np.concatenate([self._codes(text, n) for text in texts]) for n in range(1, order + 1)]
        self.raw = [np.unique(codes, return_counts=True) for codes in raw]
        # how many different tokens come before an n-gram
        self.before = [np.unique(codes % levels**n, return_counts=True) for n, (codes, _) in enumerate(self.raw[1:], 1)]

    def _codes(self, text: np.ndarray, n: int) -> np.ndarray:
        powers = self.levels ** np.arange(n - 1, -1, -1, dtype=np.int64)
        return (
            np.lib.stride_tricks.sliding_window_view(text.astype(np.int64), n) @ powers
            if len(text) >= n
            else np.zeros(0, np.int64)
        )

    def log_prob(self, rows: np.ndarray) -> np.ndarray:
        """(n, length) log-probabilities of the tokens of rows given those before them in the row."""
        found = np.empty(rows.shape)
        for i in range(rows.shape[1]):
            n = min(i + 1, self.order)
            found[:, i] = np.log(self._given(rows[:, i - n + 1 : i + 1].astype(np.int64), n))
        return found

    def _given(self, grams: np.ndarray, order: int) -> np.ndarray:
        p = np.full(len(grams), 1 / self.levels)
        for n in range(1, order + 1):
            codes, counts = self.raw[n - 1] if n == order else self.before[n - 1]
            gram = grams[:, order - n :] @ self.levels ** np.arange(n - 1, -1, -1, dtype=np.int64)
            contexts, start = np.unique(codes // self.levels, return_index=True)
            total = np.add.reduceat(counts, start)
            followers = np.diff(np.append(start, len(codes)))
            own = _look(codes, counts, gram)
            whole = _look(contexts, total, gram // self.levels)
            kinds = _look(contexts, followers, gram // self.levels)
            with np.errstate(invalid="ignore", divide="ignore"):
                smoothed = (np.maximum(own - self.discount, 0) + self.discount * kinds * p) / whole
            p = np.where(whole > 0, smoothed, p)
        return p


def _look(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0).astype(float)
