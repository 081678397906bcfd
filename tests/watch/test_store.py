"""A monitor's file: it goes on where it stopped, counts no row twice, and is refused where it does not fit."""

import numpy as np
import pandas as pd
import pytest

from ecotone.contracts import BadInput
from ecotone.data import Roles
from ecotone.watch import Monitor, MonitorStore, WatchSettings


def table(n, rng, day=0, **moved):
    made = pd.DataFrame(rng.normal(size=(n, 2)), columns=list("ab"))
    made["kind"] = rng.choice(["x", "y", "z"], n, p=[0.5, 0.3, 0.2])
    made["when"] = pd.Timestamp("2026-03-02") + pd.to_timedelta(day * 86400 + np.arange(n), unit="s")
    for name, by in moved.items():
        made[name] += by
    return made


REFERENCE = table(1500, np.random.default_rng(0), day=-30)
TIMED = Roles(time="when")


def made(folder, **options):
    return MonitorStore.create(folder / "monitor.duckdb", REFERENCE, roles=TIMED, **options)


def state(store):
    groups = store._run.monitor.detectors.groups
    return [a.copy() for g in groups for a in (g.detectors.counts, g.detectors.evidence)]


def test_goes_on_where_it_stopped(tmp_path):
    rng = np.random.default_rng(1)
    batches = [table(300, rng, day=k, **({"b": 0.9} if k > 3 else {})) for k in range(7)]
    with made(tmp_path, by=300) as store:  # whose chunks end where the batches do
        pass
    for batch in batches:
        with MonitorStore.open(store.path, reference=REFERENCE) as store:
            store.ingest(batch)
    whole = Monitor.start(REFERENCE, roles=TIMED)
    alarms = [a for batch in batches for a in whole.update(batch).alarms]
    with MonitorStore.open(store.path, read_only=True) as store:
        for a, b in zip(
            state(store), [x for g in whole.detectors.groups for x in (g.detectors.counts, g.detectors.evidence)]
        ):
            np.testing.assert_array_equal(a, b)
        assert store.alarms() == (alarms[0],) and store.status().episodes[0].alarms == len(alarms) > 1
        assert store.recent(2090)["b"].to_pylist() == batches[-1]["b"].tolist()[-10:]
        with pytest.raises(BadInput, match="read only"):
            store.reset()


def test_chunks_are_what_their_rows_are(tmp_path):
    rng = np.random.default_rng(2)
    days = [table(n, rng, day=k) for k, n in enumerate((120, 40, 300))]
    days[1].loc[:9, "a"], days[1].loc[:4, "kind"] = np.nan, "new"
    rows = pd.concat(days, ignore_index=True)
    with made(tmp_path, by="day") as store:
        store.ingest(rows[:70])
        store.ingest(rows[70:])
        chunks = store.chunks()
        assert [(c.first, c.rows) for c in chunks] == [(0, 120), (120, 40), (160, 300)]
        assert pd.Timestamp(chunks[1].begins, unit="us") == days[1]["when"].min()
        assert pd.Timestamp(chunks[1].ends, unit="us") == days[1]["when"].max()
        for chunk, day in zip(chunks, days):
            a, _, kind = store.columns(chunk)
            assert a.missing == day["a"].isna().sum() and a.present == day["a"].count()
            np.testing.assert_allclose([a.mean, a.sd], [day["a"].mean(), day["a"].std(ddof=0)])
            inner = day["a"].quantile([0.25, 0.5, 0.75])
            np.testing.assert_allclose(a.quantiles[1:4], inner, atol=0.1)
            assert (
                day["a"].min() <= a.quantiles[0] < a.quantiles[1] and a.quantiles[3] < a.quantiles[4] <= day["a"].max()
            )
            shares = day["kind"].value_counts(normalize=True).to_dict()
            np.testing.assert_allclose(
                [s for _, s in kind.shares],
                [shares.get(k, 0) for k in "xyz"] + [s for k, s in shares.items() if k == "new"],
            )
        assert store.columns(chunks[1])[2].unseen == 5
        base = store.reference_columns()
        assert base[0].present == 1500 and base[0].moved == 0


