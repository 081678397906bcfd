"""``ecotone watch REFERENCE SOURCE --state FILE`` and ``ecotone watch --state FILE accept|reset|status|report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecotone.contracts import BadInput, write_whole

from ._app import app, say
from ._names import fail_on_names, split_names
from ._options import Ignore, Json, Prediction, Quiet, Trust, Verbose
from ._outputs import check_outputs
from ._report import report
from ._user_code import fitted_model

if TYPE_CHECKING:
    from ecotone.watch import MonitorStore, Update, WatchSettings

ACTIONS = ("accept", "reset", "status", "report")
ALARMS = ("data", "harm", "breaks", "any", "never")
_SETTINGS = ("arl", "ever", "every", "tolerance", "estimate", "shuffle", "independent", "seed")
_ROLES = ("time", "entity", "target", "prediction", "probability", "id", "ordinal", "columns", "ignore")


@app.command()
def watch(
    what: Annotated[
        list[str],
        typer.Argument(
            help=f"REFERENCE and SOURCE (a file, glob, folder, DB.duckdb::table or -); or one of {', '.join(ACTIONS)}"
        ),
    ],
    state: Annotated[Path, typer.Option(help="The monitor's file; made where it is not there")],
    arl: Annotated[float | None, typer.Option(help="Rows to the first false alarm, on average (20000)")] = None,
    ever: Annotated[float | None, typer.Option(help="In its place: probability that there is ever one")] = None,
    time: Annotated[str | None, typer.Option(help="Column that says when rows were")] = None,
    entity: Annotated[str | None, typer.Option(help="Column that marks rows of one unit: one is evidence")] = None,
    every: Annotated[int | None, typer.Option(help="Only every so many rows are evidence")] = None,
    by: Annotated[str | None, typer.Option(help="Chunks of the timeline: day, week or a number of rows (1000)")] = None,
    key: Annotated[str | None, typer.Option(help="Column that rises from row to row: no row is taken twice")] = None,
    target: Annotated[str | None, typer.Option(help="Column of labels")] = None,
    model: Annotated[
        Path | None, typer.Option(help="ONNX file, or pickled model with --trust: asked on every row")
    ] = None,
    trust: Trust = False,
    prediction: Prediction = None,
    probability: Annotated[list[str] | None, typer.Option(help="Column of a class's probabilities (repeat)")] = None,
    id: Annotated[list[str] | None, typer.Option(help="Identifiers: not watched; the first joins late labels")] = None,
    labels: Annotated[
        str | None, typer.Option(help="Late labels: a file, glob or folder with --id and --target")
    ] = None,
    tolerance: Annotated[float | None, typer.Option(help="How much the loss may rise before it is harm (0)")] = None,
    estimate: Annotated[
        bool | None, typer.Option("--estimate", help="Estimate each chunk's loss without labels (a second or two each)")
    ] = None,
    columns: Annotated[list[str] | None, typer.Option(help="Columns to watch (repeat, or commas)")] = None,
    ignore: Ignore = None,
    ordinal: Annotated[list[str] | None, typer.Option(help="Columns to watch by their order")] = None,
    shuffle: Annotated[
        bool | None, typer.Option("--shuffle", help="Order inside a batch means nothing: rows are read shuffled")
    ] = None,
    independent: Annotated[
        bool | None, typer.Option("--independent", help="You state that rows are independent")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on looking for rows until interrupted")] = False,
    fail_on: Annotated[str, typer.Option(help=f"Exit 1 on: {', '.join(ALARMS)} (commas)")] = "data,harm",
    seed: Annotated[int | None, typer.Option(help="Of the draws that break ties (0)")] = None,
    json: Json = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Watch a stream of rows: alarms whose false ones keep a stated budget."""
    asked = {name: split_names(v) if isinstance(v, list) else v for name, v in locals().items()}
    wanted = fail_on_names(fail_on, ALARMS)
    check_outputs({"--json": json}, [state])
    if what[0] in ACTIONS and len(what) == 1:
        return _act(what[0], state, json, quiet=quiet)
    if len(what) != 2:
        raise BadInput(f"watch takes REFERENCE and SOURCE, or one of {', '.join(ACTIONS)}; got {' '.join(what[:4])!r}")
    opened = fitted_model(model, trust=trust)
    _begin(what[0], state, {**asked, "model": opened})
    heard = _Heard(quiet=quiet, verbose=verbose)
    from ecotone.watch import MonitorStore, feed

    found = feed(state, what[1], key=key, labels=labels, model=opened, follow=follow, heard=heard)
    with MonitorStore.open(state) as store:
        heard.examine(store)
        _tell(store, json, quiet=quiet)
    hits = {"data": "data" in heard.about, "harm": "harm" in heard.about, "breaks": found.breaks > 0}
    return int(any(hits.values()) if "any" in wanted else any(hits.get(name, False) for name in wanted))


