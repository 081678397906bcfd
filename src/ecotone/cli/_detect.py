"""``ecotone detect``: which rows lie outside what a trained network knows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ecotone.contracts import BadInput

from ._app import app, say
from ._options import Device, Fdr, Json, Quiet, Redact, Report, Seed, Trust, Verbose
from ._outputs import check_outputs, check_redact
from ._progress import progress
from ._tables import check_format

_SIDE = "Image folder, table, arrays (.npy, .npz), text file, or activations (.npz, folder)"


@app.command()
def detect(
    network: Annotated[
        str | None, typer.Argument(help="ONNX file, or pickled classifier with --trust; none for activations")
    ] = None,
    reference: Annotated[str, typer.Option(help=f"What the scores learn from. {_SIDE}")] = "",
    data: Annotated[str, typer.Option(help="The rows in question")] = "",
    calibration: Annotated[str | None, typer.Option(help="Rows that the network has not seen")] = None,
    module: Annotated[str | None, typer.Option(help="package:function that makes a torch module")] = None,
    weights: Annotated[Path | None, typer.Option(help="Its weights (safetensors)")] = None,
    trust: Trust = False,
    layer: Annotated[list[str] | None, typer.Option(help="Layer to read beside the last (repeat)")] = None,
    head: Annotated[str | None, typer.Option(help="Name of the last linear layer, if it is not found")] = None,
    target: Annotated[str | None, typer.Option(help="Column of labels, in tables")] = None,
    size: Annotated[int | None, typer.Option(help="Side to which images are resized")] = None,
    grey: Annotated[bool, typer.Option("--grey", help="Images as one channel, not three")] = False,
    preprocess: Annotated[str | None, typer.Option(help="package:function from a block of inputs to an array")] = None,
    scale: Annotated[float, typer.Option(help="Bytes are divided by this")] = 255.0,
    mean: Annotated[str | None, typer.Option(help="Then less this, by channel (commas)")] = None,
    std: Annotated[str | None, typer.Option(help="Then divided by this, by channel (commas)")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every score that the activations allow")] = False,
    score: Annotated[
        list[str] | None, typer.Option(help="A score by name (repeat); default energy, KNN, MSP, ViM")
    ] = None,
    fdr: Fdr = 0.1,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Every row's scores and p-values")] = None,
    report: Report = None,
    json: Json = None,
    redact: Redact = False,
    keep: Annotated[Path | None, typer.Option(help="Folder for the activations: read once, and resumed")] = None,
    batch: Annotated[int, typer.Option(help="Rows in one pass of the network")] = 256,
    device: Device = "auto",
    seed: Seed = 0,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Score rows by a trained network, and name those that lie outside what it knows. Exit code 1 if there are any."""
    for option, value in (("--reference", reference), ("--data", data)):
        if not value:
            raise BadInput(f"{option} is missing; give {_SIDE[0].lower()}{_SIDE[1:]}")
    if every and score:
        raise BadInput("--all is every score; leave out --score")
    check_format("-o", output)
    check_outputs({"-o": output, "--report": report, "--json": json}, (network, reference, data, calibration))
    check_redact(report, redact=redact)
    from ecotone.checkup.outside import detect_outliers

    from ._networks import NetworkOptions, ReadOptions, open_network, read_sides

    runs = open_network(NetworkOptions(
        network, module, weights, trust, tuple(layer or ()), head, preprocess, scale, _numbers(mean, "--mean"),
        _numbers(std, "--std"), device,
    ))  # fmt: skip
    with progress(quiet=quiet, verbose=verbose) as listener:
        paths = {"reference": reference, "calibration": calibration, "data": data}
        sides = read_sides(runs, paths, ReadOptions(batch, target, size, grey, keep, listener))
        known, live = sides["reference"].activations, sides["data"]
        if calibration is None:  # a fifth of the reference stands in, and the p-values say so
            held, known = _parted(known, seed)
        else:
            held = sides["calibration"].activations
        classes = sides["reference"].classes or getattr(runs, "classes", None)
        result = detect_outliers(
            known, held, live.activations, scores="all" if every else score or None, fdr=fdr,
            held_out=calibration is not None, names=live.names, classes=classes, seed=seed, progress=listener,
        )  # fmt: skip
    result.save(rows=output, report=report, json=json, redact=redact)
    if not quiet:
        written = [f"{word} {path}" for word, path in (("scores:", output), ("report:", report)) if path is not None]
        say("\n".join([str(result), *written]))
    return 1 if result.outside else 0


def _parted(reference: Any, seed: int) -> tuple[Any, Any]:
    import numpy as np

    from ecotone.contracts import as_seed

    order = as_seed(seed, 7).permutation(len(reference))
    cut = len(reference) // 5
    return reference[np.sort(order[:cut])], reference[np.sort(order[cut:])]


def _numbers(words: str | None, option: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in words.split(",")) if words else ()
    except ValueError:
        raise BadInput(f"{option} {words!r} must be numbers separated by commas") from None
