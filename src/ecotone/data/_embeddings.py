"""Columns that together are one embedding: which ones, by how their names begin."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from ecotone.contracts import BadInput

from ._table import ORDERED, Column

_FEWEST = 2


def embeddings(prefixes: Sequence[str], features: Sequence[Column], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The numeric columns of each embedding, by the embedding's name: its prefix.

    Parameters
    ----------
    prefixes : sequence of str
    features : sequence of Column
        What the tables' columns became.
    names : iterable of str
        Columns of both tables, for the hint.

    Raises
    ------
    BadInput
        For an empty prefix, one that fewer than two numeric columns have, or a column that has two of them.
    """
    found: dict[str, tuple[str, ...]] = {}
    taken: dict[str, str] = {}
    for prefix in dict.fromkeys(prefixes):
        if not prefix:
            raise BadInput("embedding: '' begins every name; give what the embedding's columns begin with")
        inside = tuple(
            f.name for f in features if f.derived_from is None and f.kind in ORDERED and f.name.startswith(prefix)
        )
        if len(inside) < _FEWEST:
            begins = "no numeric column that is compared begins" if not inside else f"only {inside[0]!r} begins"
            raise BadInput(f"embedding: {begins} with {prefix!r}, two or more make an embedding{_hint(prefix, names)}")
        for name in inside:
            if name in taken:
                raise BadInput(
                    f"embedding: column {name!r} begins with {taken[name]!r} and {prefix!r}; give one of them"
                )
            taken[name] = prefix
        found[prefix] = inside
    others = {f.name for f in features} - set(taken)
    return {_free(prefix, others): inside for prefix, inside in found.items()}


def _free(prefix: str, others: set[str]) -> str:
    """A name that no other column has."""
    while prefix in others:
        prefix += "*"
    return prefix


def _hint(prefix: str, names: Iterable[str]) -> str:
    """Beginnings that several names share, the nearest first."""
    known = list(names)
    begins = {name.rstrip("0123456789") for name in known if name[-1:].isdigit()}
    near = difflib.get_close_matches(prefix, sorted(b for b in begins if b), n=2, cutoff=0.4)
    if near:
        return f"; did you mean {' or '.join(map(repr, near))}?"
    some = ", ".join(known[:5]) + (" …" if len(known) > 5 else "")
    return f"; both tables have {some}"
