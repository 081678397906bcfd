"""One seed of one cell into one record."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from dependent_rows import dependent_rows
from embeddings import embedding_pair
from repeats import repeated as repeated
from scenarios import cascade, labelled, outside, two_sample
from share import share as share
from share import share_over_seeds as share_over_seeds
from strata import strata_tables

import ecotone
from ecotone.checkup.rows._rows import rows_outside
from ecotone.compare.explain import conditional_change
from ecotone.compare.two_sample import dependence, two_tables
from ecotone.compare.two_sample._embedded import embedded
from ecotone.compare.two_sample._scores import Design
from ecotone.data import Pair, Roles, align_tables, profile, read_table
from ecotone.decide import Budget
from ecotone.decide.multiple_testing import benjamini_hochberg

BUDGET = Budget(alpha=0.05)


def _pair(reference: pd.DataFrame, current: pd.DataFrame) -> Pair:
    both = align_tables(read_table(reference, name="reference"), read_table(current, name="current"))
    return replace(both, units=dependence(both, entity=False, time=False, seed=0).units)


def whole_check(seed: int, *, scenario: str, n: int, d: int) -> dict[str, Any]:
    """Every alarm of a whole check."""
    reference, current, _ = two_sample(scenario, n, d, seed)
    start = time.perf_counter()
    result = ecotone.check(reference, current, seed=seed)
    return {
        "changed": result.verdict["changed"],
        "material": result.verdict["material"],
        "outliers": "outliers" in result.alarms,
        "alarm": bool(result.alarms),
        "withdrawn": result.headline["guarantee"] == "withdrawn",
        "families": {f["name"]: f["pvalue"] for f in result.verdict["families"]},
        "seconds": time.perf_counter() - start,
    }


def verdict(
    seed: int, *, scenario: str, n: int, d: int, base: str = "mixed", effect: float | None = None
) -> dict[str, Any]:
    """The verdict alone, at its share of alpha."""
    reference, current, _ = two_sample(scenario, n, d, seed, base, effect)
    start = time.perf_counter()
    found = two_tables(_pair(reference, current), alpha=BUDGET.spend("verdict"), min_effect=0.02, fdr=0.1, seed=seed)
    return {
        "changed": found.changed,
        "material": found.material,
        "families": {f.name: f.pvalue for f in found.families},
        "seconds": time.perf_counter() - start,
    }


def counts(seed: int, *, scenario: str, n: int, n_cur: int, d: int) -> dict[str, Any]:
    """A whole check of two profiles without rows, the current one like the reference."""
    reference, current, _ = two_sample(scenario, n, d, seed, n_cur=n_cur)
    before = profile(reference, rows=False)
    after = profile(current, like=before, rows=False)
    start = time.perf_counter()
    result = ecotone.check(before, after, seed=seed)
    return {
        "changed": result.verdict["changed"],
        "material": result.verdict["material"],
        "alarm": bool(result.alarms),
        "families": {f["name"]: f["pvalue"] for f in result.verdict["families"] if f["reason"] is None},
        "seconds": time.perf_counter() - start,
    }


def dependent(seed: int, *, kind: str, declared: bool, n: int = 1000, d: int = 10) -> dict[str, Any]:
    """A whole check of two tables of one law whose rows hang together."""
    if kind == "copies":
        reference, current, _ = two_sample("copy", n, d, seed)
        roles: dict[str, str] = {}
    elif kind == "ar1":
        reference, current = (_autoregressive(n, d, seed, k) for k in range(2))
        roles = {"time": "when"} if declared else {}
        if not declared:
            reference, current = reference.drop(columns="when"), current.drop(columns="when")
    else:
        reference, current = (_entities(n, d, seed, k, shuffled=kind.endswith("shuffled")) for k in range(2))
        roles = {"entity": "unit"} if declared else {}
        if not declared and not kind.endswith("shuffled"):
            reference, current = reference.drop(columns="unit"), current.drop(columns="unit")
    result = ecotone.check(reference, current, seed=seed, **roles)
    return {
        "changed": result.verdict["changed"],
        "alarm": bool(result.alarms),
        "withdrawn": result.headline["guarantee"] == "withdrawn",
    }


def guarantee(seed: int, *, kind: str, n: int, roles: dict[str, str], shape: dict[str, Any]) -> dict[str, Any]:
    """Whether the guarantee is withdrawn, by the tests of dependence alone."""
    reference, current = dependent_rows(kind, n, seed, **shape)
    frames = read_table(reference, name="reference"), read_table(current, name="current")
    both = align_tables(*frames, Roles.of(**roles))
    start = time.perf_counter()
    found = dependence(both, entity="entity" in roles, time="time" in roles, seed=seed)
    return {"withdrawn": found.guarantee == "withdrawn", "seconds": time.perf_counter() - start}


def _autoregressive(n: int, d: int, seed: int, which: int, coefficient: float = 0.5) -> pd.DataFrame:
    from scipy.signal import lfilter

    rng = np.random.default_rng([seed, which, 1])
    x = lfilter([np.sqrt(1 - coefficient**2)], [1, -coefficient], rng.standard_normal((n + 50, d)), axis=0)[50:]
    table = pd.DataFrame(x, columns=[f"x{j}" for j in range(d)])
    return table.assign(when=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n) + which * n, unit="h"))


def _entities(
    n: int, d: int, seed: int, which: int, *, shuffled: bool, rows: int = 10, similar: float = 0.3
) -> pd.DataFrame:
    rng = np.random.default_rng([seed, which, 2])
    own = np.repeat(rng.standard_normal((n // rows, d)), rows, axis=0)
    x = np.sqrt(similar) * own + np.sqrt(1 - similar) * rng.standard_normal((n, d))
    table = pd.DataFrame(x, columns=[f"x{j}" for j in range(d)])
    table["unit"] = [f"{'ab'[which]}{u:05d}" for u in np.repeat(rng.permutation(10**5)[: n // rows], rows)]
    return table.sample(frac=1, random_state=seed).reset_index(drop=True) if shuffled else table


def columns(seed: int, *, n: int, d: int, kind: str) -> dict[str, Any]:
    """The conditional bit against the columns whose law given the others changed."""
    reference, current, truth = cascade(n, d, seed, kind)
    both = _pair(reference, current)
    start = time.perf_counter()
    changed = two_tables(both, alpha=BUDGET.spend("verdict"), min_effect=0.02, fdr=0.1, seed=seed)
    found = [c for c in conditional_change(both, seed=seed) if c.pvalue is not None]
    named = {
        c.name for c, q in zip(found, benjamini_hochberg(np.array([c.pvalue for c in found])), strict=True) if q <= 0.1
    }
    named = named if changed.changed else set()
    marginal = {c.name for c in changed.columns if c.changed}
    true, followers = set(truth["conditional"]), set(truth["followers"]) - set(truth["conditional"])
    return {
        "fdp": len(named - true) / max(1, len(named)),
        "power": len(named & true) / max(1, len(true)),
        "followers": len(named & followers) / max(1, len(followers)) if followers else None,
        "followers_marginal": len(marginal & followers) / max(1, len(followers)) if followers else None,
        "seconds": time.perf_counter() - start,
    }


def rows(seed: int, *, kind: str, d: int, n_ref: int = 5000, n_cur: int = 2000) -> dict[str, Any]:
    """The rows named outside against those that are."""
    reference, current, truth = outside(n_ref, n_cur, d, seed, kind)
    both = _pair(reference, current)
    start = time.perf_counter()
    found = rows_outside(both, alpha=BUDGET.spend("rows"), fdr=0.1, seed=seed)
    named, true = set(map(int, found.index)), set(truth["rows"])
    return {
        "fdp": len(named - true) / max(1, len(named)),
        "power": len(named & true) / max(1, len(true)) if true else None,
        "raised": bool(found.raised),
        "seconds": time.perf_counter() - start,
    }


def accuracy(seed: int, *, kind: str, n: int = 5000, d: int = 10) -> dict[str, Any]:
    """The estimated accuracy without labels against the true one."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    train, reference, current, _ = labelled(n, d, seed, kind)
    model = HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(train.drop(columns="y"), train["y"])
    truth = float((model.predict(current.drop(columns="y")) == current["y"]).mean())
    result = ecotone.check(reference, current.drop(columns="y"), target="y", model=model, metric="accuracy", seed=seed)
    found = result.performance
    low, high = found["interval"]
    return {
        "error": abs(found["estimate"] - truth),
        "covered": bool(low <= truth <= high),
        "half_width": (high - low) / 2,
        "unknown": found["unknown"] is not None,
        "performance": "performance" in result.alarms,
        "truth": truth,
        "estimate": found["estimate"],
        "seconds": sum(result.timing.values()),
    }


