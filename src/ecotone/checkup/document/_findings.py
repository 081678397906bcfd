"""Everything that a check found, before it is read: what the headline and the advice are made of."""

from __future__ import annotations

from dataclasses import dataclass

from ecotone.checkup.performance import Performance
from ecotone.checkup.quality import Kept, Quality, Schema
from ecotone.checkup.rows import RowsOutside

from ._budget_summary import BudgetSummary
from ._column_entry import ColumnEntry
from ._data_summary import DataSummary
from ._verdict import Verdict


@dataclass(frozen=True)
class Findings:
    """What was found.

    Parameters
    ----------
    schema : Schema
    quality : Quality
    contract : Kept or None
    verdict : Verdict
    columns : tuple of ComparedColumn or UntestedColumn
    rows : RowsOutside
    performance : Performance or None
    budget : BudgetSummary
    data : DataSummary
    """

    schema: Schema
    quality: Quality
    contract: Kept | None
    verdict: Verdict
    columns: tuple[ColumnEntry, ...]
    rows: RowsOutside
    performance: Performance | None
    budget: BudgetSummary
    data: DataSummary
