"""``ecotone report``: the page of a monitor's run."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated

import pyarrow.parquet as pq
import typer

from ecotone.contracts import write_whole

from ._app import app, say
from ._outputs import check_outputs


@app.command()
def report(
    state: Annotated[Path, typer.Argument(help="The monitor's file, such as monitor.duckdb")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page, such as run.html")] = Path("run.html"),
    table: Annotated[Path | None, typer.Option("--table", help="The chunks as well, as a Parquet file")] = None,
    title: Annotated[str, typer.Option(help="What the run is called on the page")] = "",
) -> int:
    """Write the page of a monitor's run: alarms, evidence, losses and columns over time, in one HTML file.

    The file is only read; the watch may go on beside it.
    """
    from ecotone.watch import MonitorStore
    from ecotone.watch.report import run_page, timeline

    check_outputs({"--output": output, "--table": table}, [state])
    with MonitorStore.open(state, read_only=True) as store:
        files = [(output, run_page(store, title=title or state.stem).encode())]
        if table is not None:
            chunks = io.BytesIO()
            pq.write_table(timeline(store), chunks)
            files.append((table, chunks.getvalue()))
        rows = store.status().rows
    write_whole(files)
    say(f"{rows:,} rows: {' and '.join(str(path) for path, _ in files)}")
    return 0
