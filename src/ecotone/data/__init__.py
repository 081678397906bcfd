"""Tables in, sketches out: readers, column kinds, duplicates, profiles."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._align_tables import align_tables as align_tables
    from ._describe import describe as describe
    from ._frame import Frame as Frame
    from ._model_options import ModelOptions as ModelOptions
    from ._profile import Profile as Profile
    from ._profile_scan import profile as profile
    from ._profile_scan import scan_batches as scan_batches
    from ._readers import read_table as read_table
    from ._roles import Roles as Roles
    from ._table import CODED as CODED
    from ._table import NAMED as NAMED
    from ._table import ORDERED as ORDERED
    from ._table import AllLevels as AllLevels
    from ._table import Column as Column
    from ._table import Kind as Kind
    from ._table import Pair as Pair
    from ._table import Part as Part
    from ._table import Table as Table
    from ._table import Untested as Untested
    from ._table import tree_matrix as tree_matrix
    from ._table_bytes import table_bytes as table_bytes
    from .activations._open import open_activations as open_activations
    from .activations._open_dataset import open_dataset as open_dataset
    from .activations._read import read_activations as read_activations

__getattr__, __dir__, __all__ = attach(__name__, __file__)
