"""``ecotone profile`` and ``ecotone merge``: one pass over a table, kept small."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecotone.contracts import BadInput, write_whole

from ._app import app, say
from ._engines import opened_engine
from ._options import Address, EngineName, Partitions, ProfileOutput, Seed, Source, Workers
from ._outputs import check_outputs
from ._progress import progress

if TYPE_CHECKING:
    from ecotone.data import Profile


@app.command()
def profile(
    source: Source,
    output: ProfileOutput,
    like: Annotated[
        Path | None, typer.Option(help="A profile whose cut points this one takes: name the reference's")
    ] = None,
    no_rows: Annotated[
        bool,
        typer.Option(
            "--no-rows", help="Keep no row; a check then has counts alone. Without --like, SOURCE is read twice"
        ),
    ] = False,
    contract: Annotated[
        Path | None, typer.Option(help="Write what later tables shall be, as JSON, for check --contract")
    ] = None,
    seed: Seed = 0,
    engine: EngineName = None,
    address: Address = None,
    workers: Workers = None,
    partitions: Partitions = None,
) -> int:
    """Scan a table and write its profile: once, or twice for a reference without rows."""
    from ecotone.data import Profile
    from ecotone.data import profile as make

    _check_output(output, (source, like), contract)
    base = None if like is None else Profile.load(like)
    with opened_engine(engine, address, workers, partitions) as runs, progress() as listener:
        made = make(
            source, like=base, rows=not no_rows, seed=seed, engine=runs, partitions=partitions, progress=listener
        )
    written = None if contract is None else _contract(source, made)
    made.save(output)
    if contract is not None and written is not None:
        write_whole([(contract, written)])
    twice = "; no rows, counted in a second pass" if no_rows and base is None and made.sums is not None else ""
    say(f"{output}: {made.n} rows, {output.stat().st_size / 1e6:.2f} MB{twice}")
    return 0


@app.command()
def merge(
    profiles: Annotated[list[Path], typer.Argument(help="Profiles of parts of one table")],
    output: ProfileOutput,
) -> int:
    """Merge profiles into the profile of all their rows."""
    from ecotone.data import Profile

    _check_output(output, profiles)
    if len(profiles) < 2:
        raise BadInput(f"merge needs at least two profiles, got {len(profiles)}")
    total = Profile.load(profiles[0])
    for path in profiles[1:]:
        total = total.merge(Profile.load(path))
    total.save(output)
    bare = total.kept is None and total.sums is None
    lost = (
        f"; no rows and no counts: for a check profile the parts again with --like {output} --no-rows" if bare else ""
    )
    say(f"{output}: {total.n} rows, {output.stat().st_size / 1e6:.2f} MB{lost}")
    return 0


def _contract(source: str, made: Profile) -> bytes:
    from ecotone.checkup import contract_of
    from ecotone.data._profile_unique import unique_columns

    return contract_of(made, unique_columns(source, made)).to_json().encode()


def _check_output(output: Path, inputs: Sequence[str | Path | None], contract: Path | None = None) -> None:
    if output.suffix != ".profile":
        raise BadInput(f"-o {output}: the name of a profile ends in .profile, so that check knows it; rename it")
    check_outputs({"-o": output, "--contract": contract}, inputs)
