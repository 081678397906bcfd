"""A check where a side is a profile without rows: same document, fewer answers, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ecotone
from ecotone.cli._main import run
from ecotone.contracts import BadInput
from ecotone.data import profile


def table(n: int, seed: int, shift: float = 0.0) -> pa.Table:
    rng = np.random.default_rng([seed, n])
    return pa.table(
        {
            "x": rng.standard_normal(n) + shift,
            "<b>y": rng.exponential(size=n),
            "city": rng.choice(["Ulm", "Bonn", "<i>Kiel"], n),
            "when": pa.array(np.arange(n) * 10**9, pa.timestamp("us")),
        }
    )


def answered(*sides: Any, **more: Any) -> dict[str, Any]:
    """The document, strictly read, less what differs from run to run."""

    def never(value: str) -> None:
        raise AssertionError(f"{value} is not JSON")

    result = ecotone.check(*sides, **more)
    shown = " ".join(str(result).split())  # a terminal breaks lines where it ends
    assert "Counts alone" in shown and "not tested" in shown and "not tested" in result._repr_html_()
    page = result.to_html()
    assert "assumes independent rows" in page and "Duplicates: not looked for" in page and "<i>Kiel" not in page
    assert "Not tested: rows outside" in result.to_html(redact=True)
    found = json.loads(result.to_json(), parse_constant=never)
    found["timing"] = None
    return dict(found)


def test_the_document_is_that_of_every_check() -> None:
    old, new = table(3000, 0), table(3000, 1, shift=0.3)
    reference = profile(old, rows=False)
    found = answered(reference, profile(new, like=reference, rows=False))
    whole = ecotone.check(old, new).to_dict()
    assert list(found) == list(whole) and found["format"] == whole["format"]
    for part in ("headline", "verdict", "budget", "data"):
        assert list(found[part]) == list(whole[part])
    assert set(whole["rows"]) < set(found["rows"]) == {*whole["rows"], "reason"}
    assert [(f["name"], f["share"]) for f in found["verdict"]["families"]] == [
        (f["name"], f["share"]) for f in whole["verdict"]["families"]
    ]
    assert found["headline"]["alarms"] == ["material", "changed"]
    assert found["headline"]["guarantee"] == found["data"]["dependence"]["guarantee"] == "assumed"
    x = next(c for c in found["columns"] if c["name"] == "x")
    assert set(x) == set(next(c for c in whole["columns"] if c["name"] == "x"))
    assert x["marginal"]["changed"] and x["marginal"]["material"] and x["role"] == "moved"
    assert x["conditional"]["pvalue"] is None and "needs rows" in x["conditional"]["reason"]
    assert "untested" in {c["role"] for c in found["columns"]}
    assert sum("counts alone" in note for note in found["data"]["notes"]) == 1
    assert found["rows"]["raised"] is False and "needs rows" in found["rows"]["reason"]


def test_any_side_may_lack_rows_or_labels() -> None:
    old, new = table(9000, 2), table(6000, 3, shift=0.15)
    reference = profile(old, rows=False)
    current = profile(new, like=reference, rows=False)
    both = answered(reference, current)
    assert answered(reference, new) == both | {"data": both["data"]}
    one = answered(old, profile(new, rows=False))
    assert one["headline"]["alarms"] == both["headline"]["alarms"]
    kept = answered(reference, profile(new))  # with rows, but no counts on these cut points
    assert kept["data"]["current"] | {"sources": 0} == {"rows_read": 6000, "rows_kept": 5000, "sources": 0}
    assert any("on the 5000 rows it keeps" in note for note in kept["data"]["notes"])
    unlabelled = new.drop_columns(["city"])
    for side in (unlabelled, profile(unlabelled, like=reference, rows=False)):
        found = answered(reference, side)
        reasons = {c["name"]: c.get("reason", "") for c in found["columns"] if c["role"] == "untested"}
        assert "only in the reference" in reasons["city"] and found["verdict"]["changed"]


def test_parts_merge_into_the_whole() -> None:
    old, new = table(4000, 4), table(5000, 5, shift=0.1)
    reference = profile(old, rows=False)
    parts = [profile(new.slice(at, 2500), like=reference, rows=False) for at in (0, 2500)]
    merged, whole = parts[0].merge(parts[1]), profile(new, like=reference, rows=False)
    one, other = answered(reference, merged), answered(reference, whole)
    facts = []
    for document in (one, other):  # quantiles merge within the sketch's error, means but for their last digits
        columns = document.pop("quality")["columns"]
        facts.append({c["name"]: c["current"] | {"median": 0, "mean": 0} for c in columns})
        for column in document["columns"]:
            column["movement"], column["sentence"] = None, ""
    assert one == other and facts[0] == facts[1]
    alone = profile(new.slice(0, 2500), rows=False).merge(profile(new.slice(2500), rows=False))
    assert alone.sums is None and alone.n == 5000  # cut points of the parts are not those of the whole
    again = profile(new, like=alone, rows=False)
    assert answered(again, profile(old, like=again, rows=False))["verdict"]["changed"]


def test_a_stream_is_read_once() -> None:
    t = table(500, 6)
    stream = pa.RecordBatchReader.from_batches(t.schema, t.to_batches())
    assert profile(stream, rows=False).sums is None
    assert profile(t, rows=False).sums is not None and profile(t).sums is None


def test_what_needs_rows_is_refused() -> None:
    t = table(400, 7)
    bare = profile(t, rows=False)
    for asked in ({"entity": "city"}, {"time": "when"}, {"groups": "city"}, {"target": "city"}):
        with pytest.raises(BadInput, match=f"^{next(iter(asked))} needs rows.*current.*without --no-rows"):
            ecotone.check(t, bare, **asked)
    with pytest.raises(BadInput, match="model needs rows"):
        ecotone.check(bare, t, target="city", model=object())
    with pytest.raises(BadInput, match=r"again with ecotone profile SOURCE -o current\.profile --like reference"):
        ecotone.check(bare, profile(table(400, 8), rows=False))
    with pytest.raises(BadInput, match="no counts between cut points; make them with ecotone profile SOURCE"):
        ecotone.check(bare.merge(profile(table(400, 9), rows=False)), t)
    with pytest.raises(BadInput, match=r"^current .* --like current\.profile --no-rows$"):
        ecotone.check(t, bare.merge(profile(table(400, 9), rows=False)))
    with pytest.raises(BadInput, match="columns: 'z' is not in the reference"):
        ecotone.check(bare, t, columns=["z"])
    with pytest.raises(BadInput, match="no column is left"):
        ecotone.check(bare, t, ignore=["x", "<b>y", "city", "when"])
    with pytest.raises(BadInput, match="no column that the reference has cut"):
        ecotone.check(bare, {"other": [1.0, 2.0]})
    with pytest.raises(BadInput, match="'x' is string, but number"):
        ecotone.check(bare, {"x": ["a", "b"]})
    with pytest.raises(BadInput, match="holds no rows"):
        ecotone.check(bare, t).save(rows="rows.parquet")


def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for name, t in (("a", table(2000, 10)), ("b", table(2000, 11, 0.3)), ("like", table(2000, 12))):
        pq.write_table(t, f"{name}.parquet")
    assert run(["profile", "a.parquet", "-o", "a.profile", "--no-rows"]) == 0
    assert "no rows, counted in a second pass" in capfd.readouterr().out
    for name in ("b", "like"):
        assert run(["profile", f"{name}.parquet", "-o", f"{name}.profile", "--like", "a.profile", "--no-rows"]) == 0
    line = ["--quiet", "--json", "o.json", "--report", "o.html"]
    assert run(["check", "a.profile", "b.profile", *line]) == 1
    assert json.loads(Path("o.json").read_text())["headline"]["alarms"] == ["material", "changed"]
    assert "o.html" in {p.name for p in tmp_path.iterdir()}
    assert run(["check", "a.profile", "like.profile", *line]) == 0
    assert run(["check", "a.profile", "like.parquet", *line]) == 0
    assert run(["check", "a.profile", "b.profile", "--rows", "r.parquet"]) == 2
    assert run(["profile", "b.parquet", "-o", "own.profile", "--no-rows"]) == 0
    assert run(["merge", "a.profile", "own.profile", "-o", "whole.profile"]) == 0
    assert "no counts: for a check profile the parts again with --like whole.profile" in capfd.readouterr().out
    assert run(["check", "b.profile", "a.profile", "--entity", "city"]) == 2
    assert "entity needs rows" in capfd.readouterr().err and not Path("r.parquet").exists()


def test_a_column_that_lost_all_its_values_is_tested_as_missing() -> None:
    reference = profile(table(300, 13), rows=False)
    for lost, kind in (("city", pa.null()), ("x", pa.null()), ("x", pa.float64())):
        new = table(300, 14)
        new = new.set_column(new.column_names.index(lost), lost, pa.nulls(300, kind))
        found = answered(reference, profile(new, like=reference, rows=False))
        assert found["data"]["types"][f"{lost} [missing]"] == "boolean" and "material" in found["headline"]["alarms"]


def test_columns_are_drawn_as_their_rows_would_be() -> None:
    old, new = table(8000, 15), table(8000, 16, shift=0.4)
    reference = profile(old, rows=False)
    drawn = ecotone.check(reference, new).pictures["columns"]["x"]
    edges = np.asarray(drawn["edges"])
    for side, rows in (("reference", old), ("current", new)):
        shares = np.histogram(rows["x"].to_numpy(), edges)[0] / 8000
        assert np.abs(np.asarray(drawn[side]) - shares).max() < 0.004  # cells hold 1/256 of the rows


def test_counts_tell_means_medians_and_shares() -> None:
    rng = np.random.default_rng(8)
    draw = lambda m, p: pa.table({"x": rng.normal(m, 1, 3000), "c": rng.choice(["a", "b", "c"], 3000, p=p)})  # noqa: E731
    reference = profile(draw(5, [0.5, 0.3, 0.2]), rows=False)
    found = answered(reference, profile(draw(7, [0.3, 0.3, 0.4]), like=reference, rows=False))
    told = {c["name"]: c["sentence"] for c in found["columns"]}
    assert told["x"].startswith("mean 4.99 → 6.99, median about 4.9")
    assert told["c"] == "c 20 % → 41 %; a 49 % → 30 %"
