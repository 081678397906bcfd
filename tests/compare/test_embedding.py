"""An embedding is tested as one thing: by distances, a linear classifier, its coordinates and their products."""

import math

import numpy as np
import pytest
from chance import most

from ecotone.compare.two_sample import dependence, two_tables
from ecotone.compare.two_sample._embedded import PARTS, embedded
from ecotone.compare.two_sample._linear import direction
from ecotone.compare.two_sample._scores import Design
from ecotone.compare.two_sample._whitened import shrunk, whitened
from ecotone.data import Column, Pair, Table


def make(x, y, units=None):
    names = tuple(f"e_{j}" for j in range(x.shape[1]))
    sides = [Table({k: Column(k, "numeric", v) for k, v in zip(names, z.T)}, len(z)) for z in (x, y)]
    return Pair(sides[0], sides[1], embeddings={"e_": names}, units=units)


def found(pair, seed=0):
    design = Design(pair, 0.04, seed)
    return embedded(design, "e_", design.blocks["e_"])


def normal(seed, n, d, m=None):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((m or n, d))


def test_the_level_holds():
    p = np.array([found(make(*normal(k, 40, 8, 80)), k).logp for k in range(150)])
    assert (p <= math.log(0.05)).sum() <= most(150, 0.05)  # measured in benchmarks/levels, embedding_test
    assert (p <= math.log(0.3)).mean() >= 0.08  # it is a test at all


def test_rows_of_one_unit_count_once():
    rejected = 0
    for k in range(60):
        rng = np.random.default_rng(k)
        x, y = (np.repeat(rng.standard_normal((40, 6)), 4, 0) + 0.3 * rng.standard_normal((160, 6)) for _ in "ab")
        units = np.arange(160) // 4, np.arange(160) // 4
        rejected += found(make(x, y, units), k).logp <= math.log(0.05)
    assert rejected <= most(60, 0.05)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("kernel", lambda y: y + 0.9 / math.sqrt(200)),
        ("classifier", lambda y: y + 1.2 / math.sqrt(200)),
        ("coordinates", lambda y: np.column_stack([y[:, 0] + 0.45, y[:, 1:]])),
        ("products", lambda y: np.column_stack([0.8 * y[:, 1] + 0.6 * y[:, 0], y[:, 1:]])),
    ],
)
def test_each_part_sees_its_change(part, change):
    x, y = normal(1, 400, 200)
    seen = found(make(x, change(y)))
    assert seen.parts[part] <= math.log(0.002) and seen.logp <= seen.parts[part] - math.log(PARTS[part]) + 1e-9
    assert found(make(x, y)).logp > math.log(0.05)


def test_the_effect_is_what_a_classifier_reaches_on_new_rows():
    x, y = normal(2, 2000, 5)
    seen = found(make(x, y + 0.5))
    truth = 0.5 * math.erfc(-0.5 * math.sqrt(5) / 2)  # of the best linear one
    assert abs(seen.auc[0] - truth) < 3 * seen.auc[1] + 0.005
    assert f"AUC {seen.auc[0]:.2f}".replace("0.", ".") in seen.words()
    chance = found(make(x, y))
    assert abs(chance.auc[0] - 0.5) < 4 * chance.auc[1] and "does not tell the tables apart" in chance.words()


def test_a_discriminant_reads_one_coordinate_where_one_moved():
    x, y = (z.astype(np.float32) for z in normal(3, 500, 300))
    y[:, 7] += 0.6
    weights = direction(x, y)
    assert weights[7] > 0 and (weights != 0).sum() < 10
    x, y = (z.astype(np.float32) for z in normal(3, 500, 300))
    assert (direction(x, y + np.float32(0.06)) != 0).all()


def test_whitening_takes_relations_out_and_knows_no_labels():
    x = np.random.default_rng(0).standard_normal((3000, 6)).astype(np.float32)
    x[:, 1] = x[:, 0] * 2 + x[:, 1]
    white = whitened(x)
    assert np.abs(np.cov(white.T) - np.eye(6)).max() < 0.05
    x[:, 2] = x[:, 0] + x[:, 1]  # no inverse
    assert np.isfinite(whitened(x)).all()
    few = np.random.default_rng(1).standard_normal((20, 100)).astype(np.float32)
    drawn = shrunk(few, np.asarray(few.T @ few / 20, np.float64))
    assert np.linalg.eigvalsh(drawn)[0] > 0.5  # twenty rows tell nothing of a hundred columns


def test_the_verdict_has_one_column_for_it_and_no_family_reads_it_by_parts():
    x, y = normal(4, 300, 20)
    pair = make(x, y + 0.5)
    seen = two_tables(pair, alpha=0.04, encoded=dependence(pair, entity=False, time=False).encoded)
    assert [(c.name, c.kind, c.width) for c in seen.columns] == [("e_", "embedding", 20)]
    assert seen.changed and seen.material and seen.columns[0].changed and seen.columns[0].material
    assert seen.columns[0].effect_name == "classifier" and seen.columns[0].interval[0] > 0.2
    ran = {f.name for f in seen.families if f.reason is None}
    assert ran == {"margins", "energy"} and seen.pairs == ()


def test_dependence_is_looked_for_in_its_columns():
    x, y = (np.cumsum(z, axis=0) for z in normal(5, 400, 5))
    assert dependence(make(x, y), entity=False, time=False).guarantee == "withdrawn"


def test_missing_values_and_tiny_tables():
    x, y = normal(6, 60, 5)
    x[::3, 2] = np.nan
    seen = found(make(x, y))
    assert seen.missing[0] == pytest.approx(1 / 15) and math.isfinite(seen.logp)
    tiny = found(make(*normal(7, 8, 5)))
    assert math.isnan(tiny.auc[0]) and tiny.logp <= 0 and tiny.words()
