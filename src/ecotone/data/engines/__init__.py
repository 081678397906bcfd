"""Where work on parts of a table runs: processes of this machine, or a Ray cluster; the answers are the same."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._engine import Engine as Engine
    from ._local_engine import LocalEngine as LocalEngine
    from ._merge_tree import MergeTree as MergeTree
    from ._merge_tree import TreeNode as TreeNode
    from ._open_engine import ENGINES as ENGINES
    from ._open_engine import open_engine as open_engine
    from ._ray_engine import RayEngine as RayEngine
    from ._run_parts import run_parts as run_parts

__getattr__, __dir__ = attach(__name__, __file__)
