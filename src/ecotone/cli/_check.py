"""``ecotone check REFERENCE CURRENT``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecotone.contracts import BadInput

from ._main import app, say
from ._names import split_names
from ._outputs import check_outputs, check_redact
from ._progress import progress

if TYPE_CHECKING:
    from ecotone.checkup import CheckResult

ALARMS = ("material", "performance", "changed", "outliers", "schema", "contract", "any", "never")


@app.command()
def check(
    reference: Annotated[
        str, typer.Argument(help="CSV, Parquet, Arrow IPC, glob, folder, DB.duckdb::table or profile")
    ],
    current: Annotated[str, typer.Argument(help="The same, to compare with REFERENCE")],
    target: Annotated[str | None, typer.Option(help="Column of labels; CURRENT may lack it")] = None,
    model: Annotated[Path | None, typer.Option(help="ONNX file, or pickled model (joblib) with --trust")] = None,
    trust: Annotated[bool, typer.Option("--trust", help="Open the pickled model: it can run code")] = False,
    prediction: Annotated[str | None, typer.Option(help="Column of predictions, in the place of a model")] = None,
    probability: Annotated[list[str] | None, typer.Option(help="Column of probabilities; once for each class")] = None,
    metric: Annotated[str | None, typer.Option(help="accuracy, roc_auc, log_loss, mae …")] = None,
    positive: Annotated[str | None, typer.Option(help="The positive class")] = None,
    features: Annotated[
        list[str] | None, typer.Option(help="Columns that the model reads, if it does not say (repeat, or commas)")
    ] = None,
    alpha: Annotated[float, typer.Option(help="Chance of any alarm when nothing changed")] = 0.05,
    fdr: Annotated[float, typer.Option(help="False discovery rate of the lists")] = 0.1,
    min_effect: Annotated[float, typer.Option(help="Smallest effect that matters (AUC scale)")] = 0.02,
    columns: Annotated[
        list[str] | None, typer.Option(help='Columns to compare (repeat, or commas; "a,b" in quotes)')
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Columns to leave out (repeat, or commas)")] = None,
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
    seed: Annotated[int, typer.Option(help="The same seed gives the same answers")] = 0,
    fail_on: Annotated[str | None, typer.Option(help=f"Exit 1 on: {', '.join(ALARMS)} (commas)")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the answers as JSON")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report as HTML")] = None,
    rows: Annotated[Path | None, typer.Option(help="Write every row's p-value (Parquet; .csv, .arrow)")] = None,
    redact: Annotated[bool, typer.Option("--redact", help="No values of rows in the report")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say all of it, each stage, and tracebacks")] = False,
) -> int:
    """Say what changed between two tables, whether it matters, and what to do."""
    wanted = _fail_on(fail_on, has_model=bool(model or prediction or probability), has_contract=contract is not None)
    check_outputs({"--rows": rows, "--report": report, "--json": json}, (reference, current, model, contract))
    check_redact(report, redact=redact)
    from ecotone.checkup import check as run_check

    with progress(quiet=quiet, verbose=verbose) as listener:
        result: CheckResult = run_check(
            reference,
            current,
            target=target,
            model=_model(model, trust=trust),
            prediction=prediction,
            probability=split_names(probability),
            metric=metric,
            positive=positive,
            features=split_names(features),
            alpha=alpha,
            fdr=fdr,
            min_effect=min_effect,
            columns=split_names(columns),
            ignore=split_names(ignore),
            id=split_names(id),
            ordinal=split_names(ordinal),
            entity=entity,
            time=time,
            groups=groups,
            given=split_names(given),
            embedding=split_names(embedding),
            contract=contract,
            independent=independent,
            seed=seed,
            progress=listener,
        )
    result.save(rows=rows, report=report, json=json, redact=redact)
    if not quiet:
        say(result.text(verbose=verbose, fail_on=wanted))
    return int(result.fails(wanted))


def _fail_on(given: str | None, *, has_model: bool, has_contract: bool) -> list[str]:
    if given is None:
        return ["material", "performance"] if has_model else ["material"]
    wanted = [name.strip() for name in given.split(",") if name.strip()]
    for name in wanted or [given]:
        if name not in ALARMS:
            raise BadInput(f"--fail-on must be of {', '.join(ALARMS)}, got {name!r}")
    if "never" in wanted and len(wanted) > 1:
        raise BadInput(f"--fail-on {given} says never and more; give one or the other")
    if "contract" in wanted and not has_contract:
        raise BadInput("--fail-on contract needs --contract FILE, as ecotone profile --contract writes it")
    if "performance" in wanted and not has_model:
        raise BadInput("--fail-on performance needs a model; give --model, --prediction or --probability")
    return wanted


def _model(path: Path | None, *, trust: bool) -> Any:
    if path is None:
        return None
    if path.suffix == ".onnx":
        return path
    if not trust:
        raise BadInput(f"--model {path} is a pickle and opening it can run code; add --trust if you made it")
    from ._user_code import unpickled

    found = unpickled(path, "--model")
    if found is None:
        raise BadInput(f"--model {path} holds nothing (None); save the fitted model with joblib.dump")
    return found
