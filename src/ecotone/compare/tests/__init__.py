"""Do two samples come from one distribution?"""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._columns import ColumnMargin as ColumnMargin
    from ._energy_family import table_energy_test as table_energy_test
    from ._margins import margins_test as margins_test
    from ._pairs import pairs_test as pairs_test
    from ._psi import population_stability_index as population_stability_index
    from ._support import support_test as support_test
    from ._trees import trees_test as trees_test
    from ._triples import triples_test as triples_test
    from ._two_tables import Family as Family
    from ._two_tables import TwoTables as TwoTables
    from ._two_tables import two_tables as two_tables

__getattr__, __dir__, __all__ = attach(__name__, __file__)
