"""What flows through a check: findings, headline and advice as frozen dataclasses, and their one form in JSON."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._advice_item import AdviceItem as AdviceItem
    from ._budget_summary import BudgetSummary as BudgetSummary
    from ._column_entry import ColumnEntry as ColumnEntry
    from ._column_entry import ComparedColumn as ComparedColumn
    from ._column_entry import Conditional as Conditional
    from ._column_entry import Marginal as Marginal
    from ._column_entry import Psi as Psi
    from ._column_entry import Role as Role
    from ._column_entry import UntestedColumn as UntestedColumn
    from ._content import FORMAT as FORMAT
    from ._content import CheckContent as CheckContent
    from ._data_summary import DataSummary as DataSummary
    from ._data_summary import Source as Source
    from ._data_summary import TableRead as TableRead
    from ._data_summary import data_of_tables as data_of_tables
    from ._dependence_summary import DependenceSummary as DependenceSummary
    from ._dependence_summary import DependenceTest as DependenceTest
    from ._dependence_summary import TimeLength as TimeLength
    from ._duplicates_summary import Duplicates as Duplicates
    from ._duplicates_summary import DuplicatesNotSought as DuplicatesNotSought
    from ._findings import Findings as Findings
    from ._gates import FAIL_ON as FAIL_ON
    from ._gates import failing as failing
    from ._gates import first_word as first_word
    from ._headline import ALARMS as ALARMS
    from ._headline import Alarm as Alarm
    from ._headline import Answer as Answer
    from ._headline import Headline as Headline
    from ._leading import convincing as convincing
    from ._leading import leading as leading
    from ._leading import material as material
    from ._movement_facts import MovementFacts as MovementFacts
    from ._verdict import FamilyOfTests as FamilyOfTests
    from ._verdict import PairOfColumns as PairOfColumns
    from ._verdict import Verdict as Verdict

__getattr__, __dir__ = attach(__name__, __file__)
