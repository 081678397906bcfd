"""An embedding in a whole check: one column of its own, one line each, and its columns in nothing else."""

import json

import numpy as np
import pandas as pd
import pytest

import ecotone
from ecotone.cli._main import run
from ecotone.contracts import BadInput
from ecotone.data import profile


def table(seed, shift=0.0, price=0.0, n=300, d=16):
    rng = np.random.default_rng(seed)
    made = pd.DataFrame(rng.standard_normal((n, d)) + shift, columns=[f"e_{j}" for j in range(d)])
    return made.assign(price=rng.normal(size=n) + price, city=rng.choice(list("abc"), n))


@pytest.fixture(scope="module")
def moved():
    return ecotone.check(table(0), table(1, shift=0.3), embedding="e_")


def test_one_entry_stands_for_all_of_its_columns(moved):
    assert {c["name"]: c["kind"] for c in moved.columns} == {"e_": "embedding", "price": "numeric", "city": "category"}
    entry = next(c for c in moved.columns if c["name"] == "e_")
    assert entry["columns"] == 16 and entry["marginal"]["material"] and entry["role"] == "moved"
    low, high = entry["marginal"]["interval"]
    assert 0 < low < entry["marginal"]["effect"] < high <= 0.5
    assert entry["sentence"].startswith("a linear classifier tells the tables apart with AUC .")
    psi = next(c for c in moved.to_dict()["columns"] if c["name"] == "e_")["marginal"]["psi"]
    assert psi == {"value": None, "note": "not defined for an embedding"}
    assert "minimum effect: e_." in moved.headline["sentence"]


def test_its_columns_are_in_one_line_everywhere(moved):
    document = moved.to_dict()
    assert document["data"]["types"] == {"e_": "embedding", "price": "numeric", "city": "category"}
    assert [(e["name"], len(e["columns"])) for e in document["data"]["embeddings"]] == [("e_", 16)]
    assert {c["name"] for c in document["quality"]["columns"]} == {"price", "city"}
    assert document["schema"]["compared"] == document["schema"]["columns"] == 18
    assert not any("e_" in column for p in document["verdict"]["pairs"] for column in p["columns"])
    text = moved.text(verbose=True)
    assert "16 of them as one (embedding e_)" in " ".join(text.split()) and "AUC ." in text
    assert ": 16 columns, compared as one" in moved.to_html()
    assert "AUC ." in moved.to_html(redact=True)
    assert moved.columns_frame().shape[0] == 3


def test_an_effect_that_is_not_known_is_no_number_in_a_cell():
    found = ecotone.check(table(0, n=14), table(1, shift=5.0, n=14), embedding="e_")
    marginal = next(c for c in found.columns if c["name"] == "e_")["marginal"]
    assert marginal["changed"] and marginal["effect"] is None
    assert "nan" not in found._repr_html_() + found.text(verbose=True) + found.to_html()


def test_what_moved_beside_it_is_still_named():
    found = ecotone.check(table(0), table(1, price=0.8), embedding=["e_"])
    assert [c["name"] for c in found.columns if c["marginal"]["changed"]] == ["price"]


def test_a_table_of_nothing_else():
    only = [f"e_{j}" for j in range(16)]
    same, other = (ecotone.check(table(0)[only], table(1, s)[only], embedding="e_") for s in (0.0, 0.3))
    assert same.headline["answer"] == "no change found" and same.to_html() and same.text()
    assert "material" in other.alarms and [c["name"] for c in other.columns] == ["e_"]


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("emb_", "no numeric column that is compared begins with 'emb_'.*did you mean 'e_'"),
        ("price", "only 'price' begins with 'price'"),
        ("", "begins every name"),
        (["e_", "e_1"], "begins with 'e_' and 'e_1'"),
        (["city"], "no numeric column"),
    ],
)
def test_prefixes_that_make_no_embedding(prefix, words):
    with pytest.raises(BadInput, match=words):
        ecotone.check(table(0), table(1), embedding=prefix)


def test_the_command_repeats_it(tmp_path):
    made = table(0), table(1)
    for name, side in zip("ab", made):
        side.rename(columns={f"e_{j}": f"img.{j}" for j in range(8)}).to_parquet(tmp_path / f"{name}.parquet")
    out = tmp_path / "c.json"
    files = [str(tmp_path / f"{name}.parquet") for name in "ab"]
    assert run(["check", *files, "--embedding", "e_", "--embedding", "img.", "--json", str(out)]) == 0
    assert {e["name"]: len(e["columns"]) for e in json.loads(out.read_text())["data"]["embeddings"]} == {
        "e_": 8, "img.": 8,
    }  # fmt: skip
    assert run(["check", *files, "--embedding", "x_"]) == 2


def test_counts_alone_refuse_it():
    with pytest.raises(BadInput, match="embedding needs rows"):
        ecotone.check(profile(table(0), rows=False), table(1), embedding="e_")
