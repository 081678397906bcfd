"""Concepts that rebuild features exactly, Shapley values by enumeration, the terms of the loss by hand."""

from itertools import permutations

import numpy as np
import pytest
import torch
from networks import inside, outside, reference
from scipy.stats import ortho_group
from sklearn.covariance import empirical_covariance
from sklearn.metrics import roc_auc_score

from ecotone.contracts import Activations, BadInput
from ecotone.detect.explain import ConceptCompleteness
from ecotone.detect.explain._concept_network import ConceptLoss, ConceptNetwork, separability
from ecotone.detect.posthoc import Energy, PostHoc, ViM
from ecotone.learn import Batch, Training

D = 4
BASIS = ortho_group.rvs(D, random_state=0)
RNG = np.random.default_rng(0)
HEAD = (RNG.normal(size=(3, D)), RNG.normal(size=3))
INSIDE = Activations(features=RNG.normal(size=(150, D)) + 2 * BASIS[0], head=HEAD)
OUTSIDE = Activations(features=RNG.normal(size=(120, D)), head=HEAD)
QUICK = Training(steps=30, eval_every=30, batch_size=128, learning_rate=0.01, validation_fraction=0, device="cpu")
LINEAR = {"concepts": BASIS, "recovery": "transpose"}


def _auroc(score, a, b):
    return roc_auc_score(np.repeat([1, 0], [len(a), len(b)]), np.r_[score.score_samples(a), score.score_samples(b)])


@pytest.mark.oracle("ConceptCompleteness")
def test_an_orthonormal_basis_is_complete():
    model = ConceptCompleteness(**LINEAR).fit(INSIDE, OUTSIDE)
    told = model.explain(INSIDE, OUTSIDE)
    assert told.details["completeness"] == pytest.approx(1, abs=1e-12)
    assert told.details["auroc"] == pytest.approx(_auroc(Energy(), INSIDE, OUTSIDE))
    energy = Energy().score_samples(INSIDE)
    none = Energy().score_samples(INSIDE.replace(features=np.zeros((150, D)), logits=None))
    np.testing.assert_allclose(model.contributions(INSIDE).sum(1), energy - none, atol=1e-9)


@pytest.mark.oracle("ConceptCompleteness")
def test_shapley_values_are_means_over_all_orders():
    told = ConceptCompleteness(**LINEAR).fit(INSIDE, OUTSIDE).explain(INSIDE, OUTSIDE)

    def worth(kept):
        if not kept:
            return 0.5  # a constant score
        part = BASIS[:, list(kept)]
        cut = [a.replace(features=a.features @ part @ part.T, logits=None) for a in (INSIDE, OUTSIDE)]
        return _auroc(Energy(), *cut)

    want = np.zeros(D)
    orders = list(permutations(range(D)))
    for order in orders:
        for i, concept in enumerate(order):
            want[concept] += (worth(order[: i + 1]) - worth(order[:i])) / len(orders)
    np.testing.assert_allclose(list(told.parts.values()), want, atol=1e-12)
    assert told.total == pytest.approx(worth(range(D)) - 0.5)


@pytest.mark.oracle("ConceptCompleteness")
def test_the_networks_recovery_by_hand():
    torch.manual_seed(0)
    network = ConceptNetwork(torch.as_tensor(BASIS[:, :3] * 5), 0.2, 6, True).double()
    f = RNG.normal(size=(7, 2, D))
    unit = BASIS[:, :3]
    cosines = f @ unit / np.linalg.norm(f, axis=2, keepdims=True)
    v = np.where(cosines > 0.2, f @ unit, 0)
    v = v / (v.sum(2, keepdims=True) + 1e-3)
    want = np.maximum(v @ network.first.detach().numpy(), 0) @ network.second.detach().numpy()
    np.testing.assert_allclose(network(torch.as_tensor(f)).detach().numpy(), want, atol=1e-12)
    largest = np.take_along_axis(cosines, np.abs(cosines).argmax(1)[:, None], 1)[:, 0]
    np.testing.assert_allclose(network.seen(torch.as_tensor(f)).detach().numpy(), largest, atol=1e-12)
    nothing = network(torch.as_tensor(f), torch.zeros(3))
    assert (nothing == 0).all(), "without concepts every row is rebuilt as the same"


