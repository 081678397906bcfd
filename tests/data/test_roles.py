"""Roles: identifiers that the user names, columns whose order matters, and contradictions."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import ecotone
from ecotone.contracts import BadInput
from ecotone.data import Roles, align_tables, profile, read_table
from ecotone.data._counted import counted_pair
from ecotone.data._ordinal import scale


def make(a, b, **options):
    return align_tables(read_table(a), read_table(b, name="current"), Roles.of(**options))


def test_an_identifier_by_its_role_is_set_aside_and_kept_for_entities():
    rng = np.random.default_rng(0)
    a, b = ({"shop": rng.integers(0, 40, 200), "x": rng.normal(size=200)} for _ in range(2))
    assert make(a, b).names == ("shop", "x")
    both = make(a, b, id="shop")
    assert both.names == ("x",)
    assert [(u.name, u.kind, u.reason) for u in both.untested] == [("shop", "id", "identifier, as told: not compared")]
    codes = np.concatenate([c.values for c in both.aside["shop"]])
    shops = np.concatenate([a["shop"], b["shop"]])
    assert ((codes[:, None] == codes) == (shops[:, None] == shops)).all()
    assert make(a, b, columns=["x"], id="shop").names == ("x",)


@pytest.mark.parametrize(
    ("words", "declared", "levels", "how"),
    [
        (["M", "S", "XL", "L"], (), ("S", "M", "L", "XL"), "well-known"),
        (["Feb", "Jan", "Dec"], (), ("Jan", "Feb", "Dec"), "well-known"),
        (["10-19", "<5", "5-9", "20+"], (), ("<5", "5-9", "10-19", "20+"), "numbers"),
        (["grade 10", "grade 9"], (), ("grade 9", "grade 10"), "numbers"),
        (["b", "a"], (), ("a", "b"), "alphabetical"),
        (["b", "a"], ("b", "c", "a"), ("b", "a"), "own ordered"),
        (["b", "z"], ("b", "c", "a"), ("b", "z"), "alphabetical"),  # an order that leaves a level out is none
    ],
)
def test_the_order_of_levels_and_where_it_comes_from(words, declared, levels, how):
    assert scale(words, declared)[0] == levels
    assert how in scale(words, declared)[1]


def test_ordinal_columns_are_ranks_in_both_tables():
    kind = pd.CategoricalDtype(["never", "now", "soon"], ordered=True)
    a = pd.DataFrame({"t": pd.Series(["now", None, "never", "soon"], dtype=kind), "n": [10, 11, 12, 13]})
    both = make(a, a.iloc[::-1], ordinal=["t", "n"])
    assert both.reference["t"].kind == "ordinal" and both.reference["t"].levels == ("never", "now", "soon")
    assert both.reference["t"].values[[0, 2, 3]].tolist() == [1, 0, 2] and np.isnan(both.reference["t"].values[1])
    assert any("never < now < soon" in note and "own ordered" in note for note in both.notes)


def test_two_orders_that_contradict_are_none():
    a, b = (pa.DictionaryArray.from_arrays(pa.array([0, 1]), d, ordered=True) for d in (["x", "y"], ["y", "x"]))
    assert make(pa.table({"t": a}), pa.table({"t": a}), ordinal="t").reference["t"].levels == ("x", "y")
    notes = make(pa.table({"t": a}), pa.table({"t": b}), ordinal="t").notes
    assert any("alphabetical" in note for note in notes)


def test_rising_numbers_and_dates_are_compared_where_their_order_matters():
    n = 300
    a = {"k": np.arange(n), "when": np.arange(n).astype("datetime64[D]")}
    assert make(a, a).names == ()
    both = make(a, a, ordinal=["k", "when"])
    assert both.names == ("k", "when") and both.untested == ()
    assert both.reference["when"].kind == "numeric"


def test_a_check_of_sizes_says_how_the_order_moved():
    rng = np.random.default_rng(1)
    draw = lambda p: {"size": rng.choice(["S", "M", "L", "XL"], 600, p=p), "x": rng.normal(size=600)}  # noqa: E731
    old, new = draw([0.4, 0.3, 0.2, 0.1]), draw([0.2, 0.2, 0.3, 0.3])
    result = ecotone.check(old, new, ordinal="size")
    column = result.columns[0]
    assert (column["name"], column["kind"], column["marginal"]["effect_name"]) == ("size", "ordinal", "auc")
    assert column["movement"]["median"] == ["M", "L"] and "median M → L" in column["sentence"]
    assert "XL" in result.to_html()


def test_roles_without_rows():
    rng = np.random.default_rng(2)
    old, new = ({"size": rng.choice(["S", "M", "L"], 500), "k": np.arange(500)} for _ in range(2))
    first = profile(old, rows=False)
    second = profile(new, like=first, rows=False)
    both = counted_pair(first, second, Roles.of(ordinal=["size", "k"]))
    assert [(c.name, c.kind) for c in both.columns] == [("size", "ordinal"), ("k", "numeric")]
    assert both.columns[0].levels == ("S", "M", "L")
    assert counted_pair(first, second, Roles.of(id="size")).untested[0].reason.startswith("identifier, as told")


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"id": "a", "ordinal": "a"}, "ordinal: column 'a' is also in id"),
        ({"ordinal": ["b", "a"], "ignore": ["a"]}, "ordinal: column 'a' is also in ignore"),
        ({"target": "a", "ordinal": "a"}, "ordinal: column 'a' is also in target"),
        ({"id": "a", "ignore": "a"}, "id: column 'a' is also in ignore"),
        ({"id": 3}, "id must be a column name or a list of them, got 3"),
        ({"ignore": [3]}, "ignore must hold column names, got 3"),
    ],
)
def test_contradictions(roles, words):
    with pytest.raises(BadInput, match=words):
        Roles.of(**roles)


def test_names_that_are_not_there():
    both = read_table({"price": [1.0, 2.0]}), read_table({"price": [1.0, 2.0]}, name="current")
    for role in ("id", "ordinal", "ignore"):
        with pytest.raises(BadInput, match=f"{role}: 'prices' is in neither table; did you mean 'price'"):
            align_tables(*both, Roles.of(**{role: "prices"}))
