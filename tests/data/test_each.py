"""Threads and grids give what loops and binary searches give."""

from __future__ import annotations

import numpy as np
import pytest

from ecotone.data._equal_rows import equal_rows
from ecotone.data._fast_searchsorted import fast_searchsorted
from ecotone.data._thread_map import FEWEST, thread_map


@pytest.mark.parametrize("values", [0, 10 * FEWEST])
def test_each_keeps_the_order_and_raises(values: int) -> None:
    assert thread_map(lambda x: x * x, range(50), values=values) == [x * x for x in range(50)]
    with pytest.raises(ZeroDivisionError):
        thread_map(lambda x: 1 // x, [1, 0], values=values)


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("cells", [8, 1 << 15])
def test_a_grid_places_as_a_binary_search_does(right: bool, cells: int) -> None:
    rng = np.random.default_rng(0)
    skewed = np.exp(3 * rng.normal(size=20_000))
    edges = np.unique(np.quantile(skewed, np.arange(1, 500) / 500, method="lower"))
    x = np.concatenate([skewed, edges, np.nextafter(edges, 0), [-np.inf, np.inf, -1e308, 1e308, 0.0, -0.0]])
    assert np.array_equal(
        fast_searchsorted(x, edges, cells=cells, right=right),
        np.searchsorted(edges, x, side="right" if right else "left"),
    )
    few = edges[:1]
    assert np.array_equal(
        fast_searchsorted(x, few, right=right), np.searchsorted(few, x, side="right" if right else "left")
    )


def test_equal_rows_are_found_among_many_different_ones() -> None:
    keys = [np.arange(5000), np.arange(5000) * 7]
    assert all(len(part) == 0 for part in equal_rows(keys))
    for key in keys:
        key[4321] = key[17]
    rows, heads = equal_rows(keys)
    assert rows.tolist() == [4321] and heads.tolist() == [17]
