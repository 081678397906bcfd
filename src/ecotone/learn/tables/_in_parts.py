"""A table model's verbs in blocks of rows on an engine."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from ecotone.contracts import Floats, Ints, ProgressListener, unwatched
from ecotone.data import read_table
from ecotone.data.engines import Engine, run_parts
from ecotone.learn import RowRandom, load

from ._draws import draw_rows, fill_gaps, gapped
from ._given import read_given
from ._native import Native

if TYPE_CHECKING:
    from ._table_model import TableModel

BLOCK = 8192
"""Rows that go through the network together, whoever has them: sums in a matrix product depend on its shape."""


@dataclass(frozen=True)
class _Task:
    """Some rows of a verb's work, with the model as the bytes of its artefact."""

    model: bytes
    first: int
    rows: int
    what: Any


def log_prob_in_parts(model: TableModel, X: Any, engine: Engine, *, progress: ProgressListener = unwatched) -> Floats:
    """:meth:`TableModel.log_prob` of all columns, ``(n,)``, in blocks of 8 192 rows on an engine.

    Equal to the last bit for every engine and number of workers; equal to :meth:`TableModel.log_prob` up to the
    rounding of matrix products, whose order of summation depends on the number of rows and of threads.

    Raises
    ------
    BadInput
        As :meth:`TableModel.log_prob`, and as the engine.
    """
    table = read_table(X, name="x").arrow
    blocks = _blocks(model, table.num_rows, lambda first, rows: _ipc(table.slice(first, rows)))
    return np.concatenate(_in_order(engine, _scored, blocks, "scoring", progress))


def sample_in_parts(
    model: TableModel, n: int, engine: Engine, *, given: Any = None, seed: int | None = None,
    progress: ProgressListener = unwatched,
) -> Any:  # fmt: skip
    """:meth:`TableModel.sample` on an engine, in the blocks in which it draws by itself.

    Raises
    ------
    BadInput
        As :meth:`TableModel.sample`, and as the engine.
    """
    if n == 0:
        return model.sample(0, given=given)
    seed = secrets.randbits(62) if seed is None else seed
    model.sample(0, given=given, seed=seed)  # refuses what cannot be drawn before anything travels
    drawn = _in_order(engine, _drawn, _blocks(model, n, lambda *_: (n, given, seed)), "drawing", progress)
    token, z = (np.concatenate([block[k] for block in drawn]) for k in (0, 1))
    return model.native_.give(model.codec_.decode(token, z))


def impute_in_parts(
    model: TableModel, X: Any, engine: Engine, *, seed: int | None = 0, progress: ProgressListener = unwatched
) -> Any:
    """:meth:`TableModel.impute` on an engine, in blocks of 8 192 rows.

    Raises
    ------
    BadInput
        As :meth:`TableModel.impute`, and as the engine.
    """
    table = read_table(X, name="X").arrow
    packed = torch.as_tensor(model.codec_.encode(table))
    held, seed = gapped(packed), secrets.randbits(62) if seed is None else seed
    blocks = _blocks(model, len(packed), lambda first, rows: (packed[first : first + rows].numpy().copy(), held, seed))
    done = _in_order(engine, _filled, blocks, "filling", progress)
    token, z = (np.concatenate([block[k] for block in done]) for k in (0, 1))
    gaps = {model.order_[j]: (packed[:, j, 0] == 0).numpy() for j in held}
    return Native.of(X).fill(X, table, model.codec_.decode(token, z), gaps)


def _blocks(model: TableModel, n: int, what: Callable[[int, int], Any]) -> Sequence[_Task]:
    model._fitted()
    with TemporaryDirectory() as folder:
        model.save(path := Path(folder) / "model")
        held = path.read_bytes()
    starts = range(0, n, BLOCK)
    return [_Task(held, first, rows := min(BLOCK, n - first), what(first, rows)) for first in starts]


def _in_order(
    engine: Engine, work: Callable[[_Task], Any], tasks: Sequence[_Task], what: str, progress: ProgressListener
) -> list[Any]:
    found = dict(run_parts(engine, work, tasks, what=what, progress=progress))
    return [found[at] for at in range(len(tasks))]


def _scored(task: _Task) -> Floats:
    with _one_thread():
        return _model(task.model).log_prob(pa.ipc.open_stream(task.what).read_all())


def _drawn(task: _Task) -> tuple[Ints, Floats]:
    n, given, seed = task.what
    model, rows = _model(task.model), torch.arange(task.first, task.first + task.rows)
    with _one_thread(), torch.no_grad():
        conditioned = read_given(model.codec_, given, n)
        token, z = draw_rows(model.module_, model.codec_, RowRandom(seed, n).take(rows), conditioned.take(rows))
    return token.numpy(), z.numpy()


def _filled(task: _Task) -> tuple[Ints, Floats]:
    raw: NDArray[np.float64]
    raw, held, seed = task.what
    model, packed = _model(task.model), torch.from_numpy(raw.copy())
    with _one_thread(), torch.no_grad():
        fill_gaps(model.module_, model.codec_, packed, seed, (task.first, held))
    return packed[:, :, 0].long().numpy(), packed[:, :, 1].numpy()


@lru_cache(maxsize=2)
def _model(held: bytes) -> TableModel:
    """The model of an artefact's bytes; a worker opens it once."""
    with TemporaryDirectory() as folder:
        (path := Path(folder) / "model").write_bytes(held)
        return load(path)  # type: ignore[no-any-return]


@contextmanager
def _one_thread() -> Iterator[None]:
    """The workers share the cores, and a matrix product's last bits depend on the number of its threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _ipc(table: pa.Table) -> bytes:
    """A slice's own rows: pickled as it is, it would take along the whole table's."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
