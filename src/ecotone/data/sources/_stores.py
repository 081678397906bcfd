"""Object stores through Arrow's file systems: which files an address names, in bounded time."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import pyarrow.fs as pafs

from ecotone.contracts import BadInput

from ._failures import reading
from ._stored_file import StoredFile

A = TypeVar("A")

SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs")
_ADDRESS = re.compile(rf"({'|'.join(SCHEMES)})://")
_QUERY = re.compile(r"\?(?=\w+=)")  # other question marks belong to a pattern

LISTED_WITHIN = 120.0
"""Seconds for listing; S3 names about ten thousand keys in one."""
_CONNECT, _ANSWER, _TRIES = 5.0, 20.0, 3
_OPTIONS = ("region", "scheme", "endpoint_override", "anonymous")


def is_stored(source: str) -> bool:
    """Whether it is the address of an object store."""
    return _ADDRESS.match(source) is not None


def stored_files(source: str, name: str, wanted: Callable[[StoredFile], Any]) -> list[StoredFile]:
    """The files at an address (one key, a prefix or a pattern with ``*`` and ``**``), in sorted order.

    Parameters
    ----------
    source : str
        Such as ``s3://bucket/year=2024/*.parquet``; options follow: ``?region=eu-west-1&endpoint_override=HOST:PORT``.
    name : str
        What error messages call the table.
    wanted : callable
        Whether a file of a prefix is one that can be read.

    Raises
    ------
    BadInput
        The store refuses or does not answer, there is no such file, or listing takes more than two minutes.
    """
    address, *query = _QUERY.split(source, maxsplit=1)
    with reading(address, name):
        files, path = _opened(address, query[0] if query else "", name)
    base, pattern, deep = _split(path)

    def named(info: pafs.FileInfo) -> StoredFile:
        return StoredFile(files, info.path, f"{urlsplit(address).scheme}://{info.path}")

    with reading(address, name):
        found = _in_time(lambda: _listed(files, base, deep=deep), address, name)
    if found is None:
        raise BadInput(f"{name}: there is no file {address}; check the bucket and the key")
    if isinstance(found, pafs.FileInfo):
        return [named(found)]
    each = [named(info) for info in found if info.is_file and pattern.fullmatch(info.path)]
    kept = sorted((f for f in each if wanted(f)), key=lambda f: f.path)
    if not kept:
        raise BadInput(f"{name}: {address} names no file that can be read; check the prefix or the pattern")
    return kept


def _opened(address: str, query: str, name: str) -> tuple[pafs.FileSystem, str]:
    parts = urlsplit(address)
    if parts.username or parts.password:
        raise BadInput(
            f"{name}: the address holds a key, which every list of processes would show; give it by the environment "
            "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or a profile"
        )
    if parts.scheme != "s3":
        if parts.scheme in ("gs", "gcs") and "retry_limit_seconds" not in query:  # Arrow's own is fifteen minutes
            query = "&".join(filter(None, [query, f"retry_limit_seconds={_ANSWER * _TRIES:.0f}"]))
        store, path = pafs.FileSystem.from_uri(f"{address}?{query}" if query else address)
        return store, path
    options: dict[str, Any] = dict(parse_qsl(query))
    if odd := sorted(set(options) - set(_OPTIONS)):
        raise BadInput(f"{name}: {address} has an option {odd[0]!r}; there are {', '.join(_OPTIONS)}")
    if "anonymous" in options:
        options["anonymous"] = options["anonymous"].lower() == "true"
    s3 = pafs.S3FileSystem(
        connect_timeout=_CONNECT, request_timeout=_ANSWER,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=_TRIES), **options,
    )  # fmt: skip
    return s3, f"{parts.netloc}{parts.path}"


def _split(path: str) -> tuple[str, re.Pattern[str], bool]:
    """The prefix to list, what a path there must match, and whether what is below it counts."""
    parts = path.rstrip("/").split("/")
    fixed = next((i for i, part in enumerate(parts) if any(c in part for c in "*?[")), len(parts))
    base = "/".join(parts[:fixed])
    if fixed == len(parts):
        return base, re.compile(re.escape(base) + r"/(?!(.*/)?[._]).*"), True
    steps = [r"(?:[^/]+/)*" if part == "**" else _step(part) + "/" for part in parts[fixed:]]
    pattern = (re.escape(base) + "/" if base else "") + "".join(steps).removesuffix("/")
    return base, re.compile(pattern), fixed < len(parts) - 1


def _step(part: str) -> str:
    found = re.split(r"(\*|\?|\[[^]]+\])", part)
    return "".join(_symbol(s) for s in found)


def _symbol(part: str) -> str:
    if part in ("*", "?"):
        return "[^/]*" if part == "*" else "[^/]"
    return part.replace("[!", "[^") if part[:1] == "[" and part[-1:] == "]" else re.escape(part)


def _listed(files: pafs.FileSystem, base: str, *, deep: bool) -> pafs.FileInfo | list[pafs.FileInfo] | None:
    info = files.get_file_info(base) if base else None
    if info is not None and info.is_file:
        return info
    found = files.get_file_info(pafs.FileSelector(base, recursive=deep, allow_not_found=True))
    return found or (None if info is not None and info.type == pafs.FileType.NotFound else [])


def _in_time(work: Callable[[], A], address: str, name: str) -> A:
    """What a listing gives; it is left to itself where it takes too long, for Arrow cannot stop it."""
    found: list[A] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LISTED_WITHIN)
    if failed:
        raise failed[0]
    if not found:
        raise BadInput(
            f"{name}: listing {address} takes more than {LISTED_WITHIN:.0f} s: it holds millions of keys, or the store "
            "is slow; name a narrower prefix, such as one day's"
        )
    return found[0]
