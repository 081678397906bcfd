"""What an agent can ask for. The signatures and docstrings are the tools' schemas and descriptions."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from ecotone.cards import discover, evidence
from ecotone.contracts import BadInput

from ._agent_answers import Checked, ColumnChange, ColumnFacts, Method, Profiled, Scored, ScoredRow, Watched
from ._agent_files import Folder
from ._plain import plain
from ._scorers import open_scorer

Source = Annotated[str, Field(description="CSV, Parquet, Arrow IPC, folder, glob, DB.duckdb::table or .profile")]
New = Annotated[str | None, Field(description="Name of a new file in the folder of --allow-write")]


def bound(function: Callable[..., Any], folder: Folder) -> Callable[..., Any]:
    """A tool without its folder, and without what it would write where nothing may be written."""
    signature = inspect.signature(function, eval_str=True)
    hidden = {"folder"} | ({"write"} if folder.path is None else set())
    kept = [p for p in signature.parameters.values() if p.name not in hidden]

    @wraps(function)
    def run(**arguments: Any) -> Any:
        return function(folder=folder, **arguments)

    run.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in kept} | {"return": signature.return_annotation}
    return run


def check(
    folder: Folder,
    reference: Source,
    current: Source,
    target: Annotated[str | None, Field(description="Column of labels; not part of the verdict")] = None,
    ignore: Annotated[list[str] | None, Field(description="Columns to leave out")] = None,
    alpha: Annotated[float, Field(description="Chance of any alarm when nothing changed")] = 0.05,
    entity: Annotated[str | None, Field(description="Column that marks rows of one unit")] = None,
    time: Annotated[str | None, Field(description="Column that orders rows")] = None,
    seed: int = 0,
    write: New = None,
) -> Checked:
    """Say what changed between two tables, whether it matters, and what to do.

    `write` keeps the HTML report.
    """
    from ecotone.checkup import check as run

    result = run(reference, current, target=target, ignore=ignore, alpha=alpha, entity=entity, time=time, seed=seed)
    document = result.to_dict()
    head = document["headline"]
    written = None if write is None else folder.write(write, result.to_html().encode())
    moved = [c for c in document["columns"] if c["marginal"] and c["marginal"]["changed"]]
    columns = [ColumnChange(name=c["name"], role=c["role"], words=c["sentence"] or "") for c in moved]
    return Checked(
        sentence=head["sentence"], alarms=head["alarms"], guarantee=head["guarantee"], reason=head["reason"],
        columns=columns, text=result.text(verbose=True), written=written,
    )  # fmt: skip


def profile(folder: Folder, source: Source, write: New = None) -> Profiled:
    """Say what a table holds, from one pass over it: rows, and each column's type, extremes, mean and missing values.

    `write` keeps the profile (name ending in .profile), which check takes in the table's place. It holds raw rows.
    """
    from ecotone.data import profile as make

    if write is not None and not write.endswith(".profile"):
        raise BadInput(f"{write!r}: the name of a profile ends in .profile; rename it")
    path = None if write is None else folder.place(write)
    made = make(source)
    if path is not None:
        made.save(path)
    facts = [ColumnFacts(**plain(found)) for found in made.to_dict()["columns"]]
    return Profiled(rows=made.n, columns=facts, written=None if path is None else str(path))


def methods(
    search: Annotated[str, Field(description="Words that name, summary, title or room must hold")] = "",
    most: Annotated[int, Field(ge=1, le=500)] = 50,
) -> list[Method]:
    """List the library's methods, each with its paper and how far it is proved (contract, oracle, claim)."""
    proofs, found = evidence(), []
    for name, card in sorted(discover().items()):
        text = f"{name} {card.summary} {card.title} {card.room}".lower()
        if all(word in text for word in search.lower().split()):
            proof = {k: str(v) for k, v in proofs.get(name, {}).items() if k in ("contract", "oracle", "claim")}
            found.append(
                Method(
                    name=name, room=card.room, summary=card.summary, paper=card.title, year=card.year, link=card.link,
                    tier=card.tier, evidence=proof,
                )
            )  # fmt: skip
    return found[:most]


def watch_status(
    state: Annotated[str, Field(description="State file of `ecotone watch`; no other process may have it open")],
) -> Watched:
    """Say where a monitor of a stream stands: rows, guarantee, open alarms, leading evidence, broken contracts."""
    from ecotone.watch import MonitorStore

    with MonitorStore.open(state, read_only=True) as store:
        status = store.status()
    leading = [{**plain(one), "share": one.evidence / one.threshold} for one in status.leading]
    return Watched(
        rows=status.rows, alarm=bool(status.open), guarantee=plain(status.guarantee), leading=leading,
        episodes=[{**plain(e), "about": e.about} for e in status.episodes], breaks=[plain(b) for b in status.breaks],
    )  # fmt: skip


def score(
    source: Source,
    model: Annotated[str, Field(description="What `ecotone fit` wrote, or detector:KNNDistance with `reference`")],
    reference: Annotated[str | None, Field(description="Rows for a detector to learn from")] = None,
    most: Annotated[int, Field(description="So many rows, the least typical first", ge=1, le=1000)] = 20,
) -> Scored:
    """Say which rows of a table are least typical, with p-values from rows that the score was not fitted on."""
    from ecotone.data import read_table

    if not model.startswith("detector:") and not os.path.isfile(model):
        raise BadInput(f"model {model!r} is not a file that is there; give what `ecotone fit` wrote, or detector:NAME")
    scorer = open_scorer(model, reference, reference)
    scores, pvalues = scorer.of(read_table(source, name="source").arrow)
    order = np.lexsort((scores, pvalues))[:most]
    listed = [ScoredRow(row=int(k), score=plain(float(scores[k])), pvalue=float(pvalues[k])) for k in order]
    return Scored(
        rows=len(scores), at_5_percent=int((pvalues <= 0.05).sum()), calibration_rows=len(scorer.calibration),
        least_typical=listed,
    )  # fmt: skip
