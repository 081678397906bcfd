"""Where no test of the tables could have raised an alarm, whatever had changed."""

from __future__ import annotations

import numpy as np

from ecotone.checkup.document import Findings
from ecotone.compare.two_sample import Dependence

#: Units (entities, blocks in time) of a table below which relabelling them can show nothing.
_FEWEST_UNITS = 20
#: The largest size that an effect of each kind can have.
_LARGEST = {"auc": 0.5, "spread": 0.5, "level": 1.0, "missing": 1.0}


def blindness(found: Findings, ties: Dependence) -> str:
    """Why nothing can be told; empty where something can."""
    if not found.data.types:
        return "no column could be tested (data.untested has the reasons)"
    if ties.drawn_by:
        return f"the guarantee is withdrawn: {ties.reason}"
    if few := _few_units(ties) or _few_matched(found):
        return few
    if ties.declared and ties.guarantee == "withdrawn":
        return ties.reason
    detectable = found.verdict.smallest_detectable.items()
    sizes = [(size, _LARGEST[kind]) for kind, size in detectable if kind in _LARGEST and size is not None]
    if sizes and all(size >= most for size, most in sizes):
        n = min(found.data.reference.rows_kept, found.data.current.rows_kept)
        return f"with {n:,} rows in the smaller table no change of any size is sure to be found"
    return ""


def _few_units(ties: Dependence) -> str:
    if ties.units is None:
        return ""
    fewest = min(len(np.unique(side)) for side in ties.units)
    if fewest >= _FEWEST_UNITS:
        return ""
    what = "entities" if "entity" in ties.declared else "stretches of rows"
    return f"one table holds only {fewest} independent {what}, and {_FEWEST_UNITS} are needed in each to show a change"


def _few_matched(found: Findings) -> str:
    given = found.data.given
    if given is None or min(given.matched.reference, given.matched.current) >= _FEWEST_UNITS:
        return ""
    few = min(given.matched.reference, given.matched.current)
    return f"only {few} rows of one table have a counterpart at equal {', '.join(given.columns)}"
