import json

import numpy as np
import pytest
from chance import most
from networks import foreign, inside, passed, reference, rows

from ecotone.checkup.outside import detect_outliers, fit_scores
from ecotone.contracts import Activations, BadInput
from ecotone.decide.conformal import Calibrated
from ecotone.detect.posthoc import Energy, ViM


def _calibration(n=400, seed=21):
    return passed(*rows(n, seed))


def _live(share, n=300, seed=31):
    bad = round(share * n)
    return passed(np.vstack([rows(n - bad, seed)[0], foreign(bad, seed)]))


def test_rows_outside_are_named_and_explained():
    result = detect_outliers(
        reference(),
        _calibration(),
        _live(0.2),
        scores=["ViM", "Residual"],
        columns=list("abcdef"),
        classes=list("ABCD"),
    )
    assert set(range(240, 300)) <= set(result.outside) and len(result.outside) < 85
    low, high = result.content["found"]["interval"]
    assert low < 0.2 < high
    best = {score["name"]: score["worth"] for score in result.content["scores"]}
    assert result.content["recommended"] == max(best, key=best.get)
    why = result.content["reasons"][0]
    assert {part["part"] for part in why["parts"]} == set("abcdef")
    assert why["parts"][0]["part"] in "cdef"  # the columns that foreign rows move
    judge = Calibrated(ViM().fit(reference()))
    table = result.table()
    assert table.num_rows == 300 and {"score.ViM", "pvalue.Residual", "outside", "predicted"} <= set(table.column_names)
    np.testing.assert_allclose(table["score.ViM"], judge.scorer.score_samples(_live(0.2)))
    assert set(table["predicted"].to_pylist()) <= set("ABCD")
    assert "outside" in str(result) and json.loads(json.dumps(result.content, allow_nan=False))


def test_all_scores_that_the_activations_allow():
    bare = [a.replace(network=None, inputs=None, layers={}) for a in (reference(), _calibration(), _live(0.1))]
    result = detect_outliers(*bare, scores="all")
    had, not_had = {s["name"] for s in result.content["scores"]}, {s["name"] for s in result.content["unusable"]}
    assert {"Energy", "KNN", "MSP", "ViM"} <= had and "ODIN" in not_had and not had & not_had
    assert all(entry["reason"] for entry in result.content["unusable"])
    matrix = np.array(result.content["agreement"]["spearman"], dtype=float)
    np.testing.assert_allclose(matrix, matrix.T)
    logits = [Activations(logits=a.logits, labels=a.labels) for a in bare]
    assert "KNN" not in {s["name"] for s in detect_outliers(*logits, scores="all").content["scores"]}


def test_error_of_unchanged_rows():
    """On rows of the reference's law alone something is named with probability fdr at most, over calibrations."""
    found = [
        bool(detect_outliers(reference(), _calibration(200, 100 + s), _live(0.0, 100, 500 + s), scores=["ViM"]).outside)
        for s in range(60)
    ]
    assert np.sum(found) <= most(60, 0.1)  # measured in benchmarks/levels, Calibrated_select


def test_calibration_on_fitted_rows_is_labelled():
    result = detect_outliers(reference(), reference()[:300], _live(0.1), scores=["Energy"])
    assert not result.content["calibrated"] and "uncalibrated" in str(result)
    assert detect_outliers(reference(), _calibration(), _live(0.1), scores=["Energy"]).content["calibrated"]
    told = detect_outliers(reference(), _calibration(), _live(0.1), scores=["Energy"], held_out=False)
    assert not told.content["calibrated"]


def test_twins_of_discrete_rows_are_no_copies():
    """Rows of few different values are in the reference and in the calibration without being the same rows."""
    g = np.random.default_rng(0)

    def few(n):
        return Activations(logits=np.eye(3)[g.integers(0, 3, n)] * 5 - 1)

    assert detect_outliers(few(200), few(100), few(50), scores=["Energy"]).content["calibrated"]


def test_the_rows_that_choose_do_not_calibrate():
    content = detect_outliers(reference(), _calibration(400), _live(0.1), scores=["ViM", "Energy"]).content
    assert content["sizes"]["choosing"] == 80 and content["sizes"]["calibration"] == 320
    alone = detect_outliers(reference(), _calibration(400), _live(0.1), scores={"mine": ViM(dim=4)}).content
    assert alone["sizes"]["choosing"] == 0 and alone["recommended"] == "mine"


def test_the_page(tmp_path):
    result = detect_outliers(
        reference(), _calibration(), _live(0.2), scores=["ViM", "Energy"], names=[f"<i>{i}</i>" for i in range(300)]
    )
    result.save(report=tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "&lt;i&gt;" in page and "<i>" not in page and page.count('class="card"') > 20
    result.save(json=tmp_path / "doc.json")
    assert json.loads((tmp_path / "doc.json").read_text())["format"] == "ecotone.outside/1"
    quiet = detect_outliers(reference(), _calibration(), inside()[:100], scores=["Energy"])
    quiet.save(report=tmp_path / "quiet.html")
    assert "Rows named outside" in (tmp_path / "quiet.html").read_text()


def test_the_page_shows_images(tmp_path):
    from ecotone.checkup.outside._png import data_uri, is_image, png

    class Sum:
        differentiable = False

        def __call__(self, inputs, *, maps=False):
            flat = np.asarray(inputs, dtype=float).reshape(len(inputs), -1) / 255
            return Activations.unchecked(features=flat, logits=np.c_[flat.sum(1), -flat.sum(1)], network=self)

    g = np.random.default_rng(0)

    def acts(x):
        return Activations(**{k: getattr(Sum()(x), k) for k in ("features", "logits")}, inputs=x, network=Sum())

    dark = g.integers(0, 60, (500, 1, 8, 8), dtype=np.uint8)
    bright = dark[:40].copy()
    bright[:, :, 2:4, 4:6] = 255
    result = detect_outliers(
        acts(dark[:200]), acts(dark[200:400]), acts(np.vstack([dark[400:], bright])), scores=["KNN"]
    )
    assert set(range(100, 140)) <= set(result.outside)
    assert result.content["reasons"][0]["parts"][0]["part"] == "row 2, column 3"
    result.save(report=tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text().count("data:image/png;base64,") == 48
    assert is_image(bright[0]) and not is_image(np.zeros(5)) and data_uri(bright[0]).startswith("data:image/png")
    data = png(g.integers(0, 255, (7, 5, 3), dtype=np.uint8))
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[16:24] == (5).to_bytes(4, "big") + (7).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fdr": 1.0}, "fdr"),
        ({"live": 0}, "live has no rows"),
        ({"calibration": 10}, "at least 20"),
        ({"scores": "Enrgy"}, "no score is named 'Enrgy'"),
        ({"names": ["a"]}, "names has 1"),
        ({"calibration": 22, "scores": "all"}, "too few to choose"),
    ],
)
def test_bad_input(change, words):
    given = {"scores": ["Energy"]} | change
    calibration, live = _calibration(given.pop("calibration", 100)), inside()[: given.pop("live", 50)]
    with pytest.raises(BadInput, match=words):
        detect_outliers(reference(), calibration, live, **given)


def test_no_score_at_all():
    with pytest.raises(BadInput, match="no score can read"):
        fit_scores(Activations(layers={"a": np.ones((5, 2))}), scores={"e": Energy()})
