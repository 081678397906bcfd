"""The cells of dependence between rows: how often the guarantee is withdrawn, without and with a reason."""

from __future__ import annotations

from typing import Any

from cell import Cell

KEPT, FOUND = ("<=", 0.01), (">=", 0.95)
FIRST_SEED = 5_000_000


def dependence_cells() -> list[Cell]:
    cells: list[Cell] = []

    def add(
        name: str, bar: object, kind: str, n: int = 1000, roles: dict[str, str] | None = None, **shape: Any
    ) -> None:
        draw = {"kind": kind, "n": n, "roles": roles or {}, "shape": shape}
        seed = FIRST_SEED + 10_000 * len(cells)
        cells.append(Cell(f"rows_{name}", "dependence", "guarantee", draw, 400, {"withdrawn": bar}, seed))

    _independent(add)
    _changed(add)
    _dependent(add)
    _declared(add)
    return cells


def _independent(add: Any) -> None:
    for levels, zipf in ((5, 0), (30, 0), (30, 1), (150, 1), (2000, 0.5)):
        add(f"independent_{levels}_zipf{zipf}", KEPT, "category", levels=levels, zipf=zipf)
    for levels in (30, 200, 2000):
        add(f"independent_int{levels}", KEPT, "category", levels=levels, as_type="int", zipf=0.5)
    add("independent_n300", KEPT, "category", 300, levels=30)
    add("independent_dates", KEPT, "category", levels=60, as_type="date")
    add("independent_other_dates", KEPT, "category", levels=31, as_type="date", disjoint=True)
    for order in ("income", "group", "group+income", "plan+visits+income", "hidden"):
        add(f"sorted_{order.replace('+', '_')}", KEPT, "category", levels=30, order=order)
    add("sorted_income_shifted", KEPT, "category", levels=30, order="income", shift=0.5)
    add("grouped_150_shifted", KEPT, "category", levels=150, as_type="int", order="group", shift=0.5)
    add("copied_tenth", KEPT, "copied", share=0.1)
    add("panel", KEPT, "entities", size=10, similar=0.3, churn=0.0)


def _changed(add: Any) -> None:
    """Independent rows of which something changed: the alarm is right, and there is nothing to withdraw."""
    add("moved_30", KEPT, "category", levels=30, moved=0.5)
    add("moved_150", KEPT, "category", levels=150, moved=0.5)
    add("half_new_30", KEPT, "category", levels=30, new=0.5)
    add("shifted_int150", KEPT, "category", levels=150, as_type="int", shift=0.5)
    add("renamed_30", None, "category", levels=30, new=1.0)


def _dependent(add: Any) -> None:
    for size in (2, 10, 50):
        for as_type in ("text", "int", "date"):
            add(f"size{size}_{as_type}", FOUND, "entities", size=size, similar=0.3, as_type=as_type)
    add("size10_rising", FOUND, "entities", size=10, similar=0.3, as_type="int", rising=True)
    add("size10_n300", FOUND, "entities", 300, size=10, similar=0.3)
    add("size10_slight", FOUND, "entities", size=10, similar=0.05)
    add("size10_slight_rising", FOUND, "entities", size=10, similar=0.05, as_type="int", rising=True)
    add("size50_slight", FOUND, "entities", size=50, similar=0.05)
    for percent in (20, 30, 60):
        add(f"churn_{percent}", FOUND, "entities", size=10, similar=0.3, churn=percent / 100)
    add("panel_moved", FOUND, "entities", 1500, size=10, similar=0.3, churn=0.0, effect=0.5)
    add("grouped", FOUND, "entities", size=10, similar=0.3, grouped=True)
    add("grouped_unnamed", FOUND, "entities", size=10, similar=0.3, grouped=True, hidden=True)
    add("shuffled_unnamed", None, "entities", size=10, similar=0.3, hidden=True)
    for phi in (0.2, 0.5, 0.9, 0.99):
        add(f"chain_{phi}", FOUND, "chain", phi=phi)
    add("chain_0.5_n300", FOUND, "chain", 300, phi=0.5)
    add("chain_0.2_n300", None, "chain", 300, phi=0.2)
    add("chain_slow_n3000", FOUND, "chain", 3000, phi=0.99, share=0.05)


def _declared(add: Any) -> None:
    entity, time = {"entity": "customer"}, {"time": "when"}
    add("declared_bins_0.9", FOUND, "chain", roles={"entity": "desc"}, phi=0.9, binned="desc")
    add("declared_bins_0.99", FOUND, "chain", roles={"entity": "desc"}, phi=0.99, binned="desc")
    add("declared_entity_days", FOUND, "shocks", roles=entity, size=10, day=20, share=0.3)
    add("declared_time_sites", FOUND, "visited", roles=time, size=20, similar=0.3)
    add("declared_entity", KEPT, "entities", roles=entity, size=10, similar=0.3)
    add("declared_entity_grouped", KEPT, "entities", roles=entity, size=10, similar=0.3, grouped=True)
    add("declared_time_0", KEPT, "chain", roles=time, phi=0.0, clock="when")
    add("declared_time_0.5", KEPT, "chain", roles=time, phi=0.5, clock="when")
    add("declared_time_slow", None, "chain", roles=time, n=3000, phi=0.99, share=0.05, clock="when")