def within_strata(
    seed: int, *, n: int, given: list[str], m: int = 0, size: int = 1, phi: float = 0.0, **change: float
) -> dict[str, Any]:
    """The verdict and the rows outside, of tables whose law depends on strata that their shares differ in."""
    reference, current = strata_tables(seed, n, m or n, size=size, phi=phi, **change)
    roles = Roles.of(
        given=given, entity="customer" if size > 1 else None, time="when" if phi else None,
        ignore=[] if "hour" in given else ["hour"],
    )  # fmt: skip
    frames = read_table(reference, name="reference"), read_table(current, name="current")
    both = align_tables(*frames, roles, seed=seed)
    ties = dependence(both, entity=size > 1, time=phi > 0, seed=seed)
    both = replace(both, units=ties.units)
    found = two_tables(both, alpha=BUDGET.spend("verdict"), min_effect=0.02, fdr=0.1, seed=seed)
    raised = rows_outside(both, alpha=BUDGET.spend("rows"), fdr=0.1, seed=seed).raised
    return {
        "changed": found.changed,
        "material": found.material,
        "alarm": found.changed or raised,
        "withdrawn": ties.guarantee == "withdrawn",
        "rows": both.n,
        "families": {f.name: f.pvalue for f in found.families},
    }


def embedding(seed: int, *, kind: str, n: int, d: int, **shape: Any) -> dict[str, Any]:
    """The test of an embedding alone: ``found`` at .05, ``changed`` at its share where a table holds nothing else."""
    design = Design(embedding_pair(seed, kind, n, d, **shape), BUDGET.spend("verdict"), seed)
    start = time.perf_counter()
    ((name, columns),) = design.blocks.items()
    found = embedded(design, name, columns)
    return {
        "found": found.logp <= math.log(0.05),
        "changed": found.logp <= math.log(BUDGET.spend("verdict/margins")),
        "auc": found.auc[0],
        "parts": {k: math.exp(min(v, 0.0)) for k, v in found.parts.items()},
        "seconds": time.perf_counter() - start,
    }
