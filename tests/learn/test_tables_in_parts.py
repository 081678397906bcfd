"""A table model's verbs on engines: the same rows, whoever works on them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ecotone.cli._main import run
from ecotone.contracts import BadInput
from ecotone.data import read_table
from ecotone.data.engines import Engine, open_engine
from ecotone.learn import TableModel, Training
from ecotone.learn.tables import MaskedPerceptron, _in_parts, impute_in_parts, log_prob_in_parts, sample_in_parts

ROWS = 2 * _in_parts.BLOCK + 100


@pytest.fixture(scope="module")
def table() -> pa.Table:
    rng = np.random.default_rng(0)
    city = rng.choice(["Ulm", "Bonn", "Kiel"], ROWS)
    rent = np.where(city == "Ulm", 9.0, 12.0) + rng.normal(size=ROWS)
    late = np.arange(ROWS) > ROWS - 50  # a column that misses values in the last block alone
    columns = {"city": pa.array(city, mask=rng.random(ROWS) < 0.1), "rent": pa.array(rent, mask=late)}
    return pa.table(columns | {"rooms": rng.poisson(2, ROWS)})


@pytest.fixture(scope="module")
def model(table: pa.Table) -> TableModel:
    return TableModel(MaskedPerceptron(width=32), training=Training(steps=40, eval_every=20)).fit(table.slice(0, 2000))


@pytest.fixture(scope="module")
def engines() -> Iterator[tuple[Engine, Engine]]:
    with open_engine("local", workers=1) as one, open_engine("local", workers=2) as two:
        yield one, two


def test_scores(model: TableModel, table: pa.Table, engines: tuple[Engine, Engine]) -> None:
    one, two = (log_prob_in_parts(model, table, engine) for engine in engines)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_allclose(one, model.log_prob(table), rtol=1e-4, atol=1e-4)


def test_samples(model: TableModel, engines: tuple[Engine, Engine]) -> None:
    given = {"rent": (8, 10)}
    one, two = (sample_in_parts(model, ROWS, engine, given=given, seed=3) for engine in engines)
    assert one.equals(two) and one.num_rows == ROWS
    alone = model.sample(ROWS, given=given, seed=3)
    same = [a == b for a, b in zip(one.column("city").to_pylist(), alone.column("city").to_pylist(), strict=True)]
    assert np.mean(same) > 0.999  # but where rounding decides between two levels
    assert sample_in_parts(model, 0, engines[0]).num_rows == 0


def test_fillings(model: TableModel, table: pa.Table, engines: tuple[Engine, Engine]) -> None:
    one, two = (impute_in_parts(model, table, engine, seed=5) for engine in engines)
    assert one.equals(two) and sum(one.column(c).null_count for c in one.column_names) == 0
    seen = table.column("city").is_valid().to_numpy()
    there = np.array(table.column("city").to_pylist(), object)
    assert (np.array(one.column("city").to_pylist(), object)[seen] == there[seen]).all()
    alone = model.impute(table, seed=5)
    for name in ("city", "rent"):
        pairs = zip(one.column(name).to_pylist(), alone.column(name).to_pylist(), strict=True)
        assert np.mean([a == b if name == "city" else abs(a - b) < 1e-2 for a, b in pairs]) > 0.999


def test_what_cannot_be_drawn_is_said_at_once(model: TableModel, engines: tuple[Engine, Engine]) -> None:
    with pytest.raises(BadInput, match="nowhere"):
        sample_in_parts(model, 10, engines[1], given={"nowhere": 1})


def test_the_commands(model: TableModel, table: pa.Table, tmp_path: Path) -> None:
    model.save(tmp_path / "m.model")
    import pyarrow.parquet as pq

    pq.write_table(table.slice(0, 9000), tmp_path / "t.parquet")
    found = {}
    for workers in ("1", "2"):
        options = ["--engine", "local", "--workers", workers, "--quiet"]
        for verb, more in (("score", ["t.parquet"]), ("impute", ["t.parquet"]), ("sample", ["-n", "9000"])):
            out = tmp_path / f"{verb}{workers}.parquet"
            arguments = [str(tmp_path / a) if a == "t.parquet" else a for a in more]
            assert run([verb, str(tmp_path / "m.model"), *arguments, "-o", str(out), *options]) == 0
            found[verb, workers] = read_table(out).arrow
    for verb in ("score", "impute", "sample"):
        assert found[verb, "1"].equals(found[verb, "2"]) and found[verb, "1"].num_rows == 9000
