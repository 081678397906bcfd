"""A learned distribution of tables: what can be asked of rows that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ecotone.contracts import BadInput, Floats
from ecotone.data import read_table
from ecotone.decide.conformal import conformal_pvalues
from ecotone.learn import Generator

from ._arrow import stored
from ._column_distributions import chain, level_shares
from ._level_codec import LevelCodec
from ._table_codec import TableCodec
from ._table_network import Perceptron


class TableDistribution(Generator):
    """Log-probabilities, p-values and levels, from a codec of the columns and a network for every conditional."""

    codec_: TableCodec
    module_: Perceptron
    calibration_: Floats

    @property
    def columns_(self) -> tuple[str, ...]:
        return self.codec_.table

    @property
    def order_(self) -> tuple[str, ...]:
        return self.codec_.names

    @property
    def rules_(self) -> tuple[tuple[str, str], ...]:
        return tuple((rule.source, rule.target) for rule in self.codec_.rules)

    @property
    def left_out_(self) -> dict[str, str]:
        return self.codec_.left_out

    def log_prob(self, x: Any, *, given: Any = None, of: Sequence[str] | None = None) -> Floats:
        """Log-probability ``(n,)`` of columns ``of`` given columns ``given`` of the same rows, in nats.

        Parameters
        ----------
        x : table
            With the columns of ``of`` and ``given``.
        given : sequence of str, optional
            Columns that are known.
        of : sequence of str, optional
            By default all others.

        Returns
        -------
        (n,) float64
            -inf where a value can not occur. Base measure: see the class.
        """
        self._fitted()
        known = self._names(given or (), "given")
        asked = self._names(of, "of") if of is not None else [n for n in self.columns_ if n not in known]
        if both := sorted(set(known) & set(asked)):
            raise BadInput(f"column {both[0]!r} is in both of= and given=; it is either asked or known")
        table = read_table(x, name="x").arrow
        packed = torch.as_tensor(self.codec_.encode(table, (*known, *asked)))
        seen = torch.zeros(packed.shape[:2], dtype=torch.bool)
        seen[:, [self.codec_.place(n) for n in known]] = True
        return chain(self.module_, self.codec_, packed, seen, [j for j, n in enumerate(self.order_) if n in asked])

    def score_samples(self, X: Any) -> Floats:
        """The joint log-probability of each row, ``(n,)``: higher is more typical."""
        return self.log_prob(X)

    def pvalues(self, X: Any) -> Floats:
        """Calibrated p-value ``(n,)`` of each row: at most ``a`` with probability ``a`` for a row as learned.

        Conformal, from rows that were kept out of the fit: ties and rounding count against the row.

        Raises
        ------
        BadInput
            Where no rows were kept.
        """
        return self.pvalues_of(self.score_samples(X))

    def pvalues_of(self, log_prob: Floats) -> Floats:
        """P-values ``(n,)`` of rows whose joint log-probability is known already."""
        self._fitted()
        if not len(self.calibration_):
            raise BadInput("no rows were kept for p-values; fit with calibration > 0, or wrap the model in Calibrated")
        return conformal_pvalues(log_prob, self.calibration_)

    def predict_proba(self, X: Any, column: str) -> Floats:
        """``(n, levels)`` probability of each of a column's :meth:`levels` given all other columns that ``X`` has.

        Raises
        ------
        BadInput
            For a column of numbers.
        """
        self._fitted()
        j = self.codec_.place(column)
        if self.codec_.columns[j].continuous:
            raise BadInput(f"column {column!r} holds numbers; ask log_prob, or for one of the columns with levels")
        table = read_table(X, name="X").arrow
        known = tuple(n for n in self.columns_ if n != column and n in table.column_names)
        packed = torch.as_tensor(self.codec_.encode(table, known))
        seen = torch.tensor([n in known for n in self.order_]).expand(packed.shape[:2])
        return level_shares(self.module_, self.codec_, packed, seen, j)

    def levels(self, column: str) -> tuple[Any, ...]:
        """The levels of a column, in the order of :meth:`predict_proba`."""
        codec = self.codec_.columns[self.codec_.place(column)]
        if isinstance(codec, LevelCodec):
            return (*codec.shown(codec.levels), *(("(other)",) if codec.rare else ()))
        return tuple(stored(codec, codec.atoms).to_pylist())

    def _names(self, names: Any, argument: str) -> list[str]:
        if isinstance(names, str | Mapping) or not all(isinstance(n, str) for n in names):
            raise BadInput(f"{argument} must be a list of column names, got {names!r}")
        for name in names:
            self.codec_.place(name)
        return list(names)