def test_many_chunks_are_joined(tmp_path, monkeypatch):
    monkeypatch.setattr("ecotone.watch._run.most_chunks", lambda columns: 8)
    rng = np.random.default_rng(3)
    rows = table(500, rng)
    with made(tmp_path, by=10) as store:
        store.ingest(rows[:333])
        store.ingest(rows[333:])
        chunks = store.chunks()
        assert len(chunks) <= 9 and sum(c.rows for c in chunks) == 500
        assert [c.first for c in chunks] == np.cumsum([0] + [c.rows for c in chunks])[:-1].tolist()
        assert sum(store.columns(c)[0].present for c in chunks) == 500
    with MonitorStore.open(store.path) as again:
        assert [c.rows for c in again.chunks()] == [c.rows for c in chunks]


def test_rows_that_came_before_are_not_counted_again(tmp_path):
    rng = np.random.default_rng(4)
    rows = table(100, rng)
    with made(tmp_path) as store:
        store.ingest(rows[:60], source="s", position=0, mark="m")
        found = store.ingest(rows[40:], source="s", position=40)
        assert found.rows == 40 and found.breaks[0].what == "repeated rows" and store.place("s")[0] == 100
        with pytest.raises(BadInput, match="only 100 rows came before"):
            store.ingest(rows, source="s", position=101)
        assert store.status().rows == 100 and store.breaks()[-1].what == "repeated rows"


def test_what_fails_leaves_nothing(tmp_path):
    rng = np.random.default_rng(5)
    with made(tmp_path) as store:
        store.ingest(table(50, rng))
        before = state(store)
        with pytest.raises(BadInput, match="when"), store.transaction():
            store.ingest(table(50, rng))
            store.ingest(table(50, rng).drop(columns="when"))
        assert store.status().rows == 50 and sum(c.rows for c in store.chunks()) == 50
        for a, b in zip(before, state(store)):
            np.testing.assert_array_equal(a, b)


def test_accept_and_reset(tmp_path):
    rng = np.random.default_rng(6)
    with made(tmp_path, by=500) as store:
        with pytest.raises(BadInput, match="no alarm is open"):
            store.accept()
        store.ingest(table(500, rng))
        store.ingest(table(150, rng, b=1.2))
        with pytest.raises(BadInput, match="200"):
            store.accept()
        store.reset()
        assert [e.ended for e in store.episodes()] == ["reset"] and not any(e.any() for e in state(store)[1::2])
        store.ingest(table(700, rng, b=1.2))
        taken = store.accept()
        assert taken.n > 650 and [e.ended for e in store.episodes()] == ["reset", "accept"]
        quiet = store.ingest(table(1000, rng, b=1.2))
        assert not quiet.alarms and store.status().since == 1350 and store.status().rows == 2350
        back = store.ingest(table(300, rng)).alarms[0]
        assert back.columns == ("b",) and back.row > 2350 and abs(back.since.row - 2350) < 20
    with MonitorStore.open(store.path) as again:
        old, new = again.chunks()[0], again.chunks()[-1]
        assert (old.epoch, new.epoch) == (0, 1350) and again.columns(new)[1].mean < 0.5 < again.reference_columns()[
            1
        ].mean
        assert (
            abs(again.reference_columns(0)[1].mean - REFERENCE["b"].mean()) < 1e-9
            and sum(c.rows for c in again.chunks()) == 2650
        )
        assert again.status().since == 1350 and again.episodes()[-1].number == 3


