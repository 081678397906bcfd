"""Tables in, sketches out: readers, column kinds, duplicates, profiles."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._align_tables import align_tables as align_tables
    from ._artefact import decode_artefact as decode_artefact
    from ._artefact import encode_artefact as encode_artefact
    from ._artefact import read_artefact as read_artefact
    from ._artefact import write_artefact as write_artefact
    from ._column_counts import ColumnCounts as ColumnCounts
    from ._column_counts import CountedPair as CountedPair
    from ._counted import counted_pair as counted_pair
    from ._describe import describe as describe
    from ._frame import Frame as Frame
    from ._gaussianise import Gaussianiser as Gaussianiser
    from ._model_columns import ModelColumns as ModelColumns
    from ._model_columns import model_columns as model_columns
    from ._model_options import ModelOptions as ModelOptions
    from ._profile import Profile as Profile
    from ._profile_columns import ColumnProfile as ColumnProfile
    from ._profile_cuts import Cut as Cut
    from ._profile_hash import hash_strings as hash_strings
    from ._profile_scan import profile as profile
    from ._profile_scan import scan_batches as scan_batches
    from ._profile_sums import Sums as Sums
    from ._readers import TableSource as TableSource
    from ._readers import open_profile as open_profile
    from ._readers import open_table as open_table
    from ._readers import read_table as read_table
    from ._roles import EVERYTHING as EVERYTHING
    from ._roles import Roles as Roles
    from ._strata import Strata as Strata
    from ._stream_columns import Encoded as Encoded
    from ._stream_columns import StreamColumn as StreamColumn
    from ._stream_columns import StreamColumns as StreamColumns
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
    from ._thread_map import thread_map as thread_map
    from .activations._open import open_activations as open_activations
    from .activations._open_dataset import open_dataset as open_dataset
    from .activations._read import read_activations as read_activations

__getattr__, __dir__ = attach(__name__, __file__)
