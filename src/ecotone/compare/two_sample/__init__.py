"""Do two samples come from one distribution?"""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._c2st import c2st as c2st
    from ._columns import ColumnMargin as ColumnMargin
    from ._coverage_test import coverage_test as coverage_test
    from ._dependence import Dependence as Dependence
    from ._dependence import Guarantee as Guarantee
    from ._dependence import dependence as dependence
    from ._dependence import with_units as with_units
    from ._energy_family import table_energy_test as table_energy_test
    from ._energy_test import energy_test as energy_test
    from ._knn_non_iid_test import knn_non_iid_scores as knn_non_iid_scores
    from ._knn_non_iid_test import knn_non_iid_test as knn_non_iid_test
    from ._ks_test import ks_test as ks_test
    from ._marginal_test import marginal_test as marginal_test
    from ._mmd_test import mmd_test as mmd_test
    from ._pairwise_test import pairwise_test as pairwise_test
    from ._permutation_test import permutation_test as permutation_test
    from ._psi import population_stability_index as population_stability_index
    from ._threeway_test import threeway_test as threeway_test
    from ._trees import trees_test as trees_test
    from ._two_tables import Family as Family
    from ._two_tables import TwoTables as TwoTables
    from ._two_tables import two_tables as two_tables

__getattr__, __dir__ = attach(__name__, __file__)
