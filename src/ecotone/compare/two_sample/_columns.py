"""What each column shows by itself: changed, by how much, with an interval that allows for the choice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from ecotone.contracts import SMALLEST_PVALUE
from ecotone.data import Kind
from ecotone.decide.multiple_testing import step_up_count

from ._embedded import Embedded
from ._level_effect import TAIL
from ._material import SHARES, Effect, column_material, effects, trees_material
from ._minp import LOG10
from ._psi import population_stability_index
from ._scores import Design, ScoredColumn


@dataclass(frozen=True)
class ColumnMargin:
    """One column's own distribution in the two tables.

    Parameters
    ----------
    pvalue, log10_pvalue : float
        Bonferroni over the column's scores; NaN for a column without any.
    changed : bool
        Selected by Benjamini-Hochberg behind the verdict's gate.
    material : bool
        An effect above the minimum, at its part of alpha, behind the same gate.
    effect, effect_name, interval
        ``auc`` (P(X < Y) + P(X = Y) / 2 - 1/2), ``spread`` (the same scale, for the distance from the middle),
        ``total variation``, ``infinite`` or ``missing`` (differences of rates). The interval has level
        1 - fdr R / m for the R of m
        columns that changed, 1 - fdr for the others.
    psi : float
        Population stability index: a description.
    missing : (float, float)
        Missing rate of the reference and of the current table.
    width, words : int, str
        Of an embedding (kind ``embedding``, effect ``classifier``: the area under the curve of a linear classifier on
        rows not seen, less 1/2) how many columns it has, and what its difference is.
    """

    name: str
    kind: Kind | Literal["embedding"]
    pvalue: float
    log10_pvalue: float
    changed: bool
    material: bool
    effect: float
    effect_name: str
    interval: tuple[float, float]
    psi: float
    missing: tuple[float, float]
    width: int = 1
    words: str = ""


@dataclass(frozen=True)
class Judged:
    """All columns, and what the minimum-effect verdict takes from them."""

    columns: tuple[ColumnMargin, ...]
    material_logp: float
    errors: Mapping[str, float]


def judge_columns(
    design: Design,
    own: Mapping[str, float],
    blocks: Sequence[Embedded] = (),
    *,
    gate: bool,
    alpha: float,
    margin: float,
    fdr: float,
) -> Judged:
    """Column by column, then the embeddings; ``own`` holds the log p of each that could be tested."""
    found = {c.name: effects(design, c) for c in design.columns}
    tested = [k for k in [*found, *(b.name for b in blocks)] if k in own]
    chosen = selected(np.array([own[k] for k in tested]), fdr) if gate and tested else np.zeros(len(tested), bool)
    changed = {k for k, hit in zip(tested, chosen) if hit}
    count = sum(bool(f) for f in found.values()) + len(blocks)
    material = {k: column_material(f, margin) + math.log(max(count, 1)) for k, f in found.items() if f}
    material |= {b.name: trees_material(b.steps, margin) + math.log(count) for b in blocks}
    bar = math.log(SHARES["columns"] * alpha)
    level = fdr * len(changed) / max(len(tested), 1)
    columns = tuple(
        _column(
            c,
            own.get(c.name, math.nan),
            found[c.name],
            c.name in changed,
            gate and material.get(c.name, 0.0) <= bar,
            level if c.name in changed else fdr,
        )
        for c in design.columns
    )
    columns += tuple(
        _block(b, own[b.name], b.name in changed, gate and material[b.name] <= bar, level if b.name in changed else fdr)
        for b in blocks
    )
    errors = {
        kind: float(np.median([e.se for f in found.values() for e in f if e.kind.startswith(kind)] or [math.nan]))
        for kind in ("auc", "spread", "level", "missing")
    }
    return Judged(columns, min([0.0, *material.values()]), {**errors, "count": float(count)})


def selected(logp: np.ndarray, fdr: float) -> np.ndarray:
    """Benjamini-Hochberg on logarithms of p-values."""
    order = np.argsort(logp, kind="stable")
    out = np.zeros(len(logp), bool)
    out[order[: step_up_count(logp[order], fdr, max(len(logp), 1), logarithms=True)]] = True
    return out


def _column(
    c: ScoredColumn, logp: float, found: list[Effect], changed: bool, material: bool, level: float
) -> ColumnMargin:
    effect, name, interval = _effect(found, changed, level)
    pvalue = math.nan if math.isnan(logp) else max(math.exp(logp), SMALLEST_PVALUE)
    psi = population_stability_index(c)
    return ColumnMargin(c.name, c.kind, pvalue, logp / LOG10, changed, material, effect, name, interval, psi, c.missing)


def _block(b: Embedded, logp: float, changed: bool, material: bool, level: float) -> ColumnMargin:
    auc, se = b.auc
    z = -float(special.ndtri(level / 2))
    effect, interval = auc - 0.5, (max(auc - 0.5 - z * se, -0.5), min(auc - 0.5 + z * se, 0.5))
    return ColumnMargin(
        name=b.name,
        kind="embedding",
        pvalue=max(math.exp(logp), SMALLEST_PVALUE),
        log10_pvalue=logp / LOG10,
        changed=changed,
        material=material,
        effect=effect,
        effect_name="classifier",
        interval=interval if b.steps else (math.nan, math.nan),
        psi=math.nan,
        missing=b.missing,
        width=b.width,
        words=b.words(),
    )


def _effect(found: list[Effect], changed: bool, level: float) -> tuple[float, str, tuple[float, float]]:
    """The column's first effect; of a changed column the one that stands out most, with Bonferroni for that choice."""
    groups: dict[str, list[Effect]] = {}
    for e in found:
        groups.setdefault("total variation" if e.kind.startswith("level:") else e.kind, []).append(e)
    if not groups:
        return math.nan, "", (math.nan, math.nan)
    name = next(iter(groups))
    if changed:
        name = max(groups, key=lambda g: max(abs(e.value) / e.se for e in groups[g]))
        level /= len(groups)
    chosen = groups[name]
    z = -float(special.ndtri(level / 2 / len(chosen)))
    if name == "all levels":
        e = chosen[0]
        most = min(e.value + (e.most - e.value) * max(z / TAIL, 1.0), 1.0)
        return e.value, "total variation", (max(e.value - z * e.se, 0.0), most)
    if name != "total variation":
        e = chosen[0]
        bound = 1.0 if name in ("infinite", "missing") else 0.5
        return e.value, name, (max(e.value - z * e.se, -bound), min(e.value + z * e.se, bound))
    half = 1.0 if len(chosen) == 1 else 0.5  # of two levels one indicator says all
    value = half * sum(abs(e.value) for e in chosen)
    low = half * sum(max(abs(e.value) - z * e.se, 0.0) for e in chosen)
    return value, name, (low, min(half * sum(abs(e.value) + z * e.se for e in chosen), 1.0))
