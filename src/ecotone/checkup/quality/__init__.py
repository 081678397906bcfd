"""What can be said of two tables without a test: their columns, each column's facts, what broke, and a contract."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._breaks import Break as Break
    from ._contract import Contract as Contract
    from ._contract import Rules as Rules
    from ._contract_check import Kept as Kept
    from ._contract_write import contract_of as contract_of
    from ._facts import Facts as Facts
    from ._facts import facts_of_profiles as facts_of_profiles
    from ._facts import facts_of_tables as facts_of_tables
    from ._quality import ColumnQuality as ColumnQuality
    from ._quality import Quality as Quality
    from ._schema import Schema as Schema
    from ._summary import ColumnSummary as ColumnSummary

__getattr__, __dir__ = attach(__name__, __file__)