@pytest.mark.oracle("ConceptCompleteness")
def test_the_loss_by_hand():
    torch.manual_seed(1)
    network = ConceptNetwork(torch.randn(D, 3).double(), 0.2, 5, True).double()
    f = torch.randn(40, 1, D).double()
    label, own, kept = (
        torch.randint(3, (40,)).double(),
        (torch.arange(40) < 25).double(),
        torch.rand(40).round().double(),
    )
    wanted = torch.randn(40).double()
    weight = torch.as_tensor(HEAD[0])
    loss = ConceptLoss(lambda z: z @ weight.T, lambda z: z.sum(1), 2.0, 3.0, 0.5, 0.7, 0.9)
    found = loss(network, Batch(f, torch.stack([label, own, kept, wanted], 1), None, None))
    rebuilt, unit = network(f)[:, 0].detach(), network.unit().detach().numpy()
    z = (rebuilt @ weight.T)[:25].numpy()
    ce = np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(25), label[:25].long().numpy()])
    cosines = (f[:, 0] / f[:, 0].norm(dim=1, keepdim=True)).numpy() @ unit
    coherency = np.sort(cosines[:25], axis=0)[-10:].mean()
    off = (f[:25, 0] - rebuilt[:25]).norm(dim=1).mean()
    a, b = cosines[kept.numpy() > 0], cosines[kept.numpy() <= 0]
    scatter = len(a) * empirical_covariance(a) + len(b) * empirical_covariance(b)
    scatter += 1e-3 * np.trace(scatter) / 3 * np.eye(3)
    gap = a.mean(0) - b.mean(0)
    want = ce - 2 * coherency + 3 * (unit.T @ unit - np.eye(3)).mean() + 0.5 * float(off)
    want += 0.7 * float(((rebuilt.sum(1) - wanted) ** 2).mean()) - 0.9 * gap @ np.linalg.solve(scatter, gap)
    assert float(found.detach()) == pytest.approx(want, rel=1e-6)
    assert float(separability(f[:1, 0], f[1:, 0])) == 0, "a group of one row has no scatter"


def test_learned_concepts_keep_the_detections_of_any_differentiable_score():
    for score in (None, ViM(dim=4).fit(reference())):
        model = ConceptCompleteness(score, 4, hidden=50, training=QUICK).fit(reference()[:300], outside()[:200])
        np.testing.assert_allclose(np.linalg.norm(model.concepts_, axis=0), 1, rtol=1e-6)
        told = model.explain(inside(), outside())
        assert sum(told.parts.values()) == pytest.approx(told.total, abs=1e-9)
        assert told.details["auroc"] == pytest.approx(_auroc(score or Energy(), inside(), outside()))
        assert model.concept_scores(inside()).shape == (300, 4)
    again = ConceptCompleteness(score, 4, hidden=50, training=QUICK).fit(reference()[:300], outside()[:200])
    np.testing.assert_array_equal(again.concepts_, model.concepts_)


def test_maps_are_places_whose_average_enters_the_head():
    rng = np.random.default_rng(2)
    maps = [rng.normal(size=(60, D, 3, 2)) + shift for shift in (1.0, 0.0)]
    acts = [Activations(features=m.mean((2, 3)), layers={"last": m}, head=HEAD) for m in maps]
    whole = ConceptCompleteness(layer="last", **LINEAR).fit(*acts).explain(*acts)
    flat = ConceptCompleteness(**LINEAR).fit(*acts).explain(*acts)
    assert whole.parts == pytest.approx(flat.parts)  # averages and a linear recovery commute
    learned = ConceptCompleteness(layer="last", concepts=2, hidden=8, training=QUICK).fit(*acts)
    assert np.isfinite(learned.contributions(acts[0])).all()


def test_no_completeness_where_the_score_is_blind():
    told = ConceptCompleteness(**LINEAR).fit(INSIDE, INSIDE).explain(INSIDE, INSIDE)
    assert told.details["completeness"] is None and told.total == pytest.approx(0, abs=1e-12)


class _Rough(PostHoc):
    card = Energy.card

    def _score(self, block):
        return block.features.detach().sum(1)


def test_bad_input_is_named():
    new = ConceptCompleteness
    for settings, words in (
        ({"recovery": "none"}, "recovery"), ({"concepts": 0}, "concepts"), ({"concepts": np.eye(3)}, "concepts"),
        ({"layer": "conv"}, "conv"), ({"score": _Rough(), "training": QUICK}, "gradient"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=words):
            new(**settings).fit(INSIDE, OUTSIDE)
    with pytest.raises(BadInput, match="head"):
        new().fit(INSIDE, OUTSIDE.replace(head=None))
    with pytest.raises(BadInput, match="label"):
        new(training=QUICK).fit(INSIDE.replace(labels=np.full(150, -1)), OUTSIDE)
    with pytest.raises(BadInput, match="call fit"):
        new().concept_scores(INSIDE)
    with pytest.raises(BadInput, match="names"):
        new(**LINEAR).fit(INSIDE, OUTSIDE).explain(INSIDE, OUTSIDE, ["a"])
    with pytest.raises(BadInput, match="features"):
        new(**LINEAR).fit(INSIDE, OUTSIDE).explain(inside(), outside())
