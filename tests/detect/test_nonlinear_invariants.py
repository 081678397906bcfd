"""Invariants that are linear, whose optimum is known; volumes; the score by hand; curves; several layers."""

import numpy as np
import pytest
import torch
from networks import inside, outside, reference
from scipy.stats import ortho_group
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from torch import nn

from ecotone.contracts import BadInput
from ecotone.detect.anomaly import NonlinearInvariants
from ecotone.detect.anomaly._volume_preserving import VolumePreserving, invariant_loss
from ecotone.learn import Training

RNG = np.random.default_rng(0)
TURN = ortho_group.rvs(4, random_state=1)
X = RNG.normal(size=(2000, 4)) * [2.0, 1.5, 0.3, 0.2] @ TURN
NEW = RNG.normal(size=(50, 4))
PLAIN = {"standardise": False, "neighbours": 0, "blocks": 0}
TWO = {**PLAIN, "variance": 0.01}  # two invariants: the third component crosses 99 %
QUICK = Training(steps=20, eval_every=20, batch_size=64, device="cpu")


def _minor_mahalanobis(x, k):
    """Squared distance in the k axes of least variance."""
    size, axes = np.linalg.eigh(np.cov(x.T, bias=True))
    return (((NEW - x.mean(0)) @ axes[:, :k]) ** 2 / size[:k]).sum(1)


@pytest.mark.oracle("NonlinearInvariants")
def test_rotations_learn_the_minor_components():
    training = Training(
        steps=400, eval_every=400, batch_size=256, learning_rate=0.03, validation_fraction=0, ema=0.9, device="cpu"
    )
    model = NonlinearInvariants(start="random", training=training, random_state=3, **TWO).fit(X)
    layer = model.layers_[0]
    size, axes = np.linalg.eigh(np.cov(X.T, bias=True))
    assert layer.invariants == 2
    outputs = model.invariants(layer, X)
    assert (outputs**2).mean() == pytest.approx(size[:2].mean(), rel=0.02)
    found = layer.network.rotations()[0].detach().numpy()[-2:]  # rows that make the invariants
    assert np.linalg.svd(found @ axes[:, :2], compute_uv=False).min() > 0.999
    # the basis is arbitrary: only the outputs' own Mahalanobis distance is that of the minor subspace
    second = outputs.T @ outputs / len(outputs)
    y = model.invariants(layer, NEW)
    np.testing.assert_allclose((y @ np.linalg.inv(second) * y).sum(1), _minor_mahalanobis(X, 2), rtol=0.1)


@pytest.mark.oracle("NonlinearInvariants")
def test_from_the_principal_axes_the_score_is_the_minor_distance():
    still = Training(steps=1, eval_every=1, learning_rate=1e-12, device="cpu")
    model = NonlinearInvariants(training=still, **TWO).fit(X)
    np.testing.assert_allclose(-model.score_samples(NEW), _minor_mahalanobis(X, 2), rtol=1e-5)
    coupled = NonlinearInvariants(training=still, **{**TWO, "blocks": 3}).fit(X)
    np.testing.assert_allclose(coupled.score_samples(NEW), model.score_samples(NEW), rtol=1e-5)


@pytest.mark.oracle("NonlinearInvariants")
def test_number_of_invariants_follows_the_explained_variance():
    for variance in (0.01, 0.02, 0.3, 0.5):
        model = NonlinearInvariants(variance, training=QUICK, **PLAIN).fit(X)
        share = np.sort(np.linalg.eigvalsh(np.cov(X.T)))[::-1]
        share = np.cumsum(share) / share.sum()
        q = next(i for i in range(4) if share[i] > 1 - variance)
        assert model.layers_[0].invariants == 4 - q


@pytest.mark.oracle("NonlinearInvariants")
@pytest.mark.parametrize("d", [1, 2, 5])
def test_volume_is_kept_and_the_inverse_is_one(d):
    torch.manual_seed(0)
    network = VolumePreserving(d, 3, random=True).double()
    x = torch.randn(20, d).double()
    jacobians = torch.func.vmap(torch.func.jacrev(lambda row: network(row[None])[0]))(x)
    np.testing.assert_allclose(torch.linalg.det(jacobians).abs().detach().numpy(), 1, rtol=1e-9)
    np.testing.assert_allclose(network.inverse(network(x)).detach().numpy(), x.numpy(), atol=1e-9)
    if d > 1:
        assert jacobians.std(0).max() > 1e-3, "the map is not linear"


class _Squeeze(nn.Module):
    """A linear map of determinant 1 that shrinks the second column, or the first after exchanging them."""

    def __init__(self, by, exchange):
        super().__init__()
        matrix = torch.tensor([[by, 0.0], [0.0, 1 / by]]).double()
        self.matrix = matrix[:, [1, 0]] if exchange else matrix

    def rotations(self):
        return self.matrix

    def forward(self, x, matrix):
        return x @ matrix.T

    def inverse(self, y, matrix):
        return torch.linalg.solve(matrix, y.T).T