def test_thinned_rows_are_counted_in_chunks_alone(tmp_path):
    rng = np.random.default_rng(7)
    reference = table(3000, rng).assign(who=np.arange(3000) // 2)
    roles = Roles(time="when", entity="who")
    with MonitorStore.create(tmp_path / "m.duckdb", reference, roles=roles, every=2, independent=True) as store:
        rows = table(400, rng, a=3.0).assign(who=rng.integers(0, 5, 400))
        assert not store.ingest(rows[:200]).alarms
        assert store.status().evidence_rows == 5 and store.status().rows == 200
        found = store.ingest(table(100, rng, a=3.0).assign(who=np.arange(7000, 7100))).alarms[0]
        assert found.row % 2 == 0 and 200 <= found.row < 300 and sum(c.rows for c in store.chunks()) == 300
        assert store.recent(found.row)["who"].to_pylist()[0] == 7000 + found.row - 200


def test_times_that_go_back_and_silences_are_said(tmp_path):
    rng = np.random.default_rng(8)
    with made(tmp_path, by="week") as store:
        days = [table(20, rng, day=k) for k in (0, 9, 3, 10)]
        breaks = [b for d in days for b in store.ingest(d).breaks]
        assert [b.what for b in breaks] == ["gap in time", "back in time"] and breaks[1].row == 40
        assert store.status().back == 20 and [c.rows for c in store.chunks()] == [20, 60]


def test_files_that_do_not_fit(tmp_path):
    import duckdb

    with made(tmp_path) as store:
        pass
    with pytest.raises(BadInput, match="another reference"):
        MonitorStore.open(store.path, reference=REFERENCE[1:])
    with pytest.raises(BadInput, match="exists already"):
        made(tmp_path)
    with pytest.raises(BadInput, match="no such file"):
        MonitorStore.open(tmp_path / "other.duckdb")
    with pytest.raises(BadInput, match="does not exist"):
        MonitorStore.create(tmp_path / "no" / "m.duckdb", REFERENCE)
    (tmp_path / "half.duckdb").write_bytes(store.path.read_bytes()[:5000])
    with pytest.raises(BadInput, match=r"cannot be used|another version"):
        MonitorStore.open(tmp_path / "half.duckdb")
    with duckdb.connect(str(tmp_path / "empty.duckdb")) as base:
        base.execute("create table x (y int)")
    with pytest.raises(BadInput, match="holds no monitor"):
        MonitorStore.open(tmp_path / "empty.duckdb")
    with duckdb.connect(str(store.path)) as base:
        base.execute("update about set format = 'ecotone.watch/9'")
    with pytest.raises(BadInput, match=r"ecotone\.watch/9"):
        MonitorStore.open(store.path)


@pytest.mark.parametrize(
    "bad, words", [({"every": 0}, "every"), ({"by": "month"}, "by must"), ({"tolerance": 1.0}, "tolerance")]
)
def test_bad_settings(tmp_path, bad, words):
    with pytest.raises(BadInput, match=words):
        made(tmp_path, **bad)
    assert not list(tmp_path.iterdir())
    with pytest.raises(BadInput, match="name the column with time"):
        MonitorStore.create(tmp_path / "m", REFERENCE, by="day")


def test_an_alarm_after_the_beginning_has_been_let_go_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("ecotone.watch._recent.MOST", 1000)
    rng = np.random.default_rng(9)
    with made(tmp_path) as store:
        for day in range(4):
            store.ingest(table(1000, rng, day=day))
        store.ingest(table(300, rng, day=5, a=1.0))
        first = store.alarms()[0]
        assert first.columns == ("a",) and first.since.complete is True
        assert abs(first.since.row - 4000) < 30 and first.since.low > store.rows - 1300 - 1000


def test_rows_that_were_sorted_inside_a_batch_are_no_alarm_when_shuffled(tmp_path):
    rng = np.random.default_rng(10)
    batches = [table(800, rng, day=k).sort_values("a") for k in range(3)]
    alarms = {}
    for shuffle in (False, True):
        (tmp_path / str(shuffle)).mkdir()
        with made(tmp_path / str(shuffle), shuffle=shuffle, by=800) as store:
            for batch in batches:
                store.ingest(batch)
            alarms[shuffle] = len(store.alarms())
            last = store.recent(store.rows - 800)
            assert sorted(last["a"].to_pylist()) == batches[-1]["a"].tolist()
            assert (last["a"].to_pylist() == batches[-1]["a"].tolist()) is not shuffle
    assert alarms == {False: 1, True: 0}


def test_settings_of_another_version_are_said():
    held = WatchSettings(arl=1000.0).to_json()
    assert WatchSettings.of_json(held) == WatchSettings(arl=1000.0)
    with pytest.raises(BadInput, match="made by another version"):
        WatchSettings.of_json({**held, "later": 1})
