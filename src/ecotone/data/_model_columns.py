"""Which columns of a table a fitted model reads, by the names that it keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ecotone.contracts import BadInput

_MADE_UP = re.compile(r"(Column_|f|x)?\d+")  # what LightGBM, XGBoost and CatBoost call columns without names
_OTHER = re.compile(r"\W")
_DEPTH = 6
_FITTED = (
    "best_estimator_", "steps", "estimator_", "regressor_", "classifier_", "estimators_", "calibrated_classifiers_",
    "booster_",
)  # fmt: skip
_HELD = ("estimator", "regressor", "classifier", "pipeline", "model", "clf", "booster")  # by users' own wrappers


@dataclass(frozen=True)
class ModelColumns:
    """The columns of a table that a model is given, and those of them that it reads.

    Parameters
    ----------
    given : tuple of str
        In the model's order, as the table calls them.
    reads : tuple of str
        Those of ``given`` that the model's first step keeps: all of them, but for a selection of columns.
    source : str
        Where the names come from, such as ``feature_names_in_``.
    sure : bool
        Whether the model itself keeps the names, or a wrapper of a known kind; other wrappers may read more.
    """

    given: tuple[str, ...]
    reads: tuple[str, ...]
    source: str
    sure: bool = True


def model_columns(model: Any, columns: Sequence[str], where: str = "the table") -> ModelColumns | None:
    """The columns that a model wants of a table that has ``columns``; None for a model that keeps no names.

    Names are looked for in the model, and within pipelines, searches and other wrappers in the first part that keeps
    some. LightGBM puts an underscore for a space: its names match the one column that differs by that.

    Parameters
    ----------
    model : fitted model
        Of scikit-learn's kind, LightGBM, XGBoost or CatBoost, or their boosters.
    columns : sequence of str
    where : str
        What messages call the table.

    Raises
    ------
    BadInput
        For a name that the table lacks, or that two of its columns could be meant by.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> model = LogisticRegression()
    >>> model.feature_names_in_ = np.array(["b", "a"])
    >>> model_columns(model, ["a", "b", "c"]).given
    ('b', 'a')
    """
    for part, sure in _parts(model):
        names, source = _own(part)
        if names is None or (_made_up(names) and not set(names) & set(columns)):
            continue
        renamed = any(_own(p)[0] == names for p, _ in _parts(part) if type(p).__module__.startswith("lightgbm"))
        try:
            given = _found(names, columns, where, renamed=renamed)
        except BadInput:
            if sure:
                raise
            continue  # names of what a wrapper or an earlier step made of the table
        kept = _reads(model, names)
        return ModelColumns(tuple(given), tuple(c for c, n in zip(given, names) if n in kept), source, sure)
    return None


def _own(part: Any) -> tuple[list[str] | None, str]:
    """The names that an object keeps itself, and what it calls them."""
    if isinstance(getattr(part, "steps", None), list):
        return None, ""  # a pipeline tells its first step's
    for source in ("feature_names_in_", "feature_name_", "feature_names_", "feature_names", "feature_name"):
        try:
            found = getattr(part, source, None)
            found = found() if source == "feature_name" and callable(found) else found
        except Exception:  # properties of unfitted models raise many kinds
            continue
        if isinstance(found, list | tuple | np.ndarray) and len(found):
            return [str(name) for name in found], source
    return None, ""


def _parts(model: Any, depth: int = 0, *, sure: bool = True) -> Iterator[tuple[Any, bool]]:
    """The model and what it wraps, outer and earlier parts first, and whether a part gets the model's own table."""
    yield model, sure
    if depth >= _DEPTH:
        return
    for name in (*_FITTED, *_HELD):
        for i, part in enumerate(_held(model, name)):
            yield from _parts(part, depth + 1, sure=sure and name in _FITTED and (i == 0 or name != "steps"))


def _held(model: Any, name: str) -> list[Any]:
    """The parts under one attribute: of a pipeline and an ensemble several."""
    try:
        inner = getattr(model, name, None)
    except Exception:  # delegates of wrappers that are not fitted
        return []
    several = np.ravel(inner).tolist() if isinstance(inner, np.ndarray) else inner
    several = several if isinstance(several, list | tuple) else [several]
    parts = [one[1] if isinstance(one, tuple) and len(one) > 1 else one for one in several]
    return [p for p in parts if p is not None and not isinstance(p, str | int | float | type)]


def _made_up(names: Sequence[str]) -> bool:
    return all(_MADE_UP.fullmatch(name) for name in names)


def _found(names: Sequence[str], columns: Sequence[str], where: str, *, renamed: bool) -> list[str]:
    plain: dict[str, list[str]] = {}
    for column in columns if renamed else ():
        plain.setdefault(_OTHER.sub("_", column), []).append(column)
    found, missing = [], []
    for name in names:
        could = [name] if name in columns and (not renamed or _OTHER.search(name)) else plain.get(_plain(name), [])
        if len(could) > 1:
            raise BadInput(
                f"model: LightGBM calls a column {name!r}, and {where} has {' and '.join(map(repr, could[:3]))}, which "
                "it calls alike; rename or leave out the one that the model was not fitted on"
            )
        found += could
        missing += [] if could else [name]
    if missing:
        listed = ", ".join(map(repr, missing[:5])) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise BadInput(f"model: it was fitted on {listed}, which {where} lacks; give a table that has every column")
    return found


def _plain(name: str) -> str:
    return _OTHER.sub("_", name)


def _reads(part: Any, names: Sequence[str], depth: int = 0) -> set[str]:
    """Those of the names that a part does not drop: column transformers and selections do, also within others."""
    kept = _kept(part, names)
    if kept is not None or depth >= _DEPTH:
        return set(names) if kept is None else kept
    for name in (*_FITTED, *_HELD):
        inner = _held(part, name)
        if name == "steps":
            for step in inner:  # steps that keep all columns hand them on
                found = _reads(step, names, depth + 1) if _own(step)[0] in (None, list(names)) else set(names)
                if found != set(names) or _own(step)[0] is None:
                    return found
        elif inner and not getattr(part, "passthrough", False):
            return set().union(*(_reads(p, names, depth + 1) for p in inner))
    return set(names)


def _kept(part: Any, names: Sequence[str]) -> set[str] | None:
    """What a column transformer or a selection keeps; None for other parts."""
    if callable(getattr(part, "get_support", None)):
        mask = np.asarray(part.get_support())
        return {n for n, k in zip(names, mask) if k} if len(mask) == len(names) else None
    if not isinstance(getattr(part, "transformers_", None), list) or _own(part)[0] != list(names):
        return None
    kept: set[str] = set()
    for _, transformer, columns in part.transformers_:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        chosen = [columns] if isinstance(columns, str) else columns
        if isinstance(chosen, slice) and any(isinstance(end, str) for end in (chosen.start, chosen.stop)):
            first, last = (None if e is None else list(names).index(e) for e in (chosen.start, chosen.stop))
            chosen = slice(first, None if last is None else last + 1)
        by_name = not isinstance(chosen, slice) and all(isinstance(c, str) for c in chosen)
        kept |= set(chosen if by_name else np.asarray(names, object)[chosen])
    return kept
