"""Scenario generator for `check REFERENCE CURRENT`: data and truth only, no method.

The definitions behind the table in this folder's README. Needs numpy, pandas, scipy. Every table is a pure function of
its arguments and `seed` (numpy's PCG64 through SeedSequence; the reference and the current table draw from separate
streams, so a scenario and its null share the reference table bit for bit).

    from scenarios import two_sample, cascade, outside, labelled, stream, SCENARIOS
    ref, cur, truth = two_sample("corr", n=1000, d=10, seed=7)             # mixed columns
    ref, cur, truth = two_sample("null", n=1000, d=10, seed=7, base="gauss")
    ref, cur, truth = cascade(n=2000, d=20, seed=7, kind="linear")
    ref, cur, truth = outside(n_ref=5000, n_cur=2000, d=10, seed=7, kind="cluster", frac=0.05)
    train, ref, cur, truth = labelled(n=5000, d=10, seed=7, kind="covariate", strength=1.0)
    ref, rows, truth = stream(n_ref=5000, length=20000, d=10, seed=7, kind="mean", change_at=5000)
    python scenarios.py list
    python scenarios.py write two_sample corr --n 1000 --d 10 --seed 7 --out DIR   # CSV + truth.json

Truth always names columns, never positions.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import zlib

import numpy as np
import pandas as pd

VERSION = 1
LEVELS = np.array(["a", "b", "c", "d", "e", "rare"])
LEVEL_P = np.array([0.40, 0.25, 0.17, 0.12, 0.05, 0.01])

SCENARIOS = {
    "null": "the same law twice",
    "mean": "x0 + effect sd (default 0.2)",
    "corr": "latent correlation of x0, x1 from 0 to effect (default 0.8), margins equal",
    "subgroup": "effect (default 0.05) of the rows come from a new cluster: x0, x1, x2 all at +2 sd, sd 0.5",
    "variance": "x0's sd times effect (default 1.25), mean equal",
    "xor": "sign(x0 x1 x2) positive in a share effect (default 0.8) of rows instead of 0.5; every pair's law equal",
    "hetero": "x1's spread depends on |x0| with strength effect (default 1.0); margins and linear correlation equal",
    "category": "c0: effect (default 0.08) of probability moves from level a to level d",
    "missing": "x2's missing rate from 0.05 to effect (default 0.10), completely at random",
    "missing_pattern": "x2's missing rate stays 0.05 but now depends on x0 (all from the upper half)",
    "dense": "every continuous column + effect sd (default 0.06)",
    "new_level": "c0: a level never seen in the reference takes effect (default 0.01) of the rows",
    "unit": "x0 multiplied by 1000 in effect (default 0.02) of the rows (a unit error)",
    "copy": "effect (default 0.1) of current rows are duplicates of other current rows (rows are NOT independent)",
}


def _rng(seed: int, *tags) -> np.random.Generator:
    return np.random.default_rng([int(seed), VERSION] + [zlib.crc32(str(t).encode()) for t in tags])


def _norm_cdf(z):
    from math import sqrt

    try:
        from scipy.special import ndtr

        return ndtr(z)
    except ImportError:  # numpy only
        return 0.5 * (1 + np.vectorize(__import__("math").erf)(np.asarray(z) / sqrt(2)))


def _levels(u, p=LEVEL_P):
    return LEVELS[np.minimum(np.searchsorted(np.cumsum(p), u, side="right"), len(p) - 1)]


# ------------------------------------------------------------------------------------------- two samples
def columns(d: int, base: str = "mixed") -> list[str]:
    """Names, by position. mixed: x* continuous, k* counts with ties, c* categorical, then oddities last."""
    if base == "gauss":
        return [f"x{j}" for j in range(d)]
    odd = (["almost_constant", "constant"] if d >= 10 else []) + (["id_like"] if d >= 50 else [])
    names, nx, nk, nc = [], 0, 0, 0
    for j in range(d - len(odd)):
        if j < 3 or j % 5 in (0, 1, 2):
            names.append(f"x{nx}")
            nx += 1
        elif j % 5 == 3:
            names.append(f"c{nc}")
            nc += 1
        else:
            names.append(f"k{nk}")
            nk += 1
    return names + odd


def _latent(n, names, rng):
    """Standard normal latent; x0, x1, x2 independent of all; the others in correlated groups of seven (rho .36)."""
    g = rng.standard_normal((n, len(names)))
    for a in range(3, len(names), 7):
        b = min(a + 7, len(names))
        g[:, a:b] = 0.8 * g[:, a:b] + 0.6 * rng.standard_normal((n, 1))
    return g


def _table(n, names, base, rng, scenario, effect):
    g = _latent(n, names, rng)
    col = {c: j for j, c in enumerate(names)}
    extra = rng.random((n, 4))  # always drawn: null and shifted stay comparable
    noise = rng.standard_normal((n, 2))
    p = LEVEL_P.copy()
    if scenario == "mean":
        g[:, 0] += effect
    elif scenario == "variance":
        g[:, 0] *= effect
    elif scenario == "corr":
        g[:, 1] = effect * g[:, 0] + np.sqrt(1 - effect**2) * g[:, 1]
    elif scenario == "xor":
        # the sign of x2 is redrawn so that the product is positive with probability `effect`
        want = np.where(extra[:, 0] < effect, 1.0, -1.0)
        g[:, 2] = np.abs(g[:, 2]) * want * np.sign(g[:, 0]) * np.sign(g[:, 1])
    elif scenario == "hetero":
        # Gaussian copula of |x1| and |x0| with an independent sign: margins normal, correlation 0
        r = 0.8 * effect / np.sqrt(1 + (0.8 * effect) ** 2) * 1.28
        r = min(r, 0.95)
        q = _norm_cdf(np.abs(g[:, 0])) * 2 - 1  # uniform
        from scipy.special import ndtri

        z = r * ndtri(np.clip(q, 1e-9, 1 - 1e-9)) + np.sqrt(1 - r**2) * noise[:, 0]
        mag = ndtri(np.clip((_norm_cdf(z) + 1) / 2, 0.5, 1 - 1e-12))
        g[:, 1] = mag * np.where(extra[:, 1] < 0.5, 1, -1)
    elif scenario == "subgroup":
        hit = extra[:, 0] < effect
        g[hit, :3] = 2.0 + 0.5 * g[hit, :3]
    elif scenario == "category":
        p[0] -= effect
        p[3] += effect
    elif scenario == "dense":
        for c, j in col.items():
            if c[0] == "x":
                g[:, j] += effect
    out = {}
    for c, j in col.items():
        z = g[:, j]
        if base == "gauss" or (c[0] == "x" and int(c[1:]) % 3 == 0):
            out[c] = z
        elif c[0] == "x" and int(c[1:]) % 3 == 1:
            out[c] = np.exp(z)  # log-normal
        elif c[0] == "x":
            out[c] = np.sign(z) * np.abs(z) ** 1.7  # heavy tails
        elif c[0] == "k":
            out[c] = np.floor(np.exp(0.8 * z + 0.3))  # counts, many ties, zero-inflated
        elif c[0] == "c" and c != "constant":
            out[c] = _levels(_norm_cdf(z), p if c == "c0" else LEVEL_P)
        elif c == "almost_constant":
            out[c] = np.where(z > 2.576, 1.0, 0.0)  # 0.5 % ones
        elif c == "constant":
            out[c] = np.full(n, 3.0)
        elif c == "id_like":
            out[c] = np.array([f"u{v}" for v in rng.integers(0, 10**9, n)], dtype=object)
    t = pd.DataFrame(out)
    if base == "mixed":
        rate, u = (effect if scenario == "missing" else 0.05), extra[:, 2]
        miss = u < rate
        if scenario == "missing_pattern":
            miss = (u < 0.10) & (g[:, 0] > 0)
        t.loc[miss, "x2"] = np.nan
        if "k0" in col:  # missing at random, given x0: in both tables
            t.loc[extra[:, 3] < 0.08 * (g[:, 0] > 0.5), "k0"] = np.nan
        if "c1" in col:
            t.loc[rng.random(n) < 0.03, "c1"] = None
    if scenario == "new_level":
        t.loc[extra[:, 0] < effect, "c0"] = "never_seen"
    elif scenario == "unit":
        t.loc[extra[:, 0] < effect, "x0"] *= 1000.0
    elif scenario == "copy":
        m = round(effect * n)
        t.iloc[:m] = t.iloc[m : 2 * m].to_numpy()
        t = t.sample(frac=1, random_state=int(rng.integers(2**31))).reset_index(drop=True)
    return t


DEFAULT_EFFECT = {
    "null": 0.0,
    "mean": 0.2,
    "corr": 0.8,
    "subgroup": 0.05,
    "variance": 1.25,
    "xor": 0.8,
    "hetero": 1.0,
    "category": 0.08,
    "missing": 0.10,
    "missing_pattern": 1.0,
    "dense": 0.06,
    "new_level": 0.01,
    "unit": 0.02,
    "copy": 0.1,
}
MOVED = {
    "null": [],
    "mean": ["x0"],
    "corr": ["x0", "x1"],
    "subgroup": ["x0", "x1", "x2"],
    "variance": ["x0"],
    "xor": ["x0", "x1", "x2"],
    "hetero": ["x0", "x1"],
    "category": ["c0"],
    "missing": ["x2"],
    "missing_pattern": ["x0", "x2"],
    "dense": None,
    "new_level": ["c0"],
    "unit": ["x0"],
    "copy": [],
}
MARGIN = {"null", "corr", "xor", "hetero", "missing_pattern", "copy"}  # scenarios in which no margin moves


def two_sample(scenario, n, d, seed, base="mixed", effect=None, n_cur=None):
    """(reference, current, truth). base 'mixed' (d >= 5) or 'gauss' (independent N(0,1), numeric scenarios only)."""
    if scenario not in SCENARIOS:
        raise KeyError(scenario)
    if base == "gauss" and scenario in ("category", "missing", "missing_pattern", "new_level"):
        raise ValueError(f"{scenario} needs base='mixed'")
    effect = DEFAULT_EFFECT[scenario] if effect is None else effect
    names = columns(d, base)
    ref = _table(n, names, base, _rng(seed, base, d, "ref"), "null", 0.0)
    cur = _table(n if n_cur is None else n_cur, names, base, _rng(seed, base, d, "cur"), scenario, effect)
    moved = MOVED[scenario] if MOVED[scenario] is not None else [c for c in names if c[0] == "x"]
    truth = {
        "kind": "two_sample",
        "scenario": scenario,
        "effect": effect,
        "base": base,
        "seed": seed,
        "changed": scenario not in ("null", "copy"),
        "columns": moved,
        "margins_moved": [] if scenario in MARGIN else moved,
    }
    return ref, cur, truth


# ------------------------------------------------------------------------------- which columns moved themselves
def cascade(n, d, seed, kind="linear", n_changed=3, n_cur=None, effect=0.5):
    """A structural model on a random DAG; the mechanisms of `n_changed` columns change, their descendants follow.

    kind 'linear', 'nonlinear' (tanh and square links), or 'null'. Column order is shuffled (order tells nothing).
    truth: itself      columns whose mechanism changed;
           conditional columns whose law given ALL the others changed = itself + their parents (Markov blanket of
                       the table label: exactly the non-nulls of  label _||_ x_j | x_rest );
           marginal    columns whose own law changed = itself + descendants (generic);
           followers   marginal minus itself: 'moved because others did'.
    """
    shape = _rng(seed, "cascade", d, kind if kind != "null" else "linear")
    parents = {
        j: sorted(shape.choice(j, size=min(j, int(shape.integers(0, 3))), replace=False)) if j else [] for j in range(d)
    }
    coef = {j: shape.uniform(0.5, 0.9, len(parents[j])) * shape.choice([-1, 1], len(parents[j])) for j in range(d)}
    link = {j: shape.integers(0, 3, len(parents[j])) for j in range(d)}
    changed = [] if kind == "null" else sorted(shape.choice(d, size=min(n_changed, d), replace=False).tolist())
    how = {j: ["mean", "spread"][int(shape.integers(0, 2))] for j in changed}

    def draw(m, rng, shifted):
        x = np.empty((m, d))
        for j in range(d):
            mu = np.zeros(m)
            for k, b, f in zip(parents[j], coef[j], link[j]):
                v = x[:, k]
                if kind == "nonlinear":
                    v = [v, 1.5 * np.tanh(1.5 * v), (np.minimum(v**2, 9) - 1) / 1.4][f]
                mu += b * v
            e = rng.standard_normal(m)
            if shifted and j in how:
                e = e + effect if how[j] == "mean" else e * (1 + effect)
            s = np.sqrt(1 + np.sum(coef[j] ** 2)) if len(parents[j]) else 1.0
            x[:, j] = (mu + e) / s
        return x

    desc = set(changed)
    for j in range(d):
        if any(k in desc for k in parents[j]):
            desc.add(j)
    order = shape.permutation(d)
    name = {int(j): f"v{i}" for i, j in enumerate(order)}
    cols = [name[int(j)] for j in order]
    ref = pd.DataFrame(draw(n, _rng(seed, "cascade", d, kind, "ref"), False)[:, order], columns=cols)
    cur = pd.DataFrame(draw(n_cur or n, _rng(seed, "cascade", d, kind, "cur"), True)[:, order], columns=cols)
    cond = set(changed) | {k for j in changed for k in parents[j]}

    def f(s):
        return sorted((name[int(j)] for j in s), key=lambda c: int(c[1:]))

    truth = {
        "kind": "cascade",
        "link": kind,
        "seed": seed,
        "effect": effect,
        "itself": f(changed),
        "conditional": f(cond),
        "marginal": f(desc),
        "followers": f(desc - set(changed)),
        "how": {name[j]: h for j, h in how.items()},
    }
    return ref, cur, truth


# ------------------------------------------------------------------------------------------- rows outside
OUTSIDE = {
    "cluster": "a tight cluster 3 sd away along a random direction (times sqrt of 3)",
    "scattered": "uniform in the box [-4, 4] in five columns",
    "extreme": "one random column at 5 to 8 sd",
    "broken": "five columns permuted among the outside rows: every margin equal, the dependence broken",
    "none": "no outside row",
}


def outside(n_ref, n_cur, d, seed, kind="cluster", frac=0.05, spread=1.0):
    """(reference, current, truth); truth['rows'] = positions in `current` of the rows from outside. Numeric columns.

    Inliers: mixture of two Gaussians with equicorrelated groups of five columns (rho 0.8), one t-like heavy column.
    """

    def inside(m, rng):
        g = rng.standard_normal((m, d))
        for a in range(0, d, 5):
            b = min(a + 5, d)
            g[:, a:b] = np.sqrt(0.2) * g[:, a:b] + np.sqrt(0.8) * rng.standard_normal((m, 1))
        g[:, 0] += np.where(rng.random(m) < 0.5, 2.0, -2.0)
        g[:, -1] *= np.sqrt(3 / rng.chisquare(5, m))
        return g

    rc = _rng(seed, "outside", d, kind, "cur")
    ref, cur = inside(n_ref, _rng(seed, "outside", d, "ref")), inside(n_cur, rc)
    rows = np.flatnonzero(rc.random(n_cur) < (0 if kind == "none" else frac))
    m = len(rows)
    if kind == "cluster" and m:
        u = rc.standard_normal(d)
        u /= np.linalg.norm(u)
        cur[rows] = 3 * np.sqrt(3) * spread * u + 0.4 * rc.standard_normal((m, d))
    elif kind == "scattered" and m:
        cur[np.ix_(rows, np.arange(min(5, d)))] = rc.uniform(-4, 4, (m, min(5, d))) * spread
    elif kind == "extreme" and m:
        cur[rows, rc.integers(0, d, m)] = rc.uniform(5, 8, m) * spread * rc.choice([-1, 1], m)
    elif kind == "broken" and m:
        for j in range(min(5, d)):
            cur[rows, j] = cur[rc.permutation(rows), j]
    cols = [f"x{j}" for j in range(d)]
    truth = {"kind": "outside", "what": kind, "seed": seed, "rows": rows.tolist()}
    return pd.DataFrame(ref, columns=cols), pd.DataFrame(cur, columns=cols), truth


# ------------------------------------------------------------------------------------------- labels
LABELLED = {
    "none": "no shift",
    "covariate": "p(x) moves towards the uncertain region, p(y|x) fixed",
    "easier": "p(x) moves away from the boundary, p(y|x) fixed",
    "subgroup": "the share of a hard subgroup rises from 5 % to 40 %, p(y|x) fixed",
    "label": "the share of positives moves from 1/2 to 1/2 + 0.3 strength, p(x|y) fixed",
    "unseen": "x moves to where the reference has almost no rows; p(y|x) fixed there by the same formula",
    "concept": "p(x) fixed, the effect of three features on y changes sign by degrees: invisible without labels",
    "mixed": "covariate and half a concept shift",
}


def labelled(n, d, seed, kind="covariate", strength=1.0):
    """(train, reference, current, truth). Column 'y' (0/1) in all; truth['p'] is P(y = 1 | x) for the current rows.

    Fit any model on `train`, calibrate on `reference`, estimate its accuracy on `current` without `y`.
    """
    shape = _rng(seed, "labelled", d)
    beta = np.zeros(d)
    k = min(d, 5)
    beta[:k] = shape.uniform(0.6, 1.2, k) * shape.choice([-1, 1], k)

    def logit(x, c=0.0):
        b = beta.copy()
        b[: min(3, d)] *= 1 - 1.2 * c
        inter = 0.8 * x[:, 0] * x[:, 1] - 0.5 * (np.minimum(x[:, 2 % d] ** 2, 9) - 1)
        hard = x[:, -1] > 1.645  # 5 % of the reference: labels nearly random
        return np.where(hard, 0.2, 1.3) * (x @ b + inter)

    def draw(m, rng, what, s):
        parts = []
        while sum(map(len, parts)) < m:  # the first chunk nearly always suffices
            mm = m * 8
            x = rng.standard_normal((mm, d))
            u = rng.random(mm)
            sure = np.abs(logit(x))
            if what in ("covariate", "mixed"):
                keep = u < 1 / (1 + np.exp(s * 1.5 * (sure - 1.0)))
            elif what == "easier":
                keep = u < 1 / (1 + np.exp(-s * 1.5 * (sure - 1.5)))
            elif what == "subgroup":
                hard = x[:, -1] > 1.645
                keep = hard | (u < 0.05 / 0.95 * (1 - 0.4 * s) / (0.4 * s) if s > 0 else np.ones(mm, bool))
            else:
                keep = np.ones(mm, bool)
            parts.append(x[keep])
        x = np.concatenate(parts)
        x = x if what == "label" else x[:m]
        if what == "unseen":
            x[:, : min(2, d)] += 2.5 * s
        p = 1 / (1 + np.exp(-logit(x, s if what == "concept" else 0.5 * s if what == "mixed" else 0.0)))
        y = (rng.random(len(x)) < p).astype(int)
        if what == "label":
            want = (rng.random(m) < 0.5 + 0.3 * s).astype(int)
            i1, i0 = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
            idx = np.where(want == 1, i1[np.arange(m) % len(i1)], i0[np.arange(m) % len(i0)])
            x, y, p = x[idx], y[idx], np.full(m, np.nan)
        t = pd.DataFrame(x, columns=[f"x{j}" for j in range(d)])
        t["y"] = y
        return t, p

    null = "label" if kind == "label" else "none"  # reference with balanced labels for a clean label shift
    train, _ = draw(n, _rng(seed, "labelled", d, kind, "train"), null, 0.0)
    ref, _ = draw(n, _rng(seed, "labelled", d, kind, "ref"), null, 0.0)
    cur, p = draw(n, _rng(seed, "labelled", d, kind, "cur"), kind, strength)
    return (
        train,
        ref,
        cur,
        {
            "kind": "labelled",
            "what": kind,
            "strength": strength,
            "seed": seed,
            "p": p.tolist(),
            "identifiable": kind not in ("concept", "mixed", "unseen"),
        },
    )


# ------------------------------------------------------------------------------------------- streams
def stream(n_ref, length, d, seed, kind="mean", change_at=None, effect=None, ramp=0, base="gauss"):
    """(reference, rows, truth): independent rows in time order; from row `change_at` the law is the scenario's.

    ramp > 0: the share of changed rows rises linearly from 0 to 1 over `ramp` rows. kind 'null': never.
    """
    names = columns(d, base)
    effect = DEFAULT_EFFECT[kind] if effect is None else effect
    ref = _table(n_ref, names, base, _rng(seed, "stream", base, d, "ref"), "null", 0.0)
    before = _table(length, names, base, _rng(seed, "stream", base, d, "before"), "null", 0.0)
    if kind == "null" or change_at is None or change_at >= length:
        return ref, before, {"kind": "stream", "what": "null", "change_at": None, "seed": seed}
    after = _table(length, names, base, _rng(seed, "stream", base, d, "after"), kind, effect)
    share = (
        np.clip((np.arange(length) - change_at + 1) / ramp, 0, 1) if ramp else (np.arange(length) >= change_at) * 1.0
    )
    take = _rng(seed, "stream", "ramp").random(length) < share
    rows = pd.concat([before[~take], after[take]]).sort_index()
    return (
        ref,
        rows,
        {
            "kind": "stream",
            "what": kind,
            "effect": effect,
            "change_at": int(change_at),
            "ramp": ramp,
            "seed": seed,
            "columns": MOVED[kind],
        },
    )


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    s = a.add_subparsers(dest="do", required=True)
    s.add_parser("list")
    w = s.add_parser("write")
    w.add_argument("family", choices=["two_sample", "cascade", "outside", "labelled", "stream"])
    w.add_argument("scenario")
    w.add_argument("--n", type=int, default=1000)
    w.add_argument("--d", type=int, default=10)
    w.add_argument("--seed", type=int, default=0)
    w.add_argument("--base", default="mixed")
    w.add_argument("--effect", type=float)
    w.add_argument("--change-at", type=int, default=None)
    w.add_argument("--out", type=pathlib.Path, required=True)
    o = a.parse_args()
    if o.do == "list":
        for k, v in SCENARIOS.items():
            print(f"two_sample  {k:16s} {v}")
        for k in ("null", "linear", "nonlinear"):
            print(f"cascade     {k}")
        for k, v in OUTSIDE.items():
            print(f"outside     {k:16s} {v}")
        for k, v in LABELLED.items():
            print(f"labelled    {k:16s} {v}")
        print("stream      any numeric two_sample scenario, with --change-at")
        return
    if o.family == "two_sample":
        parts = two_sample(o.scenario, o.n, o.d, o.seed, o.base, o.effect)
        names = ["reference", "current"]
    elif o.family == "cascade":
        parts = cascade(o.n, o.d, o.seed, o.scenario)
        names = ["reference", "current"]
    elif o.family == "outside":
        parts = outside(o.n, o.n, o.d, o.seed, o.scenario)
        names = ["reference", "current"]
    elif o.family == "labelled":
        parts = labelled(o.n, o.d, o.seed, o.scenario, 1.0 if o.effect is None else o.effect)
        names = ["train", "reference", "current"]
    else:
        parts = stream(o.n, 4 * o.n, o.d, o.seed, o.scenario, o.change_at, o.effect, base="gauss")
        names = ["reference", "current"]
    o.out.mkdir(parents=True, exist_ok=True)
    for nme, t in zip(names, parts):
        t.to_csv(o.out / f"{nme}.csv", index=False)
    (o.out / "truth.json").write_text(json.dumps(parts[-1]))


if __name__ == "__main__":
    main()
