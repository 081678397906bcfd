"""``ecotone fit``, ``sample``, ``score``, ``impute``: through the command line, and then ``check`` on the result."""

import numpy as np
import pandas as pd
import pytest

from ecotone.cli._main import run


def rows(n=600, seed=0):
    rng = np.random.default_rng(seed)
    sex = rng.choice(["Female", "Male"], n)
    age = rng.integers(18, 70, n)
    wage = np.exp(1 + 0.02 * age + 0.3 * rng.normal(size=n))
    return pd.DataFrame({"sex": sex, "age": age, "wage": np.where(rng.random(n) < 0.1, np.nan, wage)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("learn")
    rows().to_parquet(where / "a.parquet")
    rows(300, 1).to_csv(where / "b.csv", index=False)
    assert run(["fit", str(where / "a.parquet"), "-o", str(where / "a.model"), "--steps", "200", "--width", "48"]) == 0
    return where


def test_fit_says_what_it_learned_and_leaves_no_checkpoint(folder, capsys):
    assert run(["fit", str(folder / "a.parquet"), "-o", str(folder / "c.model"), "--steps", "20", "--width", "16"]) == 0
    said = capsys.readouterr().out
    assert "3 columns of 600 rows, 20 steps" in said and "held-out loss" in said
    assert not (folder / "c.model.checkpoint").exists()


def test_sample_given_values_ranges_and_sets(folder, capsys):
    out = folder / "s.parquet"
    given = ["--given", "sex=Female", "--given", "age=30..40", "--given", "wage=.."]
    assert run(["sample", str(folder / "a.model"), "-n", "80", *given, "-o", str(out)]) == 0
    drawn = pd.read_parquet(out)
    assert set(drawn.sex) == {"Female"} and drawn.age.between(30, 40).all() and drawn.wage.notna().all()
    assert "80 rows" in capsys.readouterr().out
    assert (
        run(["sample", str(folder / "a.model"), "-n", "20", "--given", "age={20,30}", "-o", str(folder / "s.csv")]) == 0
    )
    assert set(pd.read_csv(folder / "s.csv").age) <= {20, 30}
    assert run(["sample", str(folder / "a.model"), "-n", "20", "--given", "wage=", "-o", str(folder / "s.arrow")]) == 0
    assert pd.read_feather(folder / "s.arrow").wage.isna().all()


def test_score_and_impute(folder, capsys):
    assert run(["score", str(folder / "a.model"), str(folder / "b.csv"), "-o", str(folder / "score.parquet")]) == 0
    found = pd.read_parquet(folder / "score.parquet")
    assert list(found) == ["row", "log_prob", "pvalue"] and len(found) == 300
    assert found.pvalue.between(0, 1, inclusive="right").all() and (found.pvalue <= 0.05).mean() < 0.15
    assert "300 rows: mean log-density" in capsys.readouterr().out
    assert run(["impute", str(folder / "a.model"), str(folder / "b.csv"), "-o", str(folder / "full.csv")]) == 0
    full, holes = pd.read_csv(folder / "full.csv"), rows(300, 1)
    assert full.notna().all().all() and np.allclose(full.wage[holes.wage.notna()], holes.wage.dropna())
    assert f"{holes.wage.isna().sum()} of {holes.wage.isna().sum()} missing values filled" in capsys.readouterr().out


def test_check_on_synthetic_rows(folder):
    assert run(["sample", str(folder / "a.model"), "-n", "600", "-o", str(folder / "synthetic.parquet")]) == 0
    code = run(
        ["check", str(folder / "b.csv"), str(folder / "synthetic.parquet"), "--json", str(folder / "check.json")]
    )
    assert code in (0, 1) and (folder / "check.json").exists()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["sample", "a.model", "-o", "s.txt"], "ends in .parquet"),
        (["sample", "a.model", "-o", "s.csv", "--given", "sex"], "COLUMN=VALUE"),
        (["sample", "a.model", "-o", "s.csv", "--given", "sex=Female", "--given", "sex=Male"], "twice"),
        (["sample", "a.model", "-o", "s.csv", "--given", "sex=Other"], "'Other' was never seen"),
        (["sample", "a.model", "-o", "s.csv", "--given", "age=200..300"], "excludes every row"),
        (["sample", "a.model", "-o", "s.csv", "-n", "-3"], "n must be"),
        (["sample", "a.parquet", "-o", "s.csv"], "not a usable model"),
        (["score", "none.model", "b.csv"], "none.model"),
        (["fit", "a.parquet", "-o", "x.model", "--columns", "height"], "'height' is not in the table"),
        (["fit", "a.parquet", "-o", "x.model", "--ignore", "age,height"], "'height' is not in the table"),
        (["fit", "a.parquet", "-o", "x.model", "--steps", "0"], "steps must be at least 1"),
        (["fit", "missing.parquet", "-o", "x.model"], "there is no file"),
        (["impute", "a.model", "b.csv", "-o", "b.csv"], "would be overwritten"),
    ],
)
def test_bad_input(folder, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(folder)
    before = sorted(p.name for p in folder.iterdir())
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1, said
    assert sorted(p.name for p in folder.iterdir()) == before, "nothing half-written"


def test_a_stopped_fit_goes_on(folder, capsys):
    out = folder / "stopped.model"
    fit = ["fit", str(folder / "a.parquet"), "-o", str(out), "--width", "16"]

    def stop(progress):
        raise KeyboardInterrupt

    import ecotone.learn.training._run as loop

    original = loop._Run._look
    try:
        loop._Run._look = lambda self, running: (original(self, running), stop(None))[0]
        assert run([*fit, "--steps", "80"]) == 130
    finally:
        loop._Run._look = original
    assert out.with_name("stopped.model.checkpoint").exists() and not out.exists()
    assert run([*fit, "--steps", "80"]) == 0 and out.exists()
    assert not out.with_name("stopped.model.checkpoint").exists()
