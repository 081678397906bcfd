import numpy as np
import pytest

from ecotone.contracts import Activations, BadInput
from ecotone.detect.explain import contributions


class _Linear:
    """A score that is linear in the features."""

    def __init__(self, weight):
        self.weight = weight

    def score_samples(self, acts):
        return acts.features @ self.weight


class _Network:
    """Features are what ``function`` makes of the inputs."""

    differentiable = False

    def __init__(self, function):
        self.function = function

    def __call__(self, inputs, *, maps=False):
        return Activations.unchecked(features=self.function(inputs), inputs=inputs, network=self)


@pytest.mark.oracle("contributions")
def test_a_linear_score_gives_each_feature_its_weight_times_its_step():
    g = np.random.default_rng(0)
    weight, x, t = g.normal(size=20), g.normal(size=(2, 20)), g.normal(size=(3, 20))
    found = contributions(_Linear(weight), Activations(features=x), Activations(features=t), samples=4)
    for why, row in zip(found, x):
        np.testing.assert_allclose(list(why.parts.values()), weight * (row - t.mean(0)), atol=1e-9)


def test_regions_of_an_image():
    """The score is minus the image's sum, and one region of the row is bright."""
    image = np.zeros((1, 1, 8, 8))
    image[0, 0, 2:4, 6:8] = 3.0
    network = _Network(lambda x: x.reshape(len(x), -1))
    row = Activations(inputs=image, network=network)
    usual = Activations(inputs=np.zeros((1, 1, 8, 8)), network=network)
    why = contributions(_Linear(-np.ones(64)), row, usual, samples=4)[0]
    assert len(why.parts) == 16 and why.parts["row 2, column 4"] == pytest.approx(-12)
    assert sum(abs(v) for part, v in why.parts.items() if part != "row 2, column 4") < 1e-9


def test_words_of_a_text():
    network = _Network(lambda texts: np.array([[float("strange" in t), float(len(t.split()))] for t in texts]))
    row = Activations(inputs=["a strange word"], network=network)
    why = contributions(_Linear(np.array([-5.0, 1.0])), row, Activations(inputs=["x"], network=network))[0]
    assert why.parts == pytest.approx({"1: a": 1.0, "2: strange": -4.0, "3: word": 1.0})


def test_a_cube_has_no_known_parts():
    network = _Network(lambda x: x.reshape(len(x), -1))
    acts = Activations(inputs=np.zeros((1, 2, 2)), network=network)
    with pytest.raises(BadInput, match="players='features'"):
        contributions(_Linear(np.ones(4)), acts, acts)
