"""``ecotone check REFERENCE CURRENT``."""

from __future__ import annotations

import inspect
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from ecotone.contracts import BadInput

from ._app import app, say
from ._engines import opened_engine, profiled_sides
from ._names import fail_on_names, split_names
from ._options import (
    Address,
    EngineName,
    Fdr,
    Ignore,
    Json,
    Partitions,
    Prediction,
    Quiet,
    Redact,
    Report,
    Seed,
    Trust,
    Verbose,
    Workers,
)
from ._outputs import check_outputs, check_redact
from ._progress import progress
from ._user_code import fitted_model

ALARMS = ("material", "performance", "changed", "outliers", "schema", "contract", "any", "never")


def _schema(asked: bool) -> None:
    if asked:
        from ecotone.checkup import check_schema

        say(dumps(check_schema(), indent=1, ensure_ascii=False))
        raise typer.Exit(0)


@app.command()
def check(
    reference: Annotated[
        str, typer.Argument(help="CSV, Parquet, Arrow IPC, glob, folder, DB.duckdb::table or profile")
    ],
    current: Annotated[str, typer.Argument(help="The same, to compare with REFERENCE")],
    target: Annotated[str | None, typer.Option(help="Column of labels; CURRENT may lack it")] = None,
    model: Annotated[Path | None, typer.Option(help="ONNX file, or pickled model (joblib) with --trust")] = None,
    trust: Trust = False,
    prediction: Prediction = None,
    probability: Annotated[list[str] | None, typer.Option(help="Column of probabilities; once for each class")] = None,
    metric: Annotated[str | None, typer.Option(help="accuracy, roc_auc, log_loss, mae …")] = None,
    positive: Annotated[str | None, typer.Option(help="The positive class")] = None,
    features: Annotated[
        list[str] | None, typer.Option(help="Columns that the model reads, if it does not say (repeat, or commas)")
    ] = None,
    alpha: Annotated[float, typer.Option(help="Chance of any alarm when nothing changed")] = 0.05,
    fdr: Fdr = 0.1,
    min_effect: Annotated[float, typer.Option(help="Smallest effect that matters (AUC scale)")] = 0.02,
    columns: Annotated[
        list[str] | None, typer.Option(help='Columns to compare (repeat, or commas; "a,b" in quotes)')
    ] = None,
    ignore: Ignore = None,
    id: Annotated[list[str] | None, typer.Option(help="Identifiers: not compared (repeat, or commas)")] = None,
    ordinal: Annotated[
        list[str] | None, typer.Option(help="Columns to compare by their order (repeat, or commas)")
    ] = None,
    entity: Annotated[str | None, typer.Option(help="Column that marks rows of one unit")] = None,
    time: Annotated[str | None, typer.Option(help="Column that orders rows")] = None,
    groups: Annotated[
        str | None, typer.Option(help="Column of groups to report performance for; tested as well")
    ] = None,
    given: Annotated[
        list[str] | None, typer.Option(help="Compare at equal values: columns, or when:month (repeat, or commas)")
    ] = None,
    embedding: Annotated[
        list[str] | None, typer.Option(help="Beginning of the names of columns that are one embedding (repeat)")
    ] = None,
    contract: Annotated[
        Path | None, typer.Option(help="What CURRENT shall be: a file that ecotone profile --contract wrote")
    ] = None,
    independent: Annotated[
        bool, typer.Option("--independent", help="You state that rows are independent draws if nothing changed")
    ] = False,
    seed: Seed = 0,
    engine: EngineName = None,
    address: Address = None,
    workers: Workers = None,
    partitions: Partitions = None,
    fail_on: Annotated[str | None, typer.Option(help=f"Exit 1 on: {', '.join(ALARMS)} (commas)")] = None,
    json: Json = None,
    report: Report = None,
    rows: Annotated[Path | None, typer.Option(help="Write every row's p-value (Parquet; .csv, .arrow)")] = None,
    redact: Redact = False,
    schema: Annotated[
        bool, typer.Option("--schema", callback=_schema, is_eager=True, help="Print the JSON schema of --json and stop")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Say what changed between two tables, whether it matters, and what to do."""
    asked = {name: split_names(value) if isinstance(value, list) else value for name, value in locals().items()}
    wanted = _fail_on(fail_on, has_model=bool(model or prediction or probability), has_contract=contract is not None)
    check_outputs({"--rows": rows, "--report": report, "--json": json}, (reference, current, model, contract))
    check_redact(report, redact=redact)
    from ecotone.checkup import check as run_check

    options = {name: asked[name] for name in inspect.signature(run_check).parameters if name in asked}
    with progress(quiet=quiet, verbose=verbose) as listener:
        with opened_engine(engine, address, workers, partitions) as runs:
            sides = profiled_sides(reference, current, runs, partitions=partitions, seed=seed, progress=listener)
        result = run_check(**{**options, **sides, "model": fitted_model(model, trust=trust), "progress": listener})
    result.save(rows=rows, report=report, json=json, redact=redact)
    if not quiet:
        say(result.text(verbose=verbose, fail_on=wanted))
    return int(result.fails(wanted))


def _fail_on(given: str | None, *, has_model: bool, has_contract: bool) -> list[str]:
    if given is None:
        return ["material", "performance"] if has_model else ["material"]
    wanted = fail_on_names(given, ALARMS)
    if "contract" in wanted and not has_contract:
        raise BadInput("--fail-on contract needs --contract FILE, as ecotone profile --contract writes it")
    if "performance" in wanted and not has_model:
        raise BadInput("--fail-on performance needs a model; give --model, --prediction or --probability")
    return wanted
