"""A check and a look for rows outside are read and written in one way."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from from_json import made
from networks import foreign, passed, reference, rows

import ecotone
from ecotone.checkup import Result
from ecotone.checkup.outside import OutsideResult, detect_outliers
from ecotone.checkup.outside._outside_content import OutsideContent
from ecotone.checkup.outside._outside_rows import rows_outside
from ecotone.cli._main import run
from ecotone.contracts import Activations, BadInput


def _checked() -> Result:
    rng = np.random.default_rng(0)
    return ecotone.check({"x": rng.normal(size=60)}, {"x": rng.normal(size=50)})


def _looked() -> Result:
    live = passed(np.vstack([rows(80, 5)[0], foreign(20, 6)]))
    return detect_outliers(reference(), passed(*rows(100, 21)), live, scores=["Energy"])


@pytest.mark.parametrize(("made", "count"), [(_checked, 50), (_looked, 100)])
def test_every_result_is_written_in_one_way(made, count, tmp_path):
    result = made()
    assert isinstance(result, Result)
    places = {"rows": tmp_path / "r.csv", "report": tmp_path / "r.html", "json": tmp_path / "r.json"}
    result.save(**places)
    assert json.loads(places["json"].read_text()) == result.to_dict() == json.loads(result.to_json())
    assert places["report"].read_text() == result.to_html()
    assert pa.csv.read_csv(places["rows"]).num_rows == result.table().num_rows == count
    result.save(rows=tmp_path / "r.pq")
    assert pq.read_table(tmp_path / "r.pq").column_names == result.table().column_names
    with pytest.raises(BadInput, match="cannot write"):
        result.save(rows=tmp_path / "new.csv", json=tmp_path / "none" / "r.json")
    assert not (tmp_path / "new.csv").exists()
    changed = result.to_dict()
    changed.clear()
    assert result.to_dict()


def _named(inputs, parts, **entry) -> OutsideResult:
    entry = {"row": 0, "pvalue": 0.01, "predicted": 1, "compared_with": [0], "parts": parts, **entry}
    content = {"reasons": [entry], "found": {"rows": [0]}, "classes": ["CLASS0", "CLASS1"]}
    live = Activations.unchecked(logits=np.zeros((1, 2)), inputs=inputs)
    return OutsideResult(made(OutsideContent, content), {}, {}, np.zeros(1), np.zeros(1), live, live, ["ROWNAME"])


@pytest.mark.parametrize(
    ("inputs", "part", "shown"),
    [
        (["WORD in a text"], "1: WORD", "word 1"),
        (pa.table({"a": ["VALUE"], "a = b": ["VALUE"]}), "a = b = VALUE", "a = b"),
        (np.full((1, 1, 8, 8), 7, np.uint8), "row 2, column 3", "row 2, column 3"),
        (None, "feature 3", "feature 3"),
    ],
)
def test_a_redacted_card_holds_no_value_of_the_row(inputs, part, shown):
    result = _named(inputs, [{"part": part, "value": -1.0}])
    hidden = rows_outside(result, redact=True)
    assert shown in hidden and "row 0" in hidden and "class 1" in hidden
    for value in ("ROWNAME", "CLASS1", "WORD", "VALUE", "data:image"):
        assert value not in hidden, value
    whole = rows_outside(result, redact=False)
    assert "ROWNAME" in whole and "CLASS1" in whole


def test_a_redacted_card_keeps_a_reason_to_itself():
    noted = _named(None, [], note="column 'a' is NOTEVALUE")
    assert "NOTEVALUE" in rows_outside(noted, redact=False)
    hidden = rows_outside(noted, redact=True)
    assert "NOTEVALUE" not in hidden and "left out here" in hidden


def test_redact_is_about_a_report(capsys):
    for command in (["check", "a.csv", "b.csv"], ["detect", "--reference", "a.npz", "--data", "b.npz"]):
        assert run([*command, "--redact"]) == 2
        assert "give --report too" in capsys.readouterr().err
