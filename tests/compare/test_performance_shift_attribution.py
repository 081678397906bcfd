"""Attribution to mechanisms against exact enumeration over discrete tables."""

import itertools
from math import factorial

import numpy as np
import pytest

from ecotone.compare.explain import PerformanceShiftAttribution
from ecotone.compare.explain._mechanism_ratios import mechanism_ratio
from ecotone.contracts import BadInput

GRAPH = {"a": (), "b": ("a",), "y": ("a", "b")}
# P(a = 1), P(b = 1 | a), P(y = 1 | a, b) in quarters, of the source and of the target
SOURCE = (0.5, (0.25, 0.5), ((0.25, 0.5), (0.5, 0.75)))
TARGET = (0.75, (0.5, 0.75), ((0.5, 0.5), (0.25, 0.25)))
LOSS = {(a, b, y): float(abs(y - a) + 0.5 * b * y) for a, b, y in itertools.product((0, 1), repeat=3)}


def _mass(mechanisms, a, b, y):
    pa, pb, py = mechanisms
    at = (pa, pb[a], py[a][b])
    return float(np.prod([p if v else 1 - p for p, v in zip(at, (a, b, y))]))


def _population(mechanisms):
    """Rows whose frequencies are exactly the law's."""
    cells = [c for c in LOSS for _ in range(round(64 * _mass(mechanisms, *c)))]
    assert len(cells) == 64
    rows = np.array(cells)
    return {"a": rows[:, 0], "b": rows[:, 1], "y": rows[:, 2]}, np.array([LOSS[c] for c in cells])


def _exact():
    def worth(coalition):
        mixed = tuple(t if i in coalition else s for i, (s, t) in enumerate(zip(SOURCE, TARGET)))
        return sum(_mass(mixed, *c) * LOSS[c] for c in LOSS)

    parts = []
    for i in range(3):
        others = [j for j in range(3) if j != i]
        subsets = itertools.chain.from_iterable(itertools.combinations(others, k) for k in range(3))
        parts.append(
            sum(factorial(len(s)) * factorial(2 - len(s)) / 6 * (worth({*s, i}) - worth(set(s))) for s in subsets)
        )
    return parts, worth({0, 1, 2}) - worth(set())


@pytest.mark.oracle("PerformanceShiftAttribution")
@pytest.mark.parametrize("observed", [True, False])
def test_equals_enumeration_on_exact_tables(observed):
    (before, loss), (after, loss_after) = _population(SOURCE), _population(TARGET)
    method = PerformanceShiftAttribution(GRAPH, ratio="table", observed=observed, draws=0)
    found = method.explain(before, after, loss, loss_after)
    parts, total = _exact()
    assert list(found.parts.values()) == pytest.approx(parts, abs=1e-12)
    assert found.total == pytest.approx(total, abs=1e-12) and abs(total) > 0.1
    assert found.details["estimated"] == pytest.approx(found.details["observed"], abs=1e-12)


@pytest.mark.oracle("PerformanceShiftAttribution")
def test_trees_come_close_to_the_exact_values_and_parts_sum_to_the_observed_change():
    rng = np.random.default_rng(0)

    def sample(mechanisms, n=4000):
        cells = np.array(list(LOSS))
        rows = cells[rng.choice(8, n, p=[_mass(mechanisms, *c) for c in LOSS])]
        return dict(zip("aby", rows.T)), np.array([LOSS[tuple(r)] for r in rows.tolist()])

    (before, loss), (after, loss_after) = sample(SOURCE), sample(TARGET)
    found = PerformanceShiftAttribution(GRAPH, draws=40).explain(before, after, loss, loss_after)
    assert list(found.parts.values()) == pytest.approx(_exact()[0], abs=0.04)
    assert sum(found.parts.values()) == pytest.approx(loss_after.mean() - loss.mean(), abs=1e-12)
    assert all(low <= found.parts[name] <= high for name, (low, high) in found.intervals.items())
    estimated = PerformanceShiftAttribution(GRAPH, draws=0, observed=False).explain(before, after, loss, loss_after)
    assert sum(estimated.parts.values()) == pytest.approx(estimated.details["estimated"], abs=1e-12)


def test_unchanged_mechanisms_get_nothing():
    (before, loss), _ = _population(SOURCE), None
    found = PerformanceShiftAttribution(GRAPH, ratio="table", draws=0).explain(before, before, loss, loss)
    assert list(found.parts.values()) == pytest.approx([0, 0, 0], abs=1e-12)


def test_seed_repeats():
    rng = np.random.default_rng(0)
    rows = [{"a": rng.standard_normal(200), "b": rng.standard_normal((200, 2))} for _ in range(2)]
    losses = [rng.random(200) for _ in range(2)]
    method = PerformanceShiftAttribution({"a": (), "b": ("a",)}, draws=10, random_state=4)
    assert method.explain(*rows, *losses) == method.explain(*rows, *losses)


def test_ratio_of_normal_laws():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6000, 1)), rng.standard_normal((6000, 1)) + 0.7
    ratio, _ = mechanism_ratio(x, y)
    exact = np.exp(0.7 * x[:, 0] - 0.245)
    middle = np.abs(x[:, 0]) < 1.5
    assert np.abs(np.log(ratio / exact))[middle].mean() < 0.15


@pytest.mark.parametrize(
    "graph, rows, losses, said",
    [
        ({}, {"a": [1.0]}, [1.0], "empty"),
        ({"a": ("z",)}, {"a": [1.0]}, [1.0], "'z', a parent of 'a'"),
        ({"a": ("b",), "b": ("a",)}, {"a": [1.0], "b": [1.0]}, [1.0], "cycle"),
        ({"a": ()}, {"b": [1.0]}, [1.0], "lacks 'a'"),
        ({"a": ()}, {"a": ["x"]}, [1.0], "codes"),
        ({"a": ()}, {"a": [1.0]}, [1.0, 2.0], "one per row"),
        ({"a": ()}, {"a": [1.0]}, [np.nan], "finite"),
        ({"a": ()}, {"a": np.arange(3.0)}, np.zeros(3), "at least 6 rows"),
    ],
)
def test_refuses(graph, rows, losses, said):
    how = "trees" if said == "at least 6 rows" else "table"
    with pytest.raises(BadInput, match=said):
        PerformanceShiftAttribution(graph, ratio=how, draws=0).explain(rows, rows, losses, losses)
