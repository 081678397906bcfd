"""What predictor losses, recipes and tuners owe; a tiny one of each shows that it can be kept."""

import copy
import importlib
import inspect

import networks
import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from ecotone.cards import discover
from ecotone.contracts import Activations, BadInput, Network, PredictorLoss, Recipe
from ecotone.data.activations import TorchNetwork
from ecotone.learn import GaussianMixture, Tuner

CARDS = list(discover().values())


class MeanCrossEntropy:
    """The weighted mean of -log p(label); rows without a label are left out."""

    def __call__(self, activations):
        if activations.labels is None or activations.logits is None:
            raise BadInput("the cross-entropy reads logits and labels; give both")
        labels = torch.as_tensor(activations.labels)
        weights = torch.ones(len(labels)) if activations.weights is None else torch.as_tensor(activations.weights)
        weights = torch.where(labels < 0, 0.0, weights.to(activations.logits.dtype))
        return weights @ cross_entropy(activations.logits, labels.clamp(min=0), reduction="none") / weights.sum()


class FewSteps:
    """Gradient descent on all rows at once."""

    def __init__(self, loss=None, steps=30, rate=0.05):
        self.loss, self.steps, self.rate = loss or MeanCrossEntropy(), steps, rate

    def fit(self, network, x, y, *, groups=None, sample_weight=None, seed=None):
        y = np.asarray(y)
        if len(x) != len(y):
            raise BadInput(f"y has {len(y)} labels for {len(x)} rows; give one a row")
        if groups is not None:
            raise BadInput("gradient descent reads no groups; leave them out")
        trained = TorchNetwork(copy.deepcopy(network.module), network.layers)
        steps = torch.optim.SGD(trained.module.parameters(), self.rate)
        for _ in range(self.steps):
            acts = trained(x)
            loss = self.loss(Activations.unchecked(logits=acts.logits, labels=y, weights=sample_weight))
            steps.zero_grad()
            loss.backward()
            steps.step()
        return trained


class ExactTilt:
    """The mixture times e^{r(x)}, for rewards that are linear: read off at the origin and the unit vectors."""

    def tune(self, model, signal, *, seed=None):
        dim = model.shape_[0]
        rewards = signal(torch.cat([torch.zeros(1, dim), torch.eye(dim)]).double())
        return model.tilted(np.zeros((dim, dim)), (rewards[1:] - rewards[0]).numpy())


def _made(card):
    """The method with its defaults; a function is itself the method."""
    method = getattr(importlib.import_module(card.module), card.name)
    return method() if inspect.isclass(method) else method


LOSSES = [MeanCrossEntropy(), *(_made(card) for card in CARDS if card.contract == "PredictorLoss")]
RECIPES = [FewSteps(), *(_made(card) for card in CARDS if card.contract == "Recipe")]
TUNERS = [ExactTilt(), *(_made(card) for card in CARDS if card.contract == "Tuner")]


def _name(method):
    return getattr(method, "__name__", type(method).__name__)


def _batch(order=slice(None), weights=None):
    x, y = networks.rows(60, 5)
    acts = networks.network()(x[order])
    weights = None if weights is None else torch.as_tensor(weights[order])
    return Activations.unchecked(
        features=acts.features, logits=acts.logits, layers=acts.layers, head=acts.head,
        labels=torch.as_tensor(y[order]), weights=weights, groups=torch.arange(60)[order] % 2,
    )  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES, ids=_name)
def test_losses_of_predictors(loss):
    assert isinstance(loss, PredictorLoss)
    batch = _batch()
    value = loss(batch)
    assert value.shape == () and torch.isfinite(value) and value.dtype == batch.logits.dtype
    value.backward()
    moved = [p.grad is not None and p.grad.abs().sum() > 0 for p in networks.network().module.parameters()]
    networks.network().module.zero_grad(set_to_none=True)
    assert any(moved), "the loss hangs on the network's weights"
    order = np.random.default_rng(0).permutation(60)
    assert loss(_batch(order)).item() == pytest.approx(value.item(), rel=1e-5)
    half = np.repeat([1.0, 0.0], 30).astype(np.float32)
    assert loss(_batch(weights=half)).item() == pytest.approx(loss(_batch(slice(30))).item(), rel=1e-5)
    with pytest.raises(BadInput):
        loss(Activations.unchecked(inputs=torch.zeros(4, 6)))


@pytest.mark.parametrize("recipe", RECIPES, ids=_name)
def test_recipes_train_a_copy(recipe):
    assert isinstance(recipe, Recipe)
    start, (x, y) = networks.network(), networks.rows(200, 6)
    y = (y + 1) % networks.CLASSES  # other names of the classes than the network has learned
    before = copy.deepcopy(start.module.state_dict())
    trained = recipe.fit(start, x, y, seed=1)
    assert isinstance(trained, Network) and trained is not start
    assert all(torch.equal(before[name], value) for name, value in start.module.state_dict().items())
    assert trained(x).logits.shape == (200, networks.CLASSES)
    loss = MeanCrossEntropy()
    old, new = (loss(Activations.unchecked(logits=n(x).logits, labels=y)) for n in (start, trained))
    assert new < 0.8 * old, "it learns"
    again = recipe.fit(start, x, y, seed=1)
    assert torch.equal(again(x).logits, trained(x).logits), "the same arguments, the same network"


@pytest.mark.parametrize("recipe", RECIPES, ids=_name)
def test_recipes_leave_out_rows_of_weight_zero(recipe):
    start, (x, y) = networks.network(), networks.rows(200, 7)
    wrong = np.concatenate([y[:100], (y[100:] + 1) % networks.CLASSES])
    kept = np.repeat([1.0, 0.0], 100).astype(np.float32)
    some, few = recipe.fit(start, x, wrong, sample_weight=kept, seed=0), recipe.fit(start, x[:100], y[:100], seed=0)
    torch.testing.assert_close(some(x).logits, few(x).logits, rtol=1e-3, atol=1e-3)
    with pytest.raises(BadInput):
        recipe.fit(start, x, y[:50])


@pytest.mark.parametrize("tuner", TUNERS, ids=_name)
def test_tuners_draw_towards_the_reward_in_a_copy(tuner):
    """A linear reward b'x makes of N(m, S) the distribution N(m + S b, S)."""
    assert isinstance(tuner, Tuner)
    model = GaussianMixture.of([1.0], [[0.5, -1.0]], [[[1.0, 0.3], [0.3, 2.0]]])
    mean, b = model.means_.clone(), torch.tensor([0.4, 0.2], dtype=torch.float64)

    def reward(x, given=None):
        return x.double() @ b

    tuned = tuner.tune(model, reward, seed=0)
    assert torch.equal(model.means_, mean), "the model given stays as it is"
    drawn = np.asarray(tuned.sample(4000, seed=1))
    expected = mean[0] + model.covariances_[0] @ b
    np.testing.assert_allclose(drawn.mean(axis=0), expected, atol=0.12)
    assert drawn.shape[1] == 2
    np.testing.assert_array_equal(drawn, np.asarray(tuner.tune(model, reward, seed=0).sample(4000, seed=1)))
