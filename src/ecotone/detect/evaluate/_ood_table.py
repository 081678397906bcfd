"""Near, far and full-spectrum protocols, and their table."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Floats, Scorer, as_numpy

from ._ood_metrics import FIGURES, OODMetrics, ood_metrics

GROUPS = ("near", "far")
_OPENOOD = {"FPR@95": "fpr_outside_positive", "AUROC": "auroc", "AUPR_IN": "aupr_in", "AUPR_OUT": "aupr_out"}


@dataclass(frozen=True)
class OODTable:
    """Figures by data set and their means by group, as OpenOOD reports them.

    Parameters
    ----------
    sets : mapping of str to OODMetrics
        By data set outside.
    groups : mapping of str to str
        ``near`` or ``far``, by data set.
    spectrum : {"standard", "full"}
        Whether the rows inside were those of the reference's kind alone, or covariate-shifted ones as well.
    accuracy : float or None
        Of the network on the rows inside, where it is known.
    """

    sets: Mapping[str, OODMetrics]
    groups: Mapping[str, str]
    spectrum: str = "standard"
    accuracy: float | None = None

    def mean(self, group: str) -> dict[str, float]:
        """Mean of each figure over the sets of a group.

        Raises
        ------
        BadInput
            For a group without sets.
        """
        chosen = [found for name, found in self.sets.items() if self.groups[name] == group]
        if not chosen:
            raise BadInput(f"no set is {group}; the groups are {sorted(set(self.groups.values()))}")
        return {figure: float(np.mean([getattr(found, figure) for found in chosen])) for figure in FIGURES}

    def rows(self) -> list[tuple[str, dict[str, float]]]:
        """Sets by group, each followed by the group's mean, ``nearood`` or ``farood``."""
        listed: list[tuple[str, dict[str, float]]] = []
        for group in GROUPS:
            names = [name for name in self.sets if self.groups[name] == group]
            listed += [(name, {f: getattr(self.sets[name], f) for f in FIGURES}) for name in names]
            if names:
                listed.append((f"{group}ood", self.mean(group)))
        return listed

    def to_openood(self, path: str | Path) -> None:
        """Write ``ood.csv`` as OpenOOD does: percent, two decimals, the means after their sets.

        OpenOOD's FPR@95 has outside as the positive class, so that is the one written.
        """
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["dataset", *_OPENOOD, "ACC"])
            accuracy = "nan" if self.accuracy is None else f"{100 * self.accuracy:.2f}"
            for name, found in self.rows():
                writer.writerow([name, *(f"{100 * found[figure]:.2f}" for figure in _OPENOOD.values()), accuracy])

    def __str__(self) -> str:
        head = f"{'':24s}{'AUROC':>8s}{'AUPR in':>9s}{'AUPR out':>9s}{'FPR out+':>9s}{'FPR in+':>9s}"
        lines = [f"{name:24s}" + "".join(f"{found[f]:9.3f}" for f in FIGURES)[1:] for name, found in self.rows()]
        return "\n".join([head, *lines])


def evaluate_ood(
    detector: Scorer,
    inside: Any,
    *,
    near: Mapping[str, Any] | None = None,
    far: Mapping[str, Any] | None = None,
    shifted: Mapping[str, Any] | None = None,
    level: float = 0.95,
    bootstrap: int = 0,
    seed: int = 0,
) -> OODTable:
    """Score a fitted detector by the near, far and full-spectrum protocols.

    Parameters
    ----------
    detector : fitted, with ``score_samples``
    inside : rows or activations as the detector reads them
        Of the reference's kind, unseen by network and detector.
    near, far : mappings of a name to rows
        Outside, with other classes of the same kind (near) or of another kind (far).
    shifted : mapping of a name to rows, optional
        Of the reference's classes under other conditions, such as blur: they count as inside, which is the
        full-spectrum protocol.
    level, bootstrap, seed
        As in :func:`ood_metrics`.

    Raises
    ------
    BadInput
        For no set outside, or a name that is both near and far.

    References
    ----------
    Yang et al. (2022), https://arxiv.org/abs/2210.07242; full spectrum: Yang, Zhou and Liu (2023),
    https://arxiv.org/abs/2204.05306
    """
    groups = {name: group for group, sets in (("near", near), ("far", far)) for name in sets or {}}
    if not groups or len(groups) < len(near or {}) + len(far or {}):
        raise BadInput(
            f"give near= or far= sets under different names, got {sorted(near or {})} and {sorted(far or {})}"
        )
    parts = [_scored(detector, rows) for rows in (inside, *(shifted or {}).values())]
    known = np.concatenate(parts)
    sets = {
        name: ood_metrics(known, _scored(detector, rows), level=level, bootstrap=bootstrap, seed=seed)
        for name, rows in {**(near or {}), **(far or {})}.items()
    }
    return OODTable(sets, groups, "full" if shifted else "standard", _accuracy(inside))


def read_openood(path: str | Path, near: tuple[str, ...] = ()) -> OODTable:
    """Read a table that OpenOOD or :meth:`OODTable.to_openood` wrote; its means are computed again.

    Parameters
    ----------
    path : str or Path
        ``ood.csv``: sets, each group followed by ``nearood`` or ``farood``.
    near : tuple of str
        Names of the near sets, for a file without those rows.

    Raises
    ------
    BadInput
        For a file without the columns of OpenOOD.
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lacking = [c for c in ("dataset", *_OPENOOD) if rows and c not in rows[0]]
    if not rows or lacking:
        raise BadInput(f"{path} has no {lacking or 'rows'}; give the ood.csv that OpenOOD writes")
    sets: dict[str, OODMetrics] = {}
    groups: dict[str, str] = {}
    waiting: list[str] = []
    for row in rows:
        name = row["dataset"]
        if name in ("nearood", "farood"):
            groups |= dict.fromkeys(waiting, name.removesuffix("ood"))
            waiting = []
            continue
        found = {figure: float(row[column]) / 100 for column, figure in _OPENOOD.items()}
        sets[name] = OODMetrics(
            found["auroc"],
            found["aupr_in"],
            found["aupr_out"],
            found["fpr_outside_positive"],
            float("nan"),
            0.95,
            (0, 0),
        )
        waiting.append(name)
    groups |= {name: "near" if name in near else "far" for name in waiting}
    accuracy = float(rows[0].get("ACC") or "nan") / 100
    return OODTable(sets, groups, accuracy=None if np.isnan(accuracy) else accuracy)


def _scored(detector: Scorer, rows: Any) -> Floats:
    return as_numpy(detector.score_samples(rows)).astype(np.float64)


def _accuracy(inside: Any) -> float | None:
    logits, labels = getattr(inside, "logits", None), getattr(inside, "labels", None)
    if logits is None or labels is None:
        return None
    return float(np.mean(np.asarray(logits).argmax(1) == np.asarray(labels)))
