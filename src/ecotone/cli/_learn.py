"""``ecotone fit``, ``sample``, ``score`` and ``impute``: a table's distribution, learned and used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecotone.contracts import BadInput, is_stream

from ._app import app, say
from ._engines import opened_engine
from ._names import split_names
from ._options import (
    Address,
    Device,
    EngineName,
    Ignore,
    Model,
    OptionalTableOutput,
    Quiet,
    Seed,
    Source,
    TableOutput,
    Workers,
)
from ._outputs import check_outputs
from ._progress import progress
from ._tables import check_format, write_table

if TYPE_CHECKING:
    from ecotone.learn import TableModel


@app.command()
def fit(
    source: Source,
    output: Annotated[Path, typer.Option("-o", "--output", help="The model to write")],
    columns: Annotated[list[str] | None, typer.Option(help="Columns to learn (repeat, or commas)")] = None,
    ignore: Ignore = None,
    minutes: Annotated[float, typer.Option(help="Stop training after so long; the best weights are kept")] = 10.0,
    steps: Annotated[int, typer.Option(help="Most steps of training")] = 6000,
    width: Annotated[int, typer.Option(help="Width of the network")] = 384,
    device: Device = "auto",
    seed: Seed = 0,
    quiet: Quiet = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Tracebacks")] = False,
) -> int:
    """Learn a table's distribution. A run that was stopped goes on from OUTPUT.checkpoint."""
    from ecotone.data import read_table

    check_outputs({"-o": output}, (source,))
    frame = read_table(source, name="SOURCE")
    table = _chosen(frame.arrow, split_names(columns), split_names(ignore))
    _torch()
    from ecotone.learn import TableModel, Training
    from ecotone.learn.tables import MaskedPerceptron

    checkpoint = None if is_stream(output) else output.with_name(output.name + ".checkpoint")
    check_outputs({"the checkpoint": checkpoint})
    training = Training(
        steps=steps, batch_size=512, learning_rate=2e-3, eval_every=max(min(250, steps // 4), 1), patience=8,
        device=device, seed=seed, max_minutes=minutes, precision="auto", checkpoint=checkpoint,
    )  # fmt: skip
    with progress(quiet=quiet, verbose=verbose) as listener:
        told = replace(training, progress=listener)
        model = TableModel(MaskedPerceptron(width=width), training=told).fit(table)
    model.save(output)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    if not quiet:
        say(_fitted(model, output, table.num_rows))
    return 0


def _fitted(model: TableModel, output: Path, rows: int) -> str:
    last = min(model.history_, key=lambda look: look["held_out"] or 0.0)
    lines = [
        f"{output}: {len(model.columns_)} columns of {rows} rows, {int(model.history_[-1]['step'] or 0)} steps, "
        f"{output.stat().st_size / 1e6:.1f} MB; held-out loss {last['held_out']:.4f} nats a column"
    ]
    if model.rules_:
        some = ", ".join(f"{a} -> {b}" for a, b in model.rules_[:6]) + (", …" if len(model.rules_) > 6 else "")
        lines.append(f"rules that samples keep: {len(model.rules_)} ({some})")
    lines += [f"left out: {name} ({why})" for name, why in model.left_out_.items()]
    return "\n".join(lines)


@app.command()
def sample(
    model: Model,
    output: TableOutput,
    n: Annotated[int, typer.Option("-n", help="How many rows")] = 1000,
    given: Annotated[
        list[str] | None,
        typer.Option(help="COLUMN=VALUE, COLUMN=LOW..HIGH, COLUMN={A,B}, or COLUMN= for missing (repeat)"),
    ] = None,
    seed: Seed = 0,
    engine: EngineName = None,
    address: Address = None,
    workers: Workers = None,
    quiet: Quiet = False,
) -> int:
    """Draw rows from a learned distribution, given what is known of them."""
    check_outputs({"-o": output}, (model,))
    check_format("-o", output)
    learned = _load(model)
    conditions = _conditions(given or []) or None
    with opened_engine(engine, address, workers) as runs:
        if runs is None:
            drawn = learned.sample(n, given=conditions, seed=seed)
        else:
            from ecotone.learn.tables import sample_in_parts

            drawn = sample_in_parts(learned, n, runs, given=conditions, seed=seed)
    write_table(output, drawn)
    if not quiet:
        say(f"{output}: {drawn.num_rows} rows, {drawn.num_columns} columns")
    return 0


@app.command()
def score(
    model: Model,
    source: Source,
    output: OptionalTableOutput = None,
    engine: EngineName = None,
    address: Address = None,
    workers: Workers = None,
    quiet: Quiet = False,
) -> int:
    """Log-density and calibrated p-value of every row under a learned distribution."""
    import numpy as np
    import pyarrow as pa

    from ecotone.data import read_table

    check_outputs({"-o": output}, (model, source))
    check_format("-o", output)
    frame = read_table(source, name="SOURCE")
    learned = _load(model)
    with opened_engine(engine, address, workers) as runs:
        if runs is None:
            log = learned.log_prob(frame)
        else:
            from ecotone.learn.tables import log_prob_in_parts

            log = log_prob_in_parts(learned, frame, runs)
    p = learned.pvalues_of(log)
    if output is not None:
        write_table(output, pa.table({"row": np.arange(len(log)), "log_prob": log, "pvalue": p}))
    if not quiet:
        possible = np.isfinite(log)
        mean = f"{log[possible].mean():.4f}" if possible.any() else "none"
        say(
            f"{len(log)} rows: mean log-density {mean} nats ({int((~possible).sum())} rows impossible), "
            f"{(p <= 0.05).mean():.3f} of them at p <= .05"
        )
    return 0


@app.command()
def impute(
    model: Model,
    source: Source,
    output: TableOutput,
    seed: Seed = 0,
    engine: EngineName = None,
    address: Address = None,
    workers: Workers = None,
    quiet: Quiet = False,
) -> int:
    """Fill what is missing by draws from the learned distribution given the rest of the row."""
    from ecotone.data import read_table

    check_outputs({"-o": output}, (model, source))
    check_format("-o", output)
    frame = read_table(source, name="SOURCE")
    learned = _load(model)
    with opened_engine(engine, address, workers) as runs:
        if runs is None:
            filled = learned.impute(frame.arrow, seed=seed)
        else:
            from ecotone.learn.tables import impute_in_parts

            filled = impute_in_parts(learned, frame.arrow, runs, seed=seed)
    write_table(output, filled)
    if not quiet:
        before, after = (sum(t.column(c).null_count for c in t.column_names) for t in (frame.arrow, filled))
        say(f"{output}: {before - after} of {before} missing values filled")
    return 0


def _chosen(table: Any, columns: list[str] | None, ignore: list[str] | None) -> Any:
    for option, names in (("--columns", columns), ("--ignore", ignore)):
        for name in names or ():
            if name not in table.column_names:
                raise BadInput(f"{option} {name!r} is not in the table; it has {', '.join(table.column_names[:12])}")
    kept = [c for c in (columns or table.column_names) if c not in (ignore or ())]
    if not kept:
        raise BadInput("--columns and --ignore leave no column; name fewer to ignore")
    return table.select(kept)


def _conditions(words: list[str]) -> dict[str, Any]:
    """What ``--given`` says, by column."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise BadInput(f"--given {word!r} must be COLUMN=VALUE, COLUMN=LOW..HIGH or COLUMN={{A,B}}")
        if name in found:
            raise BadInput(f"--given names {name!r} twice; say all of it at once, such as {name}=LOW..HIGH")
        found[name] = _condition(value)
    return found


def _condition(value: str) -> Any:
    if value == "":
        return None
    if value.startswith("{") and value.endswith("}"):
        return [v.strip() for v in value[1:-1].split(",") if v.strip()]
    if ".." in value:
        low, _, high = value.partition("..")
        return (low or None, high or None)
    return value


def _load(path: Path) -> TableModel:
    _torch()
    from ecotone.learn import TableModel, load
    from ecotone.learn.tables._native import Native

    found = load(path)
    if not isinstance(found, TableModel):
        raise BadInput(f"{path} holds a {type(found).__name__}, which is no distribution of tables; use it from Python")
    found.native_ = Native()
    return found


def _torch() -> None:
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        raise BadInput(
            "learning needs torch; install it with pip install '.[torch]' -c constraints.txt, from a clone"
        ) from None
