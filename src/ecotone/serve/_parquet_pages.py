"""How many bytes the pages of a Parquet file take once they are decompressed: read from the pages' own headers.

The footer says so, too, but whoever made the file wrote it, and Arrow allocates what the pages' headers say. A header
is a struct in Thrift's compact protocol: fields, each a byte of type and distance to the last field's number; a zero
ends it.
"""

from __future__ import annotations

from typing import Any

_EXPANDED, _COMPRESSED = 2, 3  # of PageHeader
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, 7, 8, 12
_DEEPEST = 8
#: Pages of one column's part of a row group: a writer makes one for each megabyte.
_MOST_PAGES = 10_000


def expanded_pages(body: bytes, metadata: Any, most: int) -> int:
    """Bytes of all pages, decompressed; more than ``most`` where it stops because they are.

    Parameters
    ----------
    body : bytes
        The file.
    metadata : pyarrow.parquet.FileMetaData
    most : int

    Raises
    ------
    ValueError
        For pages that are damaged, or do not lie where the footer says.
    """
    total = 0
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            first = chunk.data_page_offset
            if chunk.dictionary_page_offset:
                first = min(first, chunk.dictionary_page_offset)
            total += _of_chunk(body, first, first + chunk.total_compressed_size, most - total)
            if total > most:
                return total
    return total


def _of_chunk(body: bytes, at: int, end: int, most: int) -> int:
    if not 0 < at <= end <= len(body):
        raise ValueError("a column lies outside of the file")
    total = pages = 0
    while at < end and total <= most:
        pages += 1
        if pages > _MOST_PAGES:
            raise ValueError("a column has too many pages")
        fields, after = _header(body, at)
        expanded, compressed = fields.get(_EXPANDED, -1), fields.get(_COMPRESSED, -1)
        if expanded < 0 or compressed < 0:
            raise ValueError("a page's header is damaged")
        total += expanded
        at = after + compressed
    return total


def _header(body: bytes, at: int) -> tuple[dict[int, int], int]:
    """Whole numbers among a struct's fields, and where it ends."""
    try:
        return _struct(body, at, _DEEPEST)
    except IndexError:
        raise ValueError("a page's header is damaged") from None


def _struct(body: bytes, at: int, depth: int) -> tuple[dict[int, int], int]:
    if not depth:
        raise ValueError("a page's header is nested too deeply")
    found: dict[int, int] = {}
    number = 0
    while (head := body[at]) != 0:
        at += 1
        kind, step = head & 15, head >> 4
        if step:
            number += step
        else:
            number, at = _whole(body, at)
        if _BYTE < kind < _DOUBLE:  # 16, 32 and 64 bits
            found[number], at = _whole(body, at)
        else:
            at = _after(body, at, kind, depth)
    return found, at + 1


def _after(body: bytes, at: int, kind: int, depth: int) -> int:
    """Where a value ends that is not looked at."""
    if kind in (_TRUE, _FALSE):
        return at
    if kind == _BYTE:
        return at + 1
    if kind == _DOUBLE:
        return at + 8
    if kind == _BINARY:
        size, at = _varint(body, at)
        return at + size
    if kind == _STRUCT:
        return _struct(body, at, depth - 1)[1]
    raise ValueError("a page's header holds what no page has")  # lists, sets and maps


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a page's header is damaged")


def _whole(body: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(body, at)
    return (value >> 1) ^ -(value & 1), at
