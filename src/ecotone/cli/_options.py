"""Options that several commands have, each with its words once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

_SOURCE = "CSV, Parquet, Arrow IPC, glob, directory, s3://… or DB.duckdb::table"
Source: TypeAlias = Annotated[str, typer.Argument(help=_SOURCE)]
Model: TypeAlias = Annotated[Path, typer.Argument(help="A model that `ecotone fit` wrote")]

_TABLE = typer.Option("-o", "--output", help="Parquet, CSV or Arrow file to write")
TableOutput: TypeAlias = Annotated[Path, _TABLE]
OptionalTableOutput: TypeAlias = Annotated[Path | None, _TABLE]
ProfileOutput: TypeAlias = Annotated[Path, typer.Option("-o", "--output", help="The profile to write")]

Ignore: TypeAlias = Annotated[list[str] | None, typer.Option(help="Columns to leave out (repeat, or commas)")]
Fdr: TypeAlias = Annotated[float, typer.Option(help="False discovery rate of what is named")]
Seed: TypeAlias = Annotated[int, typer.Option(help="The same seed gives the same answers; another, another draw")]
Trust: TypeAlias = Annotated[bool, typer.Option("--trust", help="Open a pickled model: it can run code")]
Device: TypeAlias = Annotated[str, typer.Option(help="auto, cpu, cuda or mps")]

Json: TypeAlias = Annotated[Path | None, typer.Option(help="Write the answers as JSON")]
Report: TypeAlias = Annotated[Path | None, typer.Option(help="Write the report as HTML")]
Redact: TypeAlias = Annotated[bool, typer.Option("--redact", help="No values of rows in the report")]
EngineName: TypeAlias = Annotated[
    str | None, typer.Option("--engine", help="local (processes of this machine) or ray (a cluster); the same answers")
]
Address: TypeAlias = Annotated[
    str | None, typer.Option(help="Ray cluster: HOST:PORT, ray://HOST:PORT or auto; else one on this machine")
]
Workers: TypeAlias = Annotated[int | None, typer.Option(help="Parts to work on at once; every core by default")]
Partitions: TypeAlias = Annotated[int | None, typer.Option(help="Parts to cut SOURCE into at most; 4 a worker")]

Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors")]
Verbose: TypeAlias = Annotated[bool, typer.Option("--verbose", help="Say all of it, each stage, and tracebacks")]
Prediction: TypeAlias = Annotated[str | None, typer.Option(help="Column of predictions, in the place of a model")]
