"""Numbers about samples or densities: no p-values here."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._binnable import binnable as binnable
    from ._neighbours import nearest_neighbours as nearest_neighbours
    from ._shapley import ShapleyValues as ShapleyValues
    from ._shapley import shapley_values as shapley_values

__getattr__, __dir__ = attach(__name__, __file__)
