"""A comparison within strata: shares that moved alarm no more, what moved within them does, and it is said."""

import json

import numpy as np
import pandas as pd
import pytest

import ecotone
from ecotone.cli._main import run


def season(seed, peak, n=3000, hotter=0.0):
    """Rentals by month: warm months have more, in every year alike."""
    rng = np.random.default_rng(seed)
    share = 0.04 + np.exp(-(((np.arange(12) - peak + 6) % 12 - 6.0) ** 2) / 8)
    month = rng.choice(12, n, p=share / share.sum())
    temperature = 12 - 9 * np.cos(month * np.pi / 6) + 3 * rng.normal(size=n)
    count = rng.poisson(np.exp(3 + 0.04 * temperature + hotter))
    return pd.DataFrame({"month": month + 1, "temperature": temperature, "count": count})


def test_a_shift_of_strata_alone_is_no_alarm_and_a_change_within_them_is():
    winter, summer = season(0, 0), season(1, 6)
    assert "material" in ecotone.check(winter, summer).alarms
    within = ecotone.check(winter, summer, given="month")
    assert within.alarms == () and within.headline["answer"] == "no change found"
    assert within.headline["guarantee"] == "approximate"
    changed = ecotone.check(winter, season(2, 6, hotter=0.2), given=["month"])
    assert "material" in changed.alarms
    assert [c["name"] for c in changed.columns if c["marginal"]["material"]] == ["count"]


def test_text_page_and_json_say_what_was_matched():
    winter, summer = season(0, 0, 600), season(1, 6, 600)
    winter = winter[~winter["month"].isin([6, 7, 8])]
    found = ecotone.check(winter, summer, given="month")
    rows = int(summer["month"].isin([6, 7, 8]).sum())
    given = found.data["given"]
    assert given["columns"] == ["month"] and given["strata"] == 9
    assert given["matched"]["current"] == found.data["current"]["rows_kept"]
    assert given["left_out"][0]["rows"] == rows and given["left_out"][0]["table"] == "current"
    said = f"month 6, 7, 8: in current only, {rows} rows not compared"
    assert said in given["sentences"] and said in " ".join(found.text(verbose=True).split()) and said in found.to_html()
    assert "month 6" not in found.to_html(redact=True)
    assert "month" not in {c["name"] for c in found.columns}
    assert ecotone.check(winter, summer).data["given"] is None


def test_too_few_matched_rows_cannot_tell():
    winter, summer = season(0, 0, 600), season(1, 6, 600)
    summer = summer[(summer["month"] > 4) | (np.arange(600) < 40)]
    found = ecotone.check(winter[winter["month"] < 4], summer, given="month")
    assert found.headline["answer"] == "cannot tell" and "at equal month" in found.headline["sentence"]


def test_independent_rows_sorted_by_what_is_given_keep_the_guarantee():
    winter, summer = season(0, 0).sort_values("month"), season(1, 6).sort_values("month")
    assert ecotone.check(winter, summer, given="month").headline["guarantee"] == "approximate"


@pytest.mark.parametrize("options", [{}, {"seed": 3}])
def test_a_seed_draws_the_same_rows(options):
    tables = season(0, 0, 400), season(1, 6, 400)
    a, b = (ecotone.check(*tables, given="month", **options).to_dict() for _ in range(2))
    assert a["verdict"] == b["verdict"] and a["data"] == b["data"]


def test_the_command_takes_names_with_commas(tmp_path):
    for name, table in (("w", season(0, 0, 500)), ("s", season(1, 6, 500))):
        table.assign(when=pd.to_datetime({"year": 2020, "month": table["month"], "day": 3})).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    files = [str(tmp_path / f"{name}.csv") for name in "ws"]
    out = tmp_path / "a.json"
    assert run(["check", *files, "--ignore", "month", "--given", "when:month,quarter", "--json", str(out)]) == 0
    assert json.loads(out.read_text())["data"]["given"]["columns"] == ["when:month", "quarter"]
    assert run(["check", *files, "--given", "when:season"]) == 2
