"""One pass of a network over data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from ecotone.contracts import Activations, BadInput, ProgressListener, unwatched

from ._adapt import adapted
from ._blocks import FrameRows, check_labels, check_read, digest, has_rows, length, read_blocks
from ._checked import arrays_of, single_head
from ._folder import Folder
from ._memory import Memory
from ._smaller import OOMRetry

DTYPES = ("float16", "float32", "float64")


def read_activations(
    network: Any,
    data: Any,
    *,
    layers: Sequence[str] = (),
    labels: Any = None,
    head: str | None = None,
    preprocess: Any = None,
    batch: int = 256,
    maps: bool = False,
    dtype: str = "float32",
    output: str | Path | None = None,
    progress: ProgressListener = unwatched,
    **options: Any,
) -> Activations:
    """Run a network over data once and keep what its layers left, in memory or in a folder.

    Every value is checked to be finite as it comes, and a value that is not is named by layer and row. With
    ``output`` the memory needed is that of a block and of four parts of 64 MiB, whatever the number of rows: whole
    parts are written beside each other, and the index last. When the loader or the machine dies halfway, the same call
    again goes on after the last whole part; settings, weights or data that differ are refused.

    Parameters
    ----------
    network : torch.nn.Module, path, classifier or Network
        Wrapped as :class:`TorchNetwork`, the path of an ONNX file as :class:`OnnxNetwork`, a fitted classifier as
        :class:`EstimatorNetwork`.
    data : array (n, ...), data frame, sequence of rows, or iterable of blocks
        What :func:`open_dataset` gives, too. Blocks are arrays, ``(array, labels)`` or mappings of arrays, as torch's
        loaders give them.
    layers : sequence of str
        Layers to keep beside features and logits.
    labels : (n,) integers, optional
        Where ``data`` has rows; by default its own ``labels``, if it has them.
    head, preprocess
        See :class:`TorchNetwork`.
    batch : int
        Rows of a block where ``data`` has rows. Halved, with one warning, when the device runs out of memory.
    maps : bool
        Keep the places of layers, ``(n, c, *space)``; by default they are averaged.
    dtype : {"float32", "float16", "float64"}
        Of what is kept.
    output : path, optional
        A folder of its own for the parts (``ecotone.activations/1``: safetensors and a JSON index).
    progress : callable
        Told the share of the rows that is read, or their number where that is not known; see
        :func:`ecotone.contracts.progress_bar`.
    **options
        Further settings of :class:`TorchNetwork` or :class:`OnnxNetwork`, such as ``device="auto"``.

    Returns
    -------
    Activations
        With the ``network``, and with the ``inputs`` where ``data`` has rows. With ``output`` the arrays are
        :class:`StoredArray`.

    Raises
    ------
    BadInput
        For a layer that the network lacks, a value that is not finite, labels that do not fit, or an output that
        holds something else.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> acts = read_activations(module, np.ones((5, 3), np.float32), layers=["0"], labels=np.zeros(5, int))
    >>> acts.features.shape, acts.logits.shape, acts.layers["0"].shape, sorted(acts.have())[:3]
    ((5, 4), (5, 2), (5, 4), ['features', 'gradient', 'head'])
    """
    if dtype not in DTYPES:
        raise BadInput(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    if batch < 1:
        raise BadInput(f"batch must be at least 1, got {batch}")
    data = FrameRows(data) if hasattr(data, "iloc") or hasattr(data, "tocsr") else data
    labels = check_labels(labels, data)
    runs = adapted(network, layers=layers, head=head, preprocess=preprocess, **options)
    inputs = data if has_rows(data) else None
    if output is None:
        sink: Memory | Folder = Memory()
    else:
        known = {"rows": None if inputs is None else len(data), "dtype": dtype, "maps": maps}
        known |= {"labels": None if labels is None else digest(labels), **_settings(runs)}
        sink = Folder(output, known)
    if sink.complete:
        check_read(data, batch, sink.marks)
    else:
        _pass(runs, data, labels, batch, maps, dtype, progress, sink)
    return sink.finish(runs, inputs)


def _pass(
    runs: Any, data: Any, labels: Any, batch: int, maps: bool, dtype: str, progress: ProgressListener,
    sink: Memory | Folder,
) -> None:  # fmt: skip
    whole, head = OOMRetry(runs, maps), None
    total = len(data) if has_rows(data) else None
    rows = sink.done
    with _no_graph():
        try:
            for start, x, y in read_blocks(data, labels, batch, sink.marks, sink.done):
                if not length(x):
                    continue
                for at, some, acts in whole(x):
                    mine = None if y is None else y[at : at + length(some)]
                    arrays = arrays_of(acts, mine, dtype, start + at, first=rows == sink.done)
                    head = single_head(acts) if head is None else head
                    sink.add(start + at, some, arrays, head)
                    rows += length(some)
                    _tell(progress, rows, total)
        except BaseException:
            sink.flush()  # what was read stays read
            raise
    if not rows:
        raise BadInput("data has no rows; give at least one")


def _settings(network: Any) -> dict[str, Any]:
    """What decides the values beside the data: the network's own word, or its type."""
    own = getattr(network, "settings", None)
    return own() if callable(own) else {"network": getattr(network, "__qualname__", type(network).__name__)}


def _no_graph() -> AbstractContextManager[Any]:
    torch = sys.modules.get("torch")
    return nullcontext() if torch is None else torch.inference_mode()


def _tell(progress: ProgressListener, rows: int, total: int | None) -> None:
    if total is None:
        progress(f"activations of {rows} rows", None)
    else:
        progress("activations", rows / total)