@pytest.mark.oracle("NonlinearInvariants")
def test_rebuilding_tells_what_a_squeeze_hides():
    x = torch.as_tensor(np.random.default_rng(1).normal(size=(500, 2)) * [2.0, 0.1])
    right, wrong = (_Squeeze(1e3, exchange) for exchange in (False, True))
    for network in (right, wrong):
        assert float((network(x, network.rotations())[:, 1] ** 2).mean()) < 1e-5, (
            "the outputs alone look invariant in both"
        )
    assert float(invariant_loss(right, x, 1)) == pytest.approx(float((x[:, 1] ** 2).mean() / 2), rel=1e-3)
    assert float(invariant_loss(wrong, x, 1)) == pytest.approx(float((x[:, 0] ** 2).mean() / 2), rel=1e-3)


@pytest.mark.oracle("NonlinearInvariants")
def test_the_score_by_hand():
    model = NonlinearInvariants(training=QUICK, blocks=2, variance=0.3).fit(X)
    layer = model.layers_[0]
    scaled, new = X / X.std(0), NEW / X.std(0)
    index = NearestNeighbors(n_neighbors=3).fit(scaled)
    own = (index.kneighbors(scaled)[0][:, 1:] ** 2).sum(1).mean()  # the first neighbour is the row itself
    near = (index.kneighbors(new, 2)[0] ** 2).sum(1)
    f, level = model.invariants(layer, NEW), (model.invariants(layer, X) ** 2).mean(0)
    want = -(f**2 / level).sum(1) - layer.invariants * near / own
    np.testing.assert_allclose(model.score_samples(NEW), want, rtol=1e-9)


def test_a_curve_has_an_invariant_that_no_plane_has():
    rng = np.random.default_rng(2)

    def arc(n):
        t = rng.uniform(-1.5, 1.5, n)
        return np.column_stack([t, t**2]) + 0.05 * rng.normal(size=(n, 2))

    training = Training(
        steps=200, eval_every=200, batch_size=128, learning_rate=1e-2, ema=0.9, validation_fraction=0, device="cpu"
    )
    x, new = arc(1000), arc(300)
    rows = np.vstack([new, new + [0, 1] * rng.choice([-0.5, 0.5], (300, 1))])
    auc = []
    for blocks in (3, 0):
        model = NonlinearInvariants(0.3, blocks, 0, standardise=False, training=training).fit(x)
        assert model.layers_[0].invariants == 1
        auc.append(roc_auc_score(np.repeat([1, 0], 300), model.score_samples(rows)))
    assert auc[0] > 0.9 and auc[0] > auc[1] + 0.2, auc


def test_layers_of_a_network_add_up():
    model = NonlinearInvariants(training=QUICK).fit(reference())
    assert [layer.name for layer in model.layers_] == ["layers.0", "layers.2", "features"]
    scores = [model.score_samples(acts) for acts in (inside(), outside())]
    assert roc_auc_score(np.repeat([1, 0], 300), np.concatenate(scores)) > 0.95
    np.testing.assert_allclose(model.score_samples(inside()[5:9]), scores[0][5:9], rtol=1e-6)
    parts = np.zeros(300)
    for layer, rows in zip(model.layers_, (*inside().layers.values(), inside().features)):
        rows = rows.astype(float)
        parts -= (model.invariants(layer, rows) ** 2 / layer.level).sum(1)
        near = (
            NearestNeighbors(n_neighbors=2).fit(layer.scaled(_of(layer))).kneighbors(layer.scaled(rows))[0] ** 2
        ).sum(1)
        parts -= layer.invariants * near / layer.distance
    np.testing.assert_allclose(scores[0], parts, rtol=1e-6)
    last = model.layers_[-1]
    np.testing.assert_allclose(np.linalg.norm(last.shown(inside().features.astype(float)), axis=1), 1, rtol=1e-6)
    with pytest.raises(BadInput, match="activations"):
        model.score_samples(NEW)
    with pytest.raises(BadInput, match="columns"):
        model.score_samples(inside().replace(layers={n: np.ones((300, 3)) for n in ("0", "2")}))


def _of(layer):
    return reference().gather(layer.name).astype(float)


def test_settings_out_of_range():
    for settings, words in (({"variance": 0.0}, "variance"), ({"blocks": -1}, "blocks"), ({"start": "zero"}, "start")):
        with pytest.raises(BadInput, match=words):
            NonlinearInvariants(**settings).fit(X)
    with pytest.raises(BadInput, match="four rows"):
        NonlinearInvariants().fit(reference()[:2])
