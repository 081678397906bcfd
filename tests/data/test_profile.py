"""Profiles: what merges exactly, what merges within its error, what is kept."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ecotone.contracts import BadInput
from ecotone.data import Profile, profile, scan_batches
from ecotone.data._fast_searchsorted import fast_searchsorted
from ecotone.data._profile_hash import hash_numbers, hash_strings
from ecotone.data._profile_io import encoded
from ecotone.data._profile_sketch import KLLSketch, KMVSketch, MisraGries, Moments


def table(n: int, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    start = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    return pa.table(
        {
            "x": pa.array(rng.normal(3, 2, n), mask=rng.random(n) < 0.1),
            "big": rng.integers(2**60, 2**60 + 50, n),
            "count": rng.poisson(2, n).astype(np.int32),
            "city": pa.array(rng.choice(["Ulm", "Bonn", "Köln", ""], n, p=[0.5, 0.3, 0.15, 0.05])),
            "flag": pa.array(rng.random(n) < 0.3, mask=rng.random(n) < 0.02),
            "when": pa.array([start + dt.timedelta(minutes=int(m)) for m in rng.integers(0, 10_000, n)]),
            "id": pa.array([f"id-{seed}-{i}" for i in range(n)]),
            "none": pa.nulls(n),
        }
    )


def test_numbers_agree_with_numpy() -> None:
    t = table(5000)
    p = profile(t)
    x = t["x"].drop_null().to_numpy()
    c = p["x"]
    assert (c.rows, c.missing, c.low, c.high) == (5000, t["x"].null_count, x.min(), x.max())
    assert c.mean == pytest.approx(x.mean(), rel=1e-13)
    assert c.variance == pytest.approx(x.var(ddof=1), rel=1e-13)
    assert p["big"].low == int(t["big"].to_numpy().min()) and p["big"].distinct.count == 50
    assert dict(p["city"].frequent.top())["Ulm"] == t["city"].to_pylist().count("Ulm")
    assert not p["x"].whole and p["count"].whole
    assert p["none"].missing == 5000 and p["flag"].missing == t["flag"].null_count
    assert p["when"].low == min(t["when"].to_pylist()).timestamp() * 1e6
    assert p["id"].distinct.count == pytest.approx(5000, rel=4 / np.sqrt(510))


@pytest.mark.parametrize("offset", [0.0, 1.7e9, -1e15])
def test_variance_survives_a_large_mean(offset: float) -> None:
    x = np.random.default_rng(1).normal(size=4000).round(3) + offset
    parts = [Moments() for _ in range(4)]
    for m, piece in zip(parts, np.split(x, 4)):
        m.update(piece, float(piece.sum()))
    merged = parts[0].merge(parts[1]).merge(parts[2].merge(parts[3]))
    assert merged.variance == pytest.approx(np.var(x - offset, ddof=1), rel=1e-9)


def test_infinite_nan_and_huge_values() -> None:
    p = profile({"x": [1.0, np.inf, -np.inf, np.nan, 3.0, None], "y": [1e308, 1e308, -1e308, 1e200, 0.0, 0.0]})
    assert (p["x"].infinite, p["x"].missing, p["x"].low, p["x"].high, p["x"].mean) == (2, 2, 1.0, 3.0, 2.0)
    assert np.isnan(p["y"].mean) and p["y"].high == 1e308
    assert p.to_dict()["columns"][1]["mean"] is None


def exact_parts(p: Profile) -> list[object]:
    of_columns = [
        (c.name, c.family, c.rows, c.missing, c.infinite, c.low, c.high, c.whole, c.characters)
        + (c.moments, c.distinct.smallest.tobytes(), c.quantiles.n)
        + ((c.frequent,) if c.distinct.count <= c.frequent.k else ())
        for c in p.columns.values()
    ]
    rows = None if p.kept is None else (p.kept.priority.tobytes(), p.kept.table.to_pydict(), p.split().tobytes())
    sums = None if p.sums is None else (p.sums.n, p.sums.counts.tobytes(), p.sums.products.tobytes())
    return [p.n, of_columns, rows, sums]


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 150), min_size=3, max_size=3), st.integers(0, 5), st.integers(3, 60), st.booleans())
def test_merge_is_associative_and_commutative(sizes: list[int], seed: int, k: int, frozen: bool) -> None:
    like = profile(table(300, 99)) if frozen else None
    a, b, c = (profile(table(n, 7 * seed + i), reservoir=k, like=like) for i, n in enumerate(sizes))
    whole = a.merge(b).merge(c)
    for other in (a.merge(b.merge(c)), c.merge(b).merge(a), b.merge(a.merge(c))):
        assert exact_parts(other) == exact_parts(whole)
    assert encoded(a.merge(b)) == encoded(b.merge(a))
    assert whole.n == sum(sizes) and whole.kept is not None and len(whole.kept.priority) == min(k, sum(sizes))


def test_merge_is_the_profile_of_both() -> None:
    first, second = table(3000, 1), table(2000, 2)
    like = profile(table(1000, 3))
    both = profile(pa.concat_tables([first, second]), like=like)
    merged = profile(first, like=like).merge(profile(second, like=like))
    for one, other in zip(both.columns.values(), merged.columns.values()):
        kept = ("rows", "missing", "infinite", "low", "high", "whole", "characters")
        assert [getattr(one, f) for f in kept] == [getattr(other, f) for f in kept]
        assert one.distinct.smallest.tobytes() == other.distinct.smallest.tobytes()
        assert one.mean == pytest.approx(other.mean, rel=1e-12, nan_ok=True)
        assert one.variance == pytest.approx(other.variance, rel=1e-12, nan_ok=True)
    assert both["city"].frequent == merged["city"].frequent
    assert both.sums is not None and merged.sums is not None
    assert (both.sums.counts == merged.sums.counts).all() and (both.sums.products == merged.sums.products).all()
    x = np.sort(pa.concat_tables([first, second])["x"].drop_null().to_numpy())
    q = np.linspace(0.01, 0.99, 99)
    rank = np.searchsorted(x, merged["x"].quantiles.quantile(q)) / len(x)
    assert np.abs(rank - q).max() <= merged["x"].quantiles.error


@pytest.mark.parametrize("order", ["random", "sorted", "period 16"])
def test_quantile_error_on_long_streams(order: str) -> None:
    rng = np.random.default_rng(4)
    worst = []
    for _ in range(4):
        x = rng.normal(size=600_000)
        stream = {"random": x, "sorted": np.sort(x), "period 16": x.copy()}[order]
        if order == "period 16":
            stream = np.sort(x).reshape(16, -1).T.ravel()
        halves = [KLLSketch(), KLLSketch()]
        for i, piece in enumerate(np.array_split(stream, 12)):
            halves[i % 2].update(piece)
        sketch = halves[0].merge(halves[1])
        values, weight = sketch.weighted()
        assert weight.sum() == len(x) and len(values) < 2000
        exact = np.searchsorted(np.sort(x), values, side="right") / len(x)
        worst.append(np.abs(np.cumsum(weight) / len(x) - exact).max())
    assert max(worst) <= sketch.error
    assert max(worst) > 1e-5  # it is a sketch


def test_quantiles_of_few_values_are_exact() -> None:
    sketch = KLLSketch()
    sketch.update(np.arange(200.0))
    assert sketch.quantile(np.array([0.005, 0.5, 1.0])).tolist() == [0.0, 99.0, 199.0]
    assert sketch.error == 0.0


def test_distinct_count_is_exact_then_within_its_error() -> None:
    few, many = KMVSketch(), []
    few.update(hash_numbers(np.tile(np.arange(300.0), 100)))
    assert few.exact and few.count == 300
    for seed in range(30):
        d = KMVSketch()
        for piece in np.split(np.arange(40_000.0) + 1e6 * seed, 4):
            d.update(hash_numbers(piece))
        many.append(d.count / 40_000)
    assert abs(np.mean(many) - 1) < 4 / np.sqrt(510 * 30)
    assert 0.5 < np.std(many) * np.sqrt(510) < 1.6


def test_hashes_of_texts_do_not_collide() -> None:
    texts = sorted({f"{a}{b}" for a, b in itertools.product(range(300), range(300))} | {"", "a", "b", "ab", "ba", "aa"})
    raw = [t.encode() for t in texts]
    hashes = hash_strings(np.frombuffer(b"".join(raw), np.uint8), np.cumsum([0, *map(len, raw)]))
    assert len(set(hashes.tolist())) == len(texts)
    assert stats.kstest(hashes / 2.0**64, "uniform").pvalue > 1e-3


def test_frequent_values_within_their_error() -> None:
    rng = np.random.default_rng(5)
    draws = np.minimum(rng.zipf(1.3, 30_000), 10**7)
    parts = []
    for piece in np.split(draws, 6):
        f = MisraGries(k=50)
        values, counts = np.unique(piece, return_counts=True)
        f.update([str(v) for v in values], counts.tolist())
        parts.append(f)
    whole = parts[0]
    for f in parts[1:]:
        whole = whole.merge(f)
    true = {str(v): int(c) for v, c in zip(*np.unique(draws, return_counts=True))}
    assert 0 < whole.error <= 30_000 / 51
    for value, count in true.items():
        assert count - whole.error <= whole.counts.get(value, 0) <= count


def test_kept_rows_are_a_uniform_sample() -> None:
    n, k, cells = 20_000, 500, 20
    seen = np.zeros(cells)
    halves, together = [], 0
    for seed in range(40):
        p = profile({"x": np.arange(n)}, reservoir=k, seed=seed)
        at = p.positions()
        assert (p.frame()["x"].to_numpy() == at).all() and len(set(at)) == k
        seen += np.bincount(at * cells // n, minlength=cells)
        halves.append(p.split().sum())
        together += len(np.intersect1d(at, at + 1))
    assert stats.chisquare(seen).pvalue > 1e-3
    assert abs(np.mean(halves) - k / 2) < 4 * np.sqrt(k / 4 / 40)
    assert abs(together - 40 * k * k / n) < 4 * np.sqrt(40 * k * k / n)  # neighbours are kept independently


def test_merged_rows_come_from_both_in_proportion() -> None:
    shares = []
    for seed in range(40):
        a = profile({"x": np.zeros(6000)}, reservoir=300, seed=seed)
        b = profile({"x": np.ones(2000)}, reservoir=300, seed=seed)
        shares.append(a.merge(b).frame()["x"].to_numpy().mean())
    assert abs(np.mean(shares) - 0.25) < 4 * np.sqrt(0.25 * 0.75 / (300 * 40))


def test_the_split_travels_with_the_row() -> None:
    a, b = profile(table(700, 1), reservoir=400), profile(table(900, 2), reservoir=400)
    half = {i: bool(side) for p in (a, b) for i, side in zip(p.frame()["id"].to_pylist(), p.split())}
    both = a.merge(b)
    assert both.kept is not None and len(both.kept.priority) == 400
    assert [half[i] for i in both.frame()["id"].to_pylist()] == both.split().tolist()
    assert 0.35 < both.split().mean() < 0.65


def test_same_input_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    t = table(2000)
    assert encoded(profile(t)) == encoded(profile(t))
    assert encoded(profile(t, seed=1)) != encoded(profile(t))
    profile(t, like=profile(table(500))).save(tmp_path / "a.profile")
    Profile.load(tmp_path / "a.profile").save(tmp_path / "b.profile")
    assert (tmp_path / "a.profile").read_bytes() == (tmp_path / "b.profile").read_bytes()


def test_kept_rows_keep_types_and_values(tmp_path: Path) -> None:
    t = table(300).append_column("day", pa.array([dt.date(2024, 1, 1 + i % 28) for i in range(300)]))
    t = t.append_column("f32", pa.array(np.linspace(0, 1, 300, dtype=np.float32)))
    t = t.append_column("odd", pa.array([[1]] * 300))
    p = profile(t)
    p.save(tmp_path / "p")
    back = Profile.load(tmp_path / "p")
    assert p.left_out == back.left_out == {"odd": "list<item: int64> is only counted"}
    kept = back.frame()
    assert kept.schema == t.drop_columns(["odd"]).schema
    assert kept.equals(t.drop_columns(["odd"]).take(pa.array(back.positions())).combine_chunks())


def test_unusual_types(tmp_path: Path) -> None:
    n = 40
    t = pa.table(
        {
            "ns": pa.array(np.arange(n) * 1_000_003, pa.timestamp("ns", "Europe/Berlin")),
            "far": pa.array(range(7_000_000, 7_000_000 + n), pa.int32()).cast(pa.date32()),
            "half": pa.array(np.arange(n, dtype=np.float16)),
            "unsigned": pa.array(np.arange(n, dtype=np.uint64) + np.uint64(2**64 - 100)),
            "view": pa.array(["é", None] * 20, pa.string_view()),
            "large": pa.array(["b", "c"] * 20, pa.large_string()),
            "coded": pa.array(["b", None] * 20).dictionary_encode(),
            "numbers": pa.DictionaryArray.from_arrays(pa.array([0, None] * 20, pa.int8()), pa.array([7, 8])),
            "money": pa.array(range(n), pa.int64()).cast(pa.decimal128(22, 2)),
            "wait": pa.array(np.arange(n), pa.duration("s")),
        }
    )
    p = profile(t)
    q = profile(t, like=p)
    q.save(tmp_path / "q")
    assert Profile.load(tmp_path / "q").merge(q).n == 2 * n
    assert p["unsigned"].high == 2**64 - 61 and p["unsigned"].distinct.count == n
    assert p["money"].mean == 19.5 and p["half"].high == 39.0
    assert [p[c].missing for c in ("view", "coded", "numbers")] == [20, 20, 20]
    assert p["numbers"].frequent.counts == {"7": 20} and p["coded"].frequent.counts == {"b": 20}
    assert p["wait"].mean == 19.5 and p.frame()["wait"].type == pa.duration("s") and not p.left_out
    assert p.frame()["coded"].type == p.frame()["numbers"].type == pa.dictionary(pa.int32(), pa.string())
    assert Profile.load(tmp_path / "q").frame().equals(q.frame())
    assert p.to_frame("old").n == n and "the 40 rows it keeps" in p.to_frame("old").notes[0]
    only_dates = profile(t.select(["far"]))
    assert profile(t, like=only_dates).merge(profile(t, like=only_dates)).sums is not None


@pytest.mark.parametrize("kind", ["numeric", "mixed", "long text"])
@pytest.mark.parametrize("frozen", [False, True])
def test_fifty_columns_fit_two_megabytes(kind: str, frozen: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    n = 2500 if kind == "long text" else 6000
    columns: dict[str, object] = {f"x{j}": rng.normal(size=n) for j in range(50 if kind == "numeric" else 25)}
    if kind == "mixed":
        columns |= {f"c{j}": rng.choice([f"a level numbered {i}" for i in range(300)], n) for j in range(25)}
    if kind == "long text":
        columns |= {f"t{j}": [f"{v:.12f} " * 20 for v in rng.normal(size=n)] for j in range(25)}
    p = profile(columns, like=profile(columns) if frozen else None)
    p.save(tmp_path / "p")
    assert (tmp_path / "p").stat().st_size <= 2_000_000
    assert p.kept is not None and len(p.kept.priority) >= (100 if kind == "long text" else 1000)


def test_without_rows() -> None:
    a, b = profile(table(100), rows=False), profile(table(100, 1))
    assert a.kept is None and a.merge(b).kept is None and a.merge(b).n == 200
    with pytest.raises(BadInput, match="--no-rows"):
        a.frame()


def test_score_sums_are_those_of_the_rows() -> None:
    reference, current = table(4000, 1), table(1500, 2)
    p = profile(reference)
    q = profile(current, like=p)
    assert q.sums is not None and q.sums.cuts.id == p.cuts().id and q.sums.n == 1500
    cuts = q.sums.cuts
    assert {c for c, _ in cuts.labels} == {"x", "big", "count", "city", "flag"}
    scores = np.hstack([c.table[c.cells(current[c.name].combine_chunks())] for c in cuts.columns]) / 1024
    np.testing.assert_allclose(q.sums.mean(), scores.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(q.sums.covariance(), np.cov(scores[:, cuts.paired].T, ddof=0), atol=1e-10)
    x = current["x"].to_numpy()
    edges = cuts.columns[0].edges
    assert (
        q.sums.histogram("x")[:-1] == np.bincount(np.searchsorted(edges, x[~np.isnan(x)]), minlength=len(edges) + 1)
    ).all()
    of_itself = profile(reference, like=p).sums
    assert of_itself is not None
    linear = [i for i, (_, label) in enumerate(cuts.labels) if label in ("L1", "L2")]
    observed = 1 - reference["x"].null_count / 4000
    np.testing.assert_allclose(of_itself.mean()[linear], 0, atol=0.05)
    variance = np.diag(of_itself.covariance())[np.searchsorted(cuts.paired, linear)]
    assert variance[0] == pytest.approx(observed, abs=0.03)
    np.testing.assert_allclose(variance[2:], 1, atol=0.06)


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40, unique=True),
    st.lists(st.floats(allow_nan=False), max_size=40),
)
@settings(deadline=None, derandomize=True)
def test_places_on_the_grid_are_those_of_a_search(edges: list[float], x: list[float]) -> None:
    cut = np.unique(np.array(edges) + 0.0)
    with np.errstate(over="ignore"):
        near = np.concatenate([cut, np.nextafter(cut, np.inf), np.nextafter(cut, -np.inf), x])
    assert (fast_searchsorted(near, cut) == np.searchsorted(cut, near)).all()
    few = np.unique(np.round(np.random.default_rng(len(x)).lognormal(0, 2, 300), 2))
    many = np.concatenate([few, few + 0.005, [np.inf, -np.inf]])
    assert (fast_searchsorted(many, few) == np.searchsorted(few, many)).all()


def test_sums_with_other_cut_points_are_refused() -> None:
    one, other = profile(table(500, 1)), profile(table(500, 2))
    a, b, c = profile(table(50), like=one), profile(table(50), like=other), profile(table(50))
    with pytest.raises(BadInput, match=f"{one.cuts().id}.*{other.cuts().id}"):
        a.merge(b)
    with pytest.raises(BadInput, match=one.cuts().id):
        a.merge(c)
    assert profile(table(60), like=a).cuts().id == one.cuts().id


def test_profiles_of_other_tables_are_refused() -> None:
    with pytest.raises(BadInput, match="'y'"):
        profile({"x": [1.0]}).merge(profile({"x": [1.0], "y": [1.0]}))
    with pytest.raises(BadInput, match="'x' is double"):
        profile({"x": [1.0]}).merge(profile({"x": ["a"]}))
    with pytest.raises(BadInput, match="'x'"):
        profile({"y": [1.0]}, like=profile({"x": [1.0, 2.0]}))
    with pytest.raises(BadInput, match="'x' is string"):
        profile({"x": ["a"]}, like=profile({"x": [1.0, 2.0]}))
    assert profile({"x": [None, None]}).merge(profile({"x": ["a"]}))["x"].family == "text"


def test_all_sources_give_the_same_counts(tmp_path: Path) -> None:
    t = table(3000).drop_columns(["none", "big"])
    (tmp_path / "parts").mkdir()
    for i in range(3):
        pq.write_table(t.slice(1000 * i, 1000), tmp_path / "parts" / f"{i}.parquet", row_group_size=400)
    feather.write_feather(t, tmp_path / "t.arrow")
    with pa.OSFile(str(tmp_path / "s.ipc"), "wb") as file, pa.ipc.new_stream(file, t.schema) as stream:
        stream.write_table(t)
    pcsv.write_csv(t, tmp_path / "t.csv")
    import duckdb

    with duckdb.connect(str(tmp_path / "t.duckdb")) as base:
        base.register("v", t)
        base.execute("create table t as select * from v")
    want = profile(t)
    sources = ["parts", "parts/*.parquet", "t.arrow", "s.ipc", "t.csv", "t.duckdb", "t.duckdb::t"]
    for source in sources:
        got = profile(str(tmp_path / source))
        for name in ("x", "count", "city", "flag", "id"):
            a, b = want[name], got[name]
            assert (a.rows, a.missing, a.low, a.high) == (b.rows, b.missing, b.low, b.high), (source, name)
            assert a.distinct.smallest.tobytes() == b.distinct.smallest.tobytes(), (source, name)
        assert sum(len(batch) for batch in scan_batches(str(tmp_path / source), ["x"])) == 3000
    assert profile(t.to_pandas())["x"].missing == want["x"].missing
    assert profile(pa.RecordBatchReader.from_batches(t.schema, t.to_batches())).n == 3000


def test_csv_whose_types_change_late(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    late = 600_000
    path.write_text("a,b,c\n" + "1,2,2024-01-01\n" * late + "1.5,x,2024-01-02\n")
    p = profile(str(path))
    assert p.n == late + 1 and (p["a"].family, p["b"].family, p["c"].family) == ("number", "text", "time")
    assert p["a"].high == 1.5


@pytest.mark.parametrize(
    ("name", "content"),
    [("gone.csv", None), ("empty.csv", b""), ("bad.parquet", b"PAR1xxxx"), ("x.txt", b"a"), ("head.csv", b"a,b\n"),
     ("latin.csv", "a\nK\xf6ln\n".encode("latin-1")), ("bad.duckdb", b"no"), ("bad.arrow", b"ARROW1\0\0zz"),
     ("twice.csv", b"a,a\n1,2\n"), ("ragged.csv", b"a,b\n1,2\n3\n")],
)  # fmt: skip
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput):
        profile(str(tmp_path / name))


def test_arguments_that_cannot_be_used() -> None:
    with pytest.raises(BadInput, match="reservoir"):
        profile({"x": [1.0]}, reservoir=0)
    with pytest.raises(BadInput, match="like must be a Profile"):
        profile({"x": [1.0]}, like="old.profile")
    with pytest.raises(BadInput, match="'z'"):
        profile({"x": [1.0]}, columns=["z"])
