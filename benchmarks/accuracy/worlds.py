"""Simulated laws of rows and labels, and shifts of the rows under which p(y|x) holds."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeRegressor

from ecotone.compare.estimate import Predictions
from ecotone.compare.estimate._core import Core
from ecotone.compare.estimate._doubly_robust import DOUBLY_ROBUST, disagreement, errors_of

SHIFTS = {
    "none": "both tables from one law",
    "shares": "other shares of a mixture's components",
    "tilt": "exponential tilt along a direction",
    "moved": "three columns moved",
    "between": "rows half way between two others",
    "noise": "tilt along a direction in which labels get noisier",
    "doubt": "rows weighted by exp(-4 s p_max): towards rows that nobody can predict",
    "border": "the 60 % most predictable rows kept with probability exp(-1.3 s)",
    "sure": "rows weighted by exp(2.5 s p_max): towards predictable rows",
    "ball": "6 % of the rows, in a ball with noisy labels, become 20 to 45 %",
}
LABELS = ("boxes", "waves", "components", "trees", "smooth", "four", "numbers")
D, PARTS = 8, 6


class World:
    """One law of (x, y), and one shift of x; ``numbers`` have p_max replaced by a falling function of their spread."""

    def __init__(self, shift: str, labels: str, seed: int) -> None:
        self.shift, self.labels = shift, labels
        self.rng = rng = np.random.default_rng([seed, zlib.crc32(f"{shift} {labels}".encode())])
        self.apart = rng.random() < 0.5
        self.centres = rng.normal(0, 1.2, (PARTS, D))
        self.shares = rng.dirichlet(np.full(PARTS, 4.0)), rng.dirichlet(np.full(PARTS, 1.0))
        self.direction = rng.normal(0, 1, D) / np.sqrt(D)
        self.strength = rng.uniform(0.4, 2.0)
        self.cuts = rng.normal(0, 0.8, (12, 2)), rng.integers(0, D, (12, 2)), rng.normal(0, 1.4, 12)
        self.part_odds = rng.normal(0, 2.0, PARTS)
        self.slopes = rng.normal(0, 1.0, (4, D))
        self.flip = rng.choice([0.0, 0.05, 0.12])
        points = rng.normal(0, 1.3, (400, D))
        grow = {"max_leaf_nodes": 20, "splitter": "random"}
        self.trees = [
            DecisionTreeRegressor(random_state=int(rng.integers(2**30)), **grow).fit(points, rng.normal(0, 1, 400))
            for _ in range(6)
        ]
        self.phase, self.pace, self.height = rng.uniform(0, 6, D), rng.uniform(0.5, 1.8, D), rng.normal(0, 1.4, D)
        self.middle = 0.7 * self.rows(200)[0]
        self.radius = np.quantile(self.distance(self.rows(4000)), 0.06)
        self.share = rng.uniform(0.2, 0.45)

    def distance(self, x: np.ndarray) -> np.ndarray:
        return ((x - self.middle)[:, :4] ** 2).sum(axis=1)

    def rows(self, n: int, shares: np.ndarray | None = None) -> np.ndarray:
        part = self.rng.choice(PARTS, n, p=self.shares[0] if shares is None else shares)
        z = self.rng.standard_normal((n, D))
        if self.apart:
            return 0.8 * self.centres[part] + 0.9 * z
        return 0.3 * self.centres[part] + z * (1 + 0.1 * part[:, None])

    def odds(self, x: np.ndarray) -> np.ndarray:
        """Log-odds of two classes; the mean of numbers."""
        if self.labels == "waves":
            return 2.5 * np.sin(x[:, 0] + 0.5 * x[:, 1]) + x[:, 2] * x[:, 3]
        if self.labels == "components":
            near = np.argmin(((x[:, None] - 0.8 * self.centres[None]) ** 2).sum(axis=2), axis=1)
            return self.part_odds[near] + 0.8 * x[:, 0]
        if self.labels == "trees":
            return 1.6 * sum(tree.predict(x) for tree in self.trees)
        if self.labels == "smooth":
            return (self.height * np.sin(self.pace * x + self.phase)).sum(axis=1) + x @ self.direction
        edges, columns, sizes = self.cuts
        return 1.5 * sum(s * np.all(x[:, c] > e, axis=1) for e, c, s in zip(edges, columns, sizes))

    def noise(self, x: np.ndarray) -> np.ndarray:
        """Share of the labels that are drawn anew."""
        if self.shift == "noise":
            return 0.9 / (1 + np.exp(2 - 2 * x @ self.direction))
        return np.where((self.shift == "ball") & (self.distance(x) < self.radius), 0.85, self.flip)

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        if self.labels == "four":
            odds = 1.5 * np.cos(x @ self.slopes.T) + 0.7 * (x @ self.slopes.T)
        else:
            odds = np.column_stack([np.zeros(len(x)), self.odds(x)])
        p = np.exp(odds - odds.max(axis=1, keepdims=True))
        p, noise = p / p.sum(axis=1, keepdims=True), self.noise(x)[:, None]
        return (1 - noise) * p + noise / p.shape[1]

    def spread(self, x: np.ndarray) -> np.ndarray:
        return np.exp(0.4 * np.sin(x[:, 0]) + 0.3 * x[:, 1] + 2 * self.noise(x))

    def sureness(self, x: np.ndarray) -> np.ndarray:
        return 1 / (1 + self.spread(x)) if self.labels == "numbers" else self.probabilities(x).max(axis=1)

    def draw_x(self, n: int, moved: bool) -> np.ndarray:
        rng, s = self.rng, self.strength
        if not moved or self.shift in ("none", "shares", "moved", "between"):
            x = self.rows(n, self.shares[1] if moved and self.shift == "shares" else None)
            if moved and self.shift == "moved":
                x[:, :3] += 0.6 * s
            if moved and self.shift == "between":
                mixed = rng.random(n) < s / 2
                x[mixed] = (x[mixed] + rng.permutation(x)[mixed]) / 2
            return x
        x = self.rows(12 * n)
        if self.shift in ("tilt", "noise"):
            weight = np.exp(np.clip(s * (x @ self.direction), -3, 3))
        elif self.shift == "ball":
            inside = self.distance(x) < self.radius
            weight = np.where(inside, self.share / inside.mean(), (1 - self.share) / (1 - inside.mean()))
        else:
            sure = self.sureness(x)
            weight = {
                "doubt": np.exp(-4 * s * (sure - sure.min())),
                "sure": np.exp(2.5 * s * (sure - sure.max())),
                "border": np.where(sure < np.quantile(sure, 0.4), 1.0, np.exp(-1.3 * s)),
            }[self.shift]
        return x[rng.choice(len(x), n, replace=False, p=weight / weight.sum())]

    def draw(self, n: int, moved: bool) -> tuple[np.ndarray, np.ndarray]:
        x = self.draw_x(n, moved)
        if self.labels == "numbers":
            return x, self.odds(x) + x @ self.slopes[0] + self.spread(x) * self.rng.standard_normal(n)
        return x, (self.probabilities(x).cumsum(axis=1) > self.rng.random((n, 1))).argmax(axis=1)


def classifier(turn: int) -> Any:
    """Boosted trees twice in four, a logistic regression, a forest."""
    return (
        HistGradientBoostingClassifier(random_state=0, max_iter=80),
        LogisticRegression(max_iter=500),
        HistGradientBoostingClassifier(random_state=0, max_iter=80),
        RandomForestClassifier(60, min_samples_leaf=3, random_state=0),
    )[turn % 4]


def replicate(shift: str, labels: str, n: int, seed: int) -> dict[str, Any]:
    """What the interval is made of, and the truth, in one simulated world; numbers as shares of the reference."""
    world = World(shift, labels, seed)
    (x0, y0), (x1, y1), (x2, y2) = world.draw(n, False), world.draw(n, False), world.draw(n, True)
    if labels == "numbers":
        model = HistGradientBoostingRegressor(random_state=0, max_iter=60).fit(x0, y0)
        given = Predictions(x1, x2, y1, model.predict(x1), model.predict(x2))
        metric, truth = "mae", float(np.abs(y2 - model.predict(x2)).mean())
    else:
        p1, p2 = (lambda m: (m.predict_proba(x1), m.predict_proba(x2)))(classifier(seed).fit(x0, y0))
        classes = tuple(map(str, range(p1.shape[1])))
        given = Predictions(x1, x2, y1, p1.argmax(1), p2.argmax(1), p1, p2, classes=classes)
        metric, truth = "accuracy", float((p2.argmax(1) == y2).mean())
    core = Core.of(given, metric, 0)
    scale = core.reference if labels == "numbers" else 1.0
    found = {"estimate": DOUBLY_ROBUST.value(core), "reference": core.reference, "truth": truth,
             "se": errors_of(core).of_value, "range": disagreement(core)}  # fmt: skip
    kept = core.shared.effective
    return {"shift": shift, "labels": labels, "n": n, "seed": seed, "effective": kept,
            **{name: value / scale for name, value in found.items()}}  # fmt: skip
