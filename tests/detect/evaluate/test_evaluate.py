import numpy as np
import pytest
from networks import foreign, inside, outside, passed, reference, rows
from sklearn import metrics

from ecotone.contracts import BadInput
from ecotone.detect.evaluate import (
    digest,
    evaluate_ood,
    hashed_split,
    ood_metrics,
    read_image_list,
    read_openood,
    write_image_list,
)
from ecotone.detect.posthoc import Energy, ViM


def _two(seed, ties):
    g = np.random.default_rng(seed)
    a, b = g.normal(1, 1, 400), g.normal(0, 1, 300)
    return (a.round(1), b.round(1)) if ties else (a, b)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_figures_are_scikit_learns(ties, level):
    a, b = _two(0, ties)
    scores, outer = np.r_[a, b], np.r_[np.zeros(len(a)), np.ones(len(b))]
    found = ood_metrics(a, b, level=level)
    fpr, tpr, _ = metrics.roc_curve(outer, -scores, drop_intermediate=False)
    assert found.auroc == pytest.approx(metrics.roc_auc_score(outer, -scores), abs=1e-12)
    assert found.fpr_outside_positive == pytest.approx(fpr[np.argmax(tpr >= level)], abs=1e-12)
    fpr, tpr, _ = metrics.roc_curve(1 - outer, scores, drop_intermediate=False)
    assert found.fpr_inside_positive == pytest.approx(fpr[np.argmax(tpr >= level)], abs=1e-12)
    for ours, positive, sign in ((found.aupr_out, outer, -1), (found.aupr_in, 1 - outer, 1)):
        precision, recall, _ = metrics.precision_recall_curve(positive, sign * scores)
        assert ours == pytest.approx(metrics.auc(recall, precision), abs=1e-12)


def test_the_two_false_positive_rates_differ_and_swap():
    a, b = _two(1, False)
    found, swapped = ood_metrics(a, b), ood_metrics(-b, -a)
    assert abs(found.fpr_outside_positive - found.fpr_inside_positive) > 0.005
    assert found.fpr_outside_positive == pytest.approx(swapped.fpr_inside_positive)


def test_bootstrap_interval_covers():
    """The AUROC of two normal laws a standard deviation apart is Phi(1 / sqrt 2)."""
    covered = [
        low <= 0.76025 <= high
        for seed in range(60)
        for low, high in [ood_metrics(*_two(seed, False), bootstrap=100, confidence=0.9).intervals["auroc"]]
    ]
    assert 0.75 < np.mean(covered) < 0.99  # .9 +- 4 standard errors of 60


def test_protocols():
    detector = ViM().fit(reference())
    between = passed(foreign(100, 9) * 0.6)
    blurred = passed(rows(100, 5)[0] + 0.8)
    table = evaluate_ood(detector, inside(), near={"between": between}, far={"away": outside()})
    one = ood_metrics(detector.score_samples(inside()), detector.score_samples(outside()))
    assert table.sets["away"] == one and table.mean("far")["auroc"] == one.auroc
    assert table.accuracy == pytest.approx((inside().logits.argmax(1) == inside().labels).mean())
    full = evaluate_ood(detector, inside(), near={"between": between}, far={"away": outside()}, shifted={"b": blurred})
    assert full.spectrum == "full" and full.sets["away"].sizes == (len(inside()) + 100, len(outside()))
    assert full.mean("near")["auroc"] < table.mean("near")["auroc"]  # shifted rows look less typical
    with pytest.raises(BadInput, match="different names"):
        evaluate_ood(detector, inside(), near={"a": outside()}, far={"a": outside()})


def test_openood_table_round_trip(tmp_path):
    table = evaluate_ood(Energy(), inside(), near={"tin": outside()}, far={"mnist": outside(), "noise": inside()})
    table.to_openood(tmp_path / "ood.csv")
    lines = (tmp_path / "ood.csv").read_text().splitlines()
    assert lines[0] == "dataset,FPR@95,AUROC,AUPR_IN,AUPR_OUT,ACC"
    assert [line.split(",")[0] for line in lines[1:]] == ["tin", "nearood", "mnist", "noise", "farood"]
    again = read_openood(tmp_path / "ood.csv")
    assert again.groups == table.groups and again.accuracy == pytest.approx(table.accuracy, abs=5e-5)
    for figure in ("auroc", "aupr_in", "aupr_out", "fpr_outside_positive"):
        assert again.mean("far")[figure] == pytest.approx(table.mean("far")[figure], abs=1e-4)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="dataset"):
        read_openood(tmp_path / "other.csv")


def test_image_lists(tmp_path):
    write_image_list(tmp_path / "list.txt", ["test/a b.png", "test/c.png"], [3, -1])
    found = read_image_list(tmp_path / "list.txt", "data")
    assert [p.as_posix() for p in found.paths] == ["data/test/a b.png", "data/test/c.png"]
    assert found.labels.tolist() == [3, -1]
    (tmp_path / "bad.txt").write_text("a.png 1\nb.png one\n")
    with pytest.raises(BadInput, match="line 2"):
        read_image_list(tmp_path / "bad.txt")


def test_a_split_depends_on_the_key_alone():
    names = [f"{i}.png" for i in range(4000)]
    parts = hashed_split(names, {"fit": 0.6, "calibration": 0.3})
    assert abs(len(parts["fit"]) - 2400) < 130 and abs(len(parts["calibration"]) - 1200) < 130
    order = np.random.default_rng(0).permutation(4000)
    again = hashed_split([names[i] for i in order], {"fit": 0.6, "calibration": 0.3})
    assert sorted(order[again["fit"]]) == parts["fit"].tolist()
    assert set(hashed_split(names, {"fit": 0.6}, salt="x")["fit"]) != set(parts["fit"])
    images = np.zeros((3, 2, 2), np.uint8)
    images[1] = 1
    same = hashed_split(list(images), {"a": 0.5, "b": 0.5})
    assert any({0, 2} <= set(rows.tolist()) for rows in same.values())
    assert digest(names) == digest(list(names)) != digest(names[::-1])
    with pytest.raises(BadInput, match="shares"):
        hashed_split(names, {"a": 0.8, "b": 0.4})


@pytest.mark.parametrize("bad", [[], [np.nan, 1.0], [[1.0]]])
def test_scores_are_checked(bad):
    with pytest.raises(BadInput, match="outside"):
        ood_metrics([1.0], bad)
