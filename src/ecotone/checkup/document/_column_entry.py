"""A column of a check: its two bits, its role, and how it moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ecotone.checkup.as_json import OPTIONAL

from ._movement_facts import MovementFacts

Role = Literal["moved", "moved with others", "relation", "no evidence", "untested"]


@dataclass(frozen=True)
class Psi:
    """The population stability index: None where it is not defined."""

    value: float | None
    note: str


@dataclass(frozen=True)
class Marginal:
    """What is known of a column by itself.

    Parameters
    ----------
    pvalue, log10_pvalue : float or None
        None for a column without a score.
    changed : bool
        Selected at the false discovery rate, behind the verdict.
    material : bool
        An effect above the minimum is shown.
    effect : float or None
    effect_name : str
        ``auc``, ``spread``, ``total variation``, ``missing``, ``infinite`` or ``classifier``.
    interval : (float, float) or None
        Of the effect, adjusted for the selection.
    psi : Psi
    missing : (float, float)
        Rates of the reference and of current.
    reason : str or None
        Why there is no p-value, or no effect.
    """

    pvalue: float | None
    log10_pvalue: float | None
    changed: bool
    material: bool
    effect: float | None
    effect_name: str
    interval: tuple[float | None, float | None] | None
    psi: Psi
    missing: tuple[float, float]
    reason: str | None


@dataclass(frozen=True)
class Conditional:
    """What is known of a column given the others.

    Parameters
    ----------
    pvalue, log10_pvalue, changed
        None where it was not tested.
    group : tuple of str
        Columns that say nearly the same and were tested together with it.
    reason : str or None
        Why it was not tested.
    """

    pvalue: float | None
    log10_pvalue: float | None
    changed: bool | None
    group: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True)
class ComparedColumn:
    """A column that was compared.

    Parameters
    ----------
    name, kind : str
    columns : int or None
        Of an embedding, how many columns it has.
    marginal : Marginal
    conditional : Conditional
    role : str
        A reading of the two bits; it carries no guarantee.
    movement : MovementFacts or None
        Of a column that changed.
    sentence : str
        How it moved; empty where it did not.
    reason : str or None
        Why neither bit could be had.
    """

    name: str
    kind: str
    columns: int | None = field(metadata=OPTIONAL)
    marginal: Marginal
    conditional: Conditional
    role: Role
    movement: MovementFacts | None
    sentence: str
    reason: str | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True)
class UntestedColumn:
    """A column that no test read, with the reason."""

    name: str
    kind: str
    marginal: None
    conditional: None
    role: Literal["untested"]
    reason: str


ColumnEntry = ComparedColumn | UntestedColumn
