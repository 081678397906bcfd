"""Record batches as they are asked for: plain types, even sizes, read ahead."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from ._arrow_types import plain_array
from ._part import Request
from ._periods import dated

_AHEAD = 2  # one batch is read while another waits: more would only hold memory


def fit_batch(batch: pa.RecordBatch, request: Request) -> pa.RecordBatch:
    """The columns asked for, in order, with plain types that are those asked for; dictionaries of them if allowed."""
    arrays = []
    for field in request.schema:
        array = plain_array(dated(batch.column(field.name), batch.schema.field(field.name)))
        coded = request.coded and pa.types.is_dictionary(array.type) and array.type.value_type == field.type
        arrays.append(array if array.type == field.type or coded else array.cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, names=request.schema.names)


def even_batches(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of ``rows`` each, but for the last."""
    held: list[pa.RecordBatch] = []
    count = 0
    for whole in batches:
        start = 0
        while start < len(whole):
            piece = whole.slice(start, rows - count)
            start += len(piece)
            count += len(piece)
            held.append(piece)
            if count == rows:
                yield _one(held)
                held, count = [], 0
    if held:
        yield _one(held)


def _one(held: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(held) == 1:
        return held[0]
    columns = [_concatenated([batch.column(j) for batch in held]) for j in range(held[0].num_columns)]
    return pa.RecordBatch.from_arrays(columns, names=held[0].schema.names)


def _concatenated(arrays: list[pa.Array]) -> pa.Array:
    if len({array.type for array in arrays}) > 1:  # dictionaries in one file, plain in the next
        arrays = [array.dictionary_decode() if pa.types.is_dictionary(array.type) else array for array in arrays]
    return pa.concat_arrays(arrays)


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


def ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches, read by a thread of their own that is at most two ahead."""
    line: queue.Queue[pa.RecordBatch | _End] = queue.Queue(_AHEAD)
    stop = threading.Event()

    def put(item: pa.RecordBatch | _End) -> None:
        while not stop.is_set():
            try:
                return line.put(item, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for batch in batches:
                put(batch)
                if stop.is_set():
                    return
            put(_End())
        except BaseException as error:
            put(_End(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while not isinstance(item := line.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        thread.join()
