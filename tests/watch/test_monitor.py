"""A monitor reads rows in any pieces, names what moved and since when, and says what it cannot promise."""

import numpy as np
import pandas as pd
import pytest

from ecotone.contracts import BadInput
from ecotone.data import Roles
from ecotone.watch import Monitor
from ecotone.watch._recent import LEAST, MOST


def table(n, rng, **moved):
    made = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    made["kind"] = rng.choice(["x", "y", "z"], n, p=moved.pop("kind", [0.5, 0.3, 0.2]))
    for name, by in moved.items():
        made[name] += by
    return made


@pytest.fixture(scope="module")
def reference():
    return table(2000, np.random.default_rng(0))


def test_pieces_make_no_difference(reference):
    rng = np.random.default_rng(1)
    rows = pd.concat([table(700, rng), table(900, rng, b=0.8)], ignore_index=True)
    whole = Monitor.start(reference, seed=3)
    pieces = Monitor.start(reference, seed=3)
    expected = whole.update(rows).alarms
    found = [a for at in (slice(0, 1), slice(1, 800), slice(800, 1600)) for a in pieces.update(rows[at]).alarms]
    assert expected and found == list(expected)
    assert expected[0].columns == ("b",)
    for a, b in zip(whole.detectors.groups, pieces.detectors.groups):
        np.testing.assert_allclose(a.detectors.evidence, b.detectors.evidence, rtol=1e-9)


@pytest.mark.parametrize(
    "moved, names",
    [({"a": 0.7}, {"a"}), ({"kind": [0.3, 0.3, 0.4]}, {"kind"}), ({"kind": [0.3, 0.5, 0.2]}, {"kind"})],
)
def test_what_moved_and_since_when(reference, moved, names):
    rng = np.random.default_rng(2)
    monitor = Monitor.start(reference)
    assert not monitor.update(table(1500, rng)).alarms
    first = monitor.update(table(1500, rng, **moved)).alarms[0]
    assert set(first.columns) == names and first.detector == "column"
    assert first.since is not None
    assert 1500 < first.row < 2600 and first.since.low <= 1500 <= first.since.high and first.since.complete


def test_a_relation(reference):
    rng = np.random.default_rng(3)
    monitor = Monitor.start(reference)
    new = table(600, rng)
    new["c"] = 0.8 * new["a"] + 0.6 * new["c"]
    first = monitor.update(new).alarms[0]
    assert first.detector == "pair" and set(first.columns) == {"a", "c"} and first.row < 200


def test_facts_about_columns_are_said_once(reference):
    rng = np.random.default_rng(4)
    monitor, new = Monitor.start(reference), table(50, rng)
    new["kind"], new["extra"], new["b"] = "w", 1, "text"
    seen = monitor.update(new.drop(columns="c")).breaks
    assert {(b.column, b.what) for b in seen} == {
        ("extra", "new column"), ("b", "unreadable"), ("c", "unreadable"), ("kind", "new levels"),
    }  # fmt: skip
    assert all(b.row == 0 for b in seen) and not monitor.update(new.drop(columns="c")).breaks
    new["kind"] = "v"
    assert [b.detail for b in monitor.update(new.drop(columns="c")).breaks] == ["'v'"]


def test_rows_kept_are_bounded_and_the_last(reference):
    rng = np.random.default_rng(5)
    monitor = Monitor.start(reference)
    for _ in range(6):
        monitor.update(table(4000, rng))
    kept = monitor.recent.since(0)
    assert LEAST <= kept.num_rows <= MOST + LEAST and monitor.recent.read == monitor.rows == 24_000
    last = table(10, rng)
    monitor.update(last)
    assert monitor.recent.since(24_000).column("a").to_pylist() == last["a"].tolist()


def test_dependent_rows_withdraw_the_promise():
    rng = np.random.default_rng(6)
    walk = np.zeros(1000)
    for t in range(1, 1000):
        walk[t] = 0.8 * walk[t - 1] + rng.normal()
    withdrawn = Monitor.start({"x": walk, "y": rng.normal(size=1000)}).guarantee
    assert withdrawn.state == "withdrawn" and "x" in withdrawn.reason and withdrawn.remedy
    assert Monitor.start({"x": walk}, independent=True).guarantee.state == "assumed"
    assert Monitor.start({"x": rng.normal(size=1000)}).guarantee.state == "exact"


def test_bad_input(reference):
    with pytest.raises(BadInput, match="at least 200"):
        Monitor.start(reference[:199])
    with pytest.raises(BadInput, match="not both"):
        Monitor.start(reference, arl=100, ever=0.1)
    with pytest.raises(BadInput, match="no column"):
        Monitor.start(reference, roles=Roles.of(ignore=list(reference.columns)))
