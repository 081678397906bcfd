"""The cells of the table: what is drawn, how often, what is measured, what is required."""

from __future__ import annotations

from typing import Any

from cell import Cell as Cell
from cells_of_dependence import dependence_cells
from cells_of_embeddings import embedding_cells
from cells_of_repeats import repeats_cells
from cells_of_share import share_cells
from cells_of_strata import strata_cells
from cells_of_wide import wide_cells


def _cells() -> list[Cell]:
    cells: list[Cell] = []

    def add(group: str, measure: str, replicates: int, require: dict[str, Any], /, name: str, **draw: Any) -> None:
        cells.append(Cell(name, group, measure, draw, replicates, require, seed=10_000 * (1 + len(cells))))

    for d in (10, 50, 200):
        for n in (300, 1000, 5000):
            add("level", "whole_check", 100 if d == 200 else 400, {"changed": "level", "alarm": "level"},
                name=f"null_n{n}_d{d}", scenario="null", n=n, d=d)  # fmt: skip
    for kind in ("ar1", "entities", "copies"):
        level = {"changed": "level", "alarm": "level"}
        add("dependence", "dependent", 400, level, name=f"{kind}_declared", kind=kind, declared=True)
    for kind in ("ar1", "entities", "entities_shuffled"):
        add(
            "dependence",
            "dependent",
            200,
            {"withdrawn": (">=", 0.95)},
            name=f"{kind}_undeclared",
            kind=kind,
            declared=False,
        )

    def power(bar: float, scenario: str, n: int, d: int, base: str = "mixed") -> None:
        name = f"{scenario}_n{n}_d{d}" + ("_gauss" if base == "gauss" else "")
        add("power", "verdict", 200, {"changed": (">=", bar)}, name=name, scenario=scenario, n=n, d=d, base=base)

    power(0.88, "mean", 1000, 10, "gauss")
    power(0.78, "mean", 1000, 10)
    for n in (300, 1000):
        for d in (10, 50, 200):
            power(0.98, "corr", n, d)
    for d in (10, 50, 200):
        power(0.98, "hetero", 1000, d)
    power(0.98, "hetero", 300, 10)
    for scenario in ("xor", "variance"):
        for d in (10, 50):
            power(0.95, scenario, 1000, d)
    power(0.65, "subgroup", 1000, 10)
    power(0.95, "subgroup", 5000, 50)
    for scenario, bar in (("category", 0.88), ("missing", 0.76), ("missing_pattern", 0.68)):
        power(bar, scenario, 1000, 10)
    power(0.60, "dense", 1000, 50)

    for kind in ("linear", "nonlinear"):
        add("columns", "columns", 200, {"fdp": ("<=", 0.1), "power": (">=", 0.8), "followers": ("<=", 0.12)},
            name=f"cascade_{kind}_d20", n=2000, d=20, kind=kind)  # fmt: skip
        add("columns", "columns", 60, {"fdp": None, "power": (">=", 0.8), "followers": ("<=", 0.12)},
            name=f"cascade_{kind}_d50", n=2000, d=50, kind=kind)  # fmt: skip

    for kind, bar in (("cluster", 0.95), ("scattered", 0.85), ("extreme", 0.85)):
        add("rows", "rows", 50, {"fdp": ("<=", 0.1), "power": (">=", bar)}, name=f"outside_{kind}_d10", kind=kind, d=10)
    for d in (50, 200):
        add("rows", "rows", 20, {"power": (">=", 0.9)}, name=f"outside_cluster_d{d}", kind="cluster", d=d)
    add("rows", "rows", 400, {"raised": "share"}, name="outside_none_d10", kind="none", d=10)

    for kind, bar in (("subgroup", 0.02), ("covariate", 0.04)):
        add("accuracy", "accuracy", 50, {"error": ("<=", bar), "covered": (">=", 0.85), "half_width": ("<=", 0.08)},
            name=f"labelled_{kind}", kind=kind)  # fmt: skip
    add("accuracy", "accuracy", 30, {"unknown": (">=", 0.9)}, name="labelled_unseen", kind="unseen")
    add("accuracy", "accuracy", 30, {"performance": "share"}, name="labelled_concept", kind="concept")
    add("accuracy", "accuracy", 100, {"performance": "share"}, name="labelled_none", kind="none")

    exactly = 0.0709  # standard deviations: P(X < Y) = 0.52
    add("effect", "verdict", 400, {"material": "level"}, name="margin_n1e4",
        scenario="mean", n=10_000, d=10, base="gauss", effect=exactly)  # fmt: skip
    add("effect", "verdict", 100, {"material": "level"}, name="margin_n1e5",
        scenario="mean", n=100_000, d=10, base="gauss", effect=exactly)  # fmt: skip
    add("effect", "verdict", 100, {"material": (">=", 0.9)}, name="margin_twice_n1e4",
        scenario="mean", n=10_000, d=10, base="gauss", effect=2 * exactly)  # fmt: skip
    add("effect", "verdict", 20, {"material": (">=", 0.99)}, name="margin_1.2_n1e6",
        scenario="mean", n=1_000_000, d=2, base="gauss", effect=1.2 * exactly)  # fmt: skip

    def counted(replicates: int, require: dict[str, Any], scenario: str, n: int, n_cur: int) -> None:
        name = f"counts_{scenario}_{n}_{n_cur}"
        add("counts", "counts", replicates, require, name=name, scenario=scenario, n=n, n_cur=n_cur, d=10)

    for sizes in ((300, 300), (2000, 2000), (20_000, 20_000), (20_000, 2000), (2000, 20_000)):
        counted(400, {"changed": "level", "alarm": "level"}, "null", *sizes)
    for scenario in ("mean", "corr", "hetero", "variance", "category", "missing"):
        counted(200, {"changed": None}, scenario, 1000, 1000)
    return (
        cells + dependence_cells() + repeats_cells() + share_cells() + wide_cells() + strata_cells() + embedding_cells()
    )


CELLS: dict[str, Cell] = {cell.name: cell for cell in _cells()}
