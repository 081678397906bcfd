"""Everything that a check found, before it is read: what the headline and the advice are made of."""

from __future__ import annotations

from dataclasses import dataclass

from ecotone.checkup.performance._performance_result import Performance
from ecotone.checkup.quality._contract_check import Kept
from ecotone.checkup.quality._quality import Quality
from ecotone.checkup.quality._schema import Schema
from ecotone.checkup.rows._rows_outside import RowsOutside

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
    columns : tuple of TestedColumn or UntestedColumn
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
