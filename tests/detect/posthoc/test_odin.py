import numpy as np
import pytest
import torch
from networks import inside, network, reference
from scipy.special import log_softmax, softmax
from torch import nn

from ecotone.contracts import Activations, BadInput
from ecotone.data.activations import TorchNetwork, read_activations
from ecotone.detect.posthoc import MSP, ODIN

X = np.random.default_rng(0).normal(size=(30, 5))


def linear():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(5, 3)).double()
    module[0].weight.data[:, 4] = 0.0  # an input that moves nothing
    return module


@pytest.mark.oracle("ODIN")
@pytest.mark.parametrize("temperature", [1.0, 1000.0])
def test_without_a_step_it_is_the_largest_probability(temperature):
    ours = ODIN(temperature, eps=0.0).fit(inside()).score_samples(inside())
    np.testing.assert_array_equal(ours, MSP(temperature).score_samples(inside()))
    tiny = ODIN(temperature, eps=1e-12).fit(inside()).score_samples(inside())  # the network is run
    np.testing.assert_allclose(tiny, ours, rtol=1e-4, atol=1e-7)


@pytest.mark.oracle("ODIN")
@pytest.mark.parametrize("temperature", [1.0, 1000.0])
def test_gradient_of_a_linear_network_in_closed_form(temperature):
    module = linear()
    weight, bias = (part.detach().numpy() for part in module[0].parameters())
    z = X @ weight.T + bias
    p = softmax(z / temperature, axis=1)
    slope = (weight[z.argmax(1)] - p @ weight) / temperature
    std = np.array([1.0, 2.0, 0.5, 0.1, 3.0])
    moved = X + 0.1 / std * np.sign(slope)
    expected = log_softmax((moved @ weight.T + bias) / temperature, axis=1).max(1)
    acts = read_activations(module, X)
    scores = ODIN(temperature, 0.1, std).fit(acts).score_samples(acts)
    np.testing.assert_allclose(scores, expected, rtol=1e-9)
    assert (scores > MSP(temperature).score_samples(Activations(logits=z))).all()  # it raises the confidence


def test_the_paper_s_program():
    """Cross-entropy with the predicted class, down its gradient's sign."""
    x = torch.tensor(inside().inputs[:50], requires_grad=True)
    logits = network().module(x) / 1000
    nn.functional.cross_entropy(logits, logits.argmax(1)).backward()
    with torch.no_grad():
        again = network().module(x - 0.05 * x.grad.sign()).double() / 1000
    expected = torch.softmax(again, 1).max(1).values.log()
    scores = ODIN(eps=0.05).fit(reference()).score_samples(inside()[:50])
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_an_input_without_gradient_stays():
    module = nn.Sequential(linear(), nn.Hardtanh(-9.0, 9.0), nn.Linear(3, 2).double())
    seen = []
    module.register_forward_hook(lambda m, arguments, z: seen.append(arguments[0].detach().clone()))
    ODIN(eps=0.5).fit(acts := read_activations(module, X)).score_samples(acts)
    np.testing.assert_array_equal(seen[-1][:, 4], X[:, 4])
    np.testing.assert_allclose(np.abs(seen[-1][:, :4] - X[:, :4]), 0.5)


def test_half_precision_keeps_the_gradient_at_a_high_temperature():
    module = nn.Sequential(nn.Linear(4, 2, bias=False)).half()
    module[0].weight.data = torch.tensor([[2e-5] * 4, [-2e-5] * 4], dtype=torch.float16)
    seen = []
    module.register_forward_hook(lambda m, arguments, z: seen.append(arguments[0].detach()))
    ODIN(eps=0.5).fit(acts := read_activations(module, np.ones((3, 4), np.float32))).score_samples(acts)
    np.testing.assert_allclose(seen[-1], 1.5)


def test_eps_is_in_units_of_pixels_with_std_and_of_what_enters_the_module_without():
    pictures = np.random.default_rng(1).integers(0, 256, (4, 3, 2, 2), dtype=np.uint8)
    std = np.array([0.2, 0.3, 0.25], np.float32)
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    normal = TorchNetwork(module, preprocess=lambda x: torch.as_tensor(x / 255 / std[:, None, None]).float())
    seen = []
    module.register_forward_hook(lambda m, arguments, z: seen.append(arguments[0].detach()))
    acts = read_activations(normal, pictures)
    for given, expected in ((std, 0.01 / std), (None, np.full(3, 0.01))):
        ODIN(eps=0.01, std=given).fit(acts).score_samples(acts)
        np.testing.assert_allclose((seen[-1] - seen[-2]).abs().amax((0, 2, 3)), expected, rtol=1e-4)


def test_of_several_steps_the_one_with_the_largest_mean_score():
    grid = [0.0, 0.02, 0.7]
    means = [ODIN(eps=eps).fit(reference()).score_samples(reference()).mean() for eps in grid]
    detector = ODIN(eps=grid).fit(reference())
    assert detector.eps_ == grid[int(np.argmax(means))]
    alone = ODIN(eps=detector.eps_).fit(reference())
    np.testing.assert_array_equal(detector.score_samples(inside()), alone.score_samples(inside()))


@pytest.mark.parametrize(
    ("settings", "word"),
    [((0.0, 0.1), "temperature"), ((1.0, -0.1), "eps"), ((1.0, []), "eps"), ((1.0, 0.1, 0), "std")],
)
def test_settings_are_checked(settings, word):
    with pytest.raises(BadInput, match=word):
        ODIN(*settings).fit(reference()).score_samples(inside())
