"""All cells, and the digest of the code that each of them tests."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import nulls
import of_adjustments as adjust
import of_rows as rows
import of_samples as samples
import of_tables as tables
from level_cell import Cell, Errors

ANY, SHARE = "any false one", "share of false ones"
ARRAYS = (nulls.NORMAL, nulls.ROUNDED, nulls.UNITS)
TABLES = (nulls.MIXED, nulls.FEW, nulls.ENTITIES)
INDEPENDENT, ALIKE, DISCRETE, HALF = adjust.INDEPENDENT, adjust.ALIKE, adjust.DISCRETE, adjust.HALF


def _cells(test: Callable[[int, str], Errors], distributions: tuple[str, ...], what: str = "rejection") -> list[Cell]:
    return [Cell(test, null, what) for null in distributions]


GROUPS = {
    "Tests of two samples and of one order": [
        *_cells(samples.ks_test, ARRAYS),
        *_cells(samples.mmd_test, ARRAYS),
        *_cells(samples.energy_test, ARRAYS),
        *_cells(samples.c2st, ARRAYS),
        *_cells(samples.permutation_test, ARRAYS),
        *_cells(samples.feature_shift_test, ARRAYS),
        *_cells(samples.feature_shift_test_of_one_column, ARRAYS),
        *_cells(samples.feature_shift_test_by_bootstrap, (nulls.NORMAL, nulls.ROUNDED)),
        *_cells(samples.knn_non_iid_test, (nulls.ORDERED, nulls.REPEATED)),
    ],
    "Tests of two tables": [
        *_cells(tables.marginal_test, TABLES),
        *_cells(tables.pairwise_test, TABLES),
        *_cells(tables.threeway_test, TABLES),
        *_cells(tables.coverage_test, TABLES),
        *_cells(tables.table_energy_test, TABLES),
        *_cells(tables.trees_test, TABLES),
        *_cells(tables.conditional_change, TABLES),
        *_cells(tables.conditional_change_of_any, (nulls.MIXED, nulls.FEW), "any column"),
        *_cells(tables.embedding_test, tables.EMBEDDING),
        *_cells(tables.many_levels, tables.SHARES),
        *_cells(tables.numbers_as_levels, tables.COUNTS),
    ],
    "Rows, labels and probabilities": [
        *_cells(rows.Calibrated, (rows.NORMAL, rows.ROUNDED)),
        *_cells(rows.Calibrated_select, (rows.NORMAL, rows.ROUNDED), "any of 30 rows"),
        *_cells(rows.WeightedConformal, (rows.SHIFTED, rows.SHIFTED_ROUNDED)),
        *_cells(rows.global_test, (rows.RANKS, rows.TIES, rows.BLOCKS)),
        *_cells(rows.degradation_test, (rows.RIGHT, rows.LOSS, rows.LOSS_BY_UNIT)),
        *_cells(rows.calibration_error, (rows.SURE, rows.FEW_SAID)),
    ],
    "Multiple testing": [
        *_cells(adjust.benjamini_hochberg, (INDEPENDENT, ALIKE, DISCRETE, HALF), SHARE),
        *_cells(adjust.benjamini_yekutieli, (INDEPENDENT, ALIKE, HALF), SHARE),
        *_cells(adjust.storey, (INDEPENDENT, DISCRETE, HALF), SHARE),
        *_cells(adjust.holm, (INDEPENDENT, ALIKE, DISCRETE, HALF), ANY),
        *_cells(adjust.weighted_bonferroni, (INDEPENDENT, ALIKE, DISCRETE, HALF), ANY),
        *_cells(adjust.westfall_young, (INDEPENDENT, ALIKE, DISCRETE), ANY),
        *_cells(adjust.e_benjamini_hochberg, (INDEPENDENT, ALIKE, HALF), SHARE),
        *_cells(adjust.e_to_p, (INDEPENDENT, DISCRETE)),
        *_cells(adjust.merge_evalues, (INDEPENDENT, ALIKE)),
        *_cells(adjust.fcr_level, (INDEPENDENT, HALF), "share that misses"),
        *_cells(adjust.minimum_effect_test, ("AUC .53, 100 and 100 rows", "AUC .53, 40 and 160 rows")),
    ],
}
CELLS = [cell for group in GROUPS.values() for cell in group]


@cache
def _digests() -> ModuleType:
    """claims/digest.py, whose folder is not put on the path."""
    file = Path(__file__).parents[2] / "claims" / "digest.py"
    spec = importlib.util.spec_from_file_location("claims_digest", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@cache
def code_of(cell: Cell) -> str:
    """The digest of the cell's function and of all that it reaches."""
    code = cell.test.__code__
    return str(_digests().digest(Path(code.co_filename), of=cell.test.__name__))
