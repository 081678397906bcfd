"""A trained network and its activations, from the words of a command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ecotone.contracts import Activations, BadInput, ProgressListener, foreign, unwatched

from ._user_code import called, function_named, guarded, unpickled

ARRAYS = ("features", "logits", "labels", "weight", "bias")


@dataclass(frozen=True)
class NetworkOptions:
    """How to find and run the network."""

    network: str | None = None
    module: str | None = None
    weights: Path | None = None
    trust: bool = False
    layers: tuple[str, ...] = ()
    head: str | None = None
    preprocess: str | None = None
    scale: float = 255.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    device: str = "auto"


@dataclass(frozen=True)
class Source:
    """Activations of one source and what is known of its rows."""

    activations: Activations
    names: list[str] | None = None
    classes: list[str] | None = None


def open_network(options: NetworkOptions) -> Any:
    """The network, or None where the sources are activations already.

    Raises
    ------
    BadInput
        For a network that is not there, of an unknown kind, or pickled without ``--trust``.
    """
    if options.module is not None:
        return _module(options)
    if options.network is None:
        return None
    path = Path(options.network)
    if not path.exists():
        raise BadInput(f"NETWORK {path} does not exist; give an .onnx file or, with --trust, a .joblib model")
    from ecotone.data import activations

    if path.suffix == ".onnx":
        return activations.OnnxNetwork(path, options.layers, head=options.head, preprocess=_preprocess(options))
    if path.suffix in (".joblib", ".pkl", ".pickle"):
        if not options.trust:
            raise BadInput(f"NETWORK {path} is pickled, and opening it can run any code; add --trust if you trust it")
        return activations.EstimatorNetwork(unpickled(path, "NETWORK"))
    raise BadInput(f"NETWORK {path} is neither .onnx nor .joblib; for a torch module give --module package:function")


@dataclass(frozen=True)
class ReadOptions:
    """How sources are read."""

    batch: int = 256
    target: str | None = None
    size: int | None = None
    grey: bool = False
    keep: Path | None = None
    progress: ProgressListener = unwatched


def read_sides(network: Any, paths: Mapping[str, str | None], options: ReadOptions) -> dict[str, Source]:
    """The sources that were given, by role; the first's classes number those of the others."""
    sides: dict[str, Source] = {}
    classes = getattr(network, "classes", None)
    for role, path in paths.items():
        if path is not None:
            options.progress(f"reading {role}", None)
            sides[role] = read_source(path, network, options, role, classes)
            classes = sides[role].classes or classes
    return sides


def read_source(
    path: str, network: Any, options: ReadOptions, role: str, classes: Sequence[str] | None = None
) -> Source:
    """Activations of one source: stored ones, a file of arrays, or data that the network reads now.

    Raises
    ------
    BadInput
        For data without a network, or what the readers say.
    """
    place = Path(path)
    if place.suffix == ".npz" and network is None:
        return Source(_arrays(place))
    from ecotone.data.activations import open_activations, open_dataset, read_activations

    if place.is_dir() and (place / "index.json").exists():
        return Source(open_activations(place, network=network))
    if network is None:
        raise BadInput(f"{path} holds data and there is no network to read it; give NETWORK, or --module")
    channels: Literal[1, 3] = 1 if options.grey else 3
    data = open_dataset(
        path, target=options.target, size=options.size, channels=channels, classes=classes, unlabelled=role == "data"
    )
    if options.target and role != "data":
        _check_labels(data, options.target, path)
    output = None if options.keep is None else options.keep / role
    shape = tuple(getattr(data, "shape", (len(data),)))
    with foreign(
        lambda raised: f"the network cannot read {path}, of shape {shape} ({raised}); see --size, --grey, --preprocess"
    ):
        acts = read_activations(network, data, batch=options.batch, output=output, progress=options.progress)
    if acts.labels is not None and data.classes and len(data.classes) != acts.classes:
        raise BadInput(
            f"{path} has {len(data.classes)} classes ({', '.join(data.classes[:4])} …) and the network {acts.classes}; "
            "put images of other classes into one folder without subfolders, or leave --target out"
        )
    named = type(data).__name__ in ("ImageFolder", "TextRows", "TableRows")
    return Source(acts, [data.where(i) for i in range(len(data))] if named else None, list(data.classes) or None)


def _check_labels(data: Any, target: str, path: str) -> None:
    """Labels of which the network knows none would leave every score that reads labels without any."""
    if data.labels is not None and len(data.labels) and data.classes and (data.labels < 0).all():
        raise BadInput(
            f"--target {target!r} of {path} holds none of the network's classes ({', '.join(data.classes[:6])}); write "
            "the labels as the network was fitted on them"
        )


def _arrays(path: Path) -> Activations:
    from ecotone.data.activations._array_files import load_npz

    found: dict[str, Any] = dict(load_npz(path, "an .npz of features, logits, labels, weight, bias"))
    layers = {name.removeprefix("layer."): found.pop(name) for name in list(found) if name.startswith("layer.")}
    unknown = sorted(set(found) - {*ARRAYS, "inputs"})
    if unknown or not found:
        raise BadInput(
            f"{path} has {', '.join(unknown) or 'no arrays'}; an .npz of activations has {', '.join(ARRAYS)}, inputs "
            "and layer.NAME"
        )
    weight, bias = found.pop("weight", None), found.pop("bias", None)
    if (weight is None) != (bias is None):
        raise BadInput(f"{path} has only one of weight and bias; give both, zeros where there is no bias")
    return Activations(**found, layers=layers, head=None if weight is None else (weight, bias))


def _module(options: NetworkOptions) -> Any:
    from ecotone.data.activations import TorchNetwork

    made = called(options.module or "", "--module")
    if not hasattr(made, "named_modules"):
        raise BadInput(
            f"--module {options.module}() made a {type(made).__name__}; give a function that makes a torch module"
        )
    if options.weights is not None:
        from safetensors.torch import load_model

        try:
            load_model(made, options.weights)
        except Exception as error:  # safetensors and torch raise many kinds
            raise BadInput(f"--weights {options.weights} does not fit the module: {str(error)[:400]}") from None
    prepared = _preprocess(options)

    def tensors(inputs: Any) -> Any:
        import torch

        found = prepared(inputs)
        return found if isinstance(found, torch.Tensor) else torch.as_tensor(found)

    return TorchNetwork(made, options.layers, options.head, tensors, device=options.device)


def _preprocess(options: NetworkOptions) -> Callable[[Any], Any]:
    """A block of inputs as what enters the network: ``(x / scale - mean) / std`` of bytes, others as they are."""
    if options.preprocess is not None:
        return guarded(function_named(options.preprocess, "--preprocess"), options.preprocess)
    mean, std = (_by_channel(values, word) for values, word in ((options.mean, "--mean"), (options.std, "--std")))

    def prepared(inputs: Any) -> Any:
        x = np.asarray(inputs)
        if x.dtype == np.uint8:
            x = x.astype(np.float32) / np.float32(options.scale)
        if mean is not None:
            x = x - mean
        return x if std is None else x / std

    return prepared


def _by_channel(values: Sequence[float], word: str) -> Any:
    if not values:
        return None
    if word == "--std" and min(values) <= 0:
        raise BadInput(f"--std must be positive, got {min(values)}")
    return np.asarray(values, np.float32).reshape(-1, 1, 1)