class _Heard:
    """Says what each transaction brought, and remembers the episodes that began."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self.quiet, self.verbose = quiet, verbose
        self.about: set[str] = set()
        self._waiting: list[int] = []

    def __call__(self, store: MonitorStore, update: Update) -> None:
        from ecotone.watch import alarm_line, break_line

        for found in update.breaks:
            self._say(break_line(found))
        if not update.alarms:
            return
        for episode in store.episodes():
            if any(episode.alarm == alarm for alarm in update.alarms):
                self._say(alarm_line(episode))
                self.about.add(episode.about)
                self._waiting.append(episode.number)

    def examine(self, store: MonitorStore) -> None:
        """Check the rows since each new episode's change."""
        from ecotone.watch import examine

        for episode in store.episodes():
            if episode.number in self._waiting and not episode.ended and episode.about == "data":
                found = examine(store, episode)
                if found is not None:
                    self._say(
                        f"the rows since then, checked against the reference:\n{found.text(verbose=self.verbose)}"
                    )
        self._waiting = []

    def _say(self, line: str) -> None:
        if not self.quiet:
            say(line)


def _begin(reference: str, state: Path, asked: dict[str, Any]) -> None:
    """Make the monitor where there is none; where there is one, it must be what is asked for."""
    from ecotone.watch import MonitorStore

    given = {n: asked[n] for n in _SETTINGS if asked[n] is not None}
    if asked["by"] is not None:
        given["by"] = _by(asked["by"])
    roles = {n: asked[n] for n in _ROLES if asked[n] is not None}
    if not state.exists():
        from ecotone.data import Roles

        MonitorStore.create(state, reference, roles=Roles.of(**roles), model=asked["model"], **given).close()
        return
    with MonitorStore.open(state, reference=reference) as store:
        _same(state, store.settings, given, roles)


def _same(state: Path, settings: WatchSettings, given: dict[str, Any], roles: dict[str, Any]) -> None:
    held = {**vars(settings), **vars(settings.roles)}
    for name, value in {**given, **roles}.items():
        was = list(held[name]) if isinstance(held[name], tuple) else held[name]
        if was != value:
            raise BadInput(f"--{name} {value} is not what {state} was made with ({was}); leave it out, or start anew")


def _by(text: str) -> Any:
    if text in ("day", "week"):
        return text
    if not text.isdecimal() or not int(text):
        raise BadInput(f"--by must be day, week or a number of rows, got {text!r}")
    return int(text)


def _act(action: str, state: Path, json: Path | None, *, quiet: bool) -> int:
    from ecotone.watch import MonitorStore

    if action == "report":
        return report(state, state.with_suffix(".html"))
    with MonitorStore.open(state, read_only=action == "status") as store:
        if action == "accept":
            frame = store.accept()
            if not quiet:
                say(f"{frame.n:,} rows since the change are the reference from row {store.rows:,} on")
        if action == "reset":
            store.reset()
        _tell(store, json, quiet=quiet)
        return int(action == "status" and bool(store.status().open))


def _tell(store: MonitorStore, json: Path | None, *, quiet: bool) -> None:
    from ecotone.watch import status_json, status_lines

    status = store.status()
    if json is not None:
        write_whole([(json, status_json(status))])
    if not quiet:
        say("\n".join(status_lines(status)))
