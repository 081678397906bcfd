"""Families of the two-table verdict, the test of conditionals, of embeddings and of many levels."""

from __future__ import annotations

import math

import numpy as np
from level_cell import Errors, rejected
from nulls import embedding, tables

from ecotone.compare import explain, two_sample
from ecotone.compare.two_sample._embedded import embedded
from ecotone.compare.two_sample._many_levels import many_levels as many_levels_test
from ecotone.compare.two_sample._repeated_numbers import numbers_as_levels as numbers_as_levels_of
from ecotone.compare.two_sample._scored_column import encode
from ecotone.compare.two_sample._scores import Design
from ecotone.decide import multiple_testing

EMBEDDING = ("normal, 40 and 80 rows of 8 numbers", "rounded, 40 and 80 rows of 8 numbers")
COUNTS = ("counts of mean 30, 500 and 400 rows", "counts of mean 30, 750 and 150 rows")
SHARES = ("500 equal shares, 300 and 300 rows", "500 levels by Zipf, 900 and 300 rows")


def marginal_test(seed: int, null: str) -> Errors:
    return rejected(two_sample.marginal_test(tables(seed, null), seed=seed).pvalue)


def pairwise_test(seed: int, null: str) -> Errors:
    return rejected(two_sample.pairwise_test(tables(seed, null), seed=seed).pvalue)


def threeway_test(seed: int, null: str) -> Errors:
    return rejected(two_sample.threeway_test(tables(seed, null), seed=seed).pvalue)


def coverage_test(seed: int, null: str) -> Errors:
    return rejected(two_sample.coverage_test(tables(seed, null), seed=seed).pvalue)


def table_energy_test(seed: int, null: str) -> Errors:
    return rejected(two_sample.table_energy_test(tables(seed, null), seed=seed).pvalue)


def trees_test(seed: int, null: str) -> Errors:
    return rejected(two_sample.trees_test(tables(seed, null), seed=seed).pvalue)


def conditional_change(seed: int, null: str) -> Errors:
    """The first column's p-value."""
    return rejected(explain.conditional_change(tables(seed, null), seed=seed)[0].pvalue)


def conditional_change_of_any(seed: int, null: str) -> Errors:
    """Whether any column is named after Holm's adjustment, as in a report."""
    found = [c.pvalue for c in explain.conditional_change(tables(seed, null), seed=seed)]
    return rejected(float(multiple_testing.holm(np.array(found)).min()))


def embedding_test(seed: int, null: str) -> Errors:
    design = Design(embedding(seed, null), 0.04, seed)
    return rejected(math.exp(embedded(design, "e_", design.blocks["e_"]).logp))


def many_levels(seed: int, null: str) -> Errors:
    rng = np.random.default_rng([seed, 11])
    zipf, n, m = (0.0, 300, 300) if null == SHARES[0] else (1.2, 900, 300)
    weights = 1 / np.arange(1, 501) ** zipf
    counts = np.stack([rng.multinomial(size, weights / weights.sum()) for size in (n, m)])
    return rejected(math.exp(many_levels_test(counts).logp))


def numbers_as_levels(seed: int, null: str) -> Errors:
    """Counts that repeat, whose values are tested as levels."""
    values = np.random.default_rng([seed, 20]).poisson(30, 900).astype(float)
    first = 500 if null == COUNTS[0] else 750
    found = numbers_as_levels_of(encode("k", "count", values, first), values, first)
    assert found is not None
    return rejected(math.exp(many_levels_test(found.counts).logp))
