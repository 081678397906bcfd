"""Labels of both tables and a model's predictions, coded into one list of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ecotone.contracts import BadInput

from ._class_names import key, keys, natural

_SHOWN = 6


def class_labels(
    targets: Sequence[Any], predicted: Sequence[Any], own: Any = None
) -> tuple[list[Any], list[str], list[str]]:
    """Codes of reference's and current's labels (None without a column), the classes, and notes.

    Parameters
    ----------
    targets : reference's and current's column of labels, or None
    predicted : the model's classes of both, or None
    own : the model's ``classes_``, in its order, or None

    Raises
    ------
    BadInput
        Where labels are written so differently that none equals any: of the tables, or of the model and the reference.
    """
    found = [None if column is None else keys(column) for column in targets]
    said = [keys(p) for p in predicted if p is not None]
    before = _names(found[:1])
    order = [] if own is None else [str(key(c)) for c in np.asarray(own).tolist()]
    _check_alike(before, _names(said) or set(order), "the model predicts", every=True)
    after = _names(found[1:])
    _check_alike(before, after, "that of current has", every=False)
    names = before | after | _names(said)
    classes = order + sorted((k for k in names if k not in order), key=natural)
    if len(classes) < 2:
        classes = [*classes, "0" if classes != ["0"] else "1"]
        classes.sort(key=natural)
    new = sorted(after - before, key=natural)
    notes = [f"the current labels have {_listed(new)}, of which the reference has no row"] if new else []
    where = {k: i for i, k in enumerate(classes)}
    return [None if k is None else np.array([where.get(v, -1) for v in k], np.int64) for k in found], classes, notes


def _names(groups: Sequence[Any]) -> set[str]:
    return {k for group in groups if group is not None for k in set(group.tolist())} - {None}


def _check_alike(before: set[str], others: set[str], whose: str, *, every: bool) -> None:
    """Several labels of which none is known are another way of writing, not new classes; a model's one is, too."""
    if before and others and not before & others and (every or len(others) > 1):
        raise BadInput(
            f"target of the reference has {_listed(sorted(before, key=natural))} and {whose} "
            f"{_listed(sorted(others, key=natural))}: no label in common; write them alike"
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(n[:40]) for n in names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
