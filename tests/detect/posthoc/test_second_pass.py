import numpy as np
import pytest
import torch
from networks import inside, network
from torch import nn

from ecotone.contracts import Activations, BadInput
from ecotone.data.activations import TorchNetwork, read_activations
from ecotone.detect.posthoc._second_pass import second_pass, stepped


def _slopes(acts):
    (slope,) = torch.autograd.grad(acts.logits[:, 0].sum(), acts.inputs)
    return slope, acts.logits


@pytest.mark.parametrize("rows", [None, 1, 7])
def test_gradients_and_logits_do_not_depend_on_the_parts(rows):
    block = inside()[:40]
    with torch.inference_mode():
        slope, logits = second_pass(block, _slopes, rows=rows)
    x = torch.tensor(block.inputs, requires_grad=True)
    network().module(x)[:, 0].sum().backward()
    assert slope.dtype == np.float64 and not hasattr(slope, "requires_grad")
    np.testing.assert_allclose(slope, x.grad, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(logits, block.logits, rtol=1e-5, atol=1e-6)


def test_inputs_are_preprocessed_once_and_gradients_are_of_what_enters_the_module():
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 4, 2))
    std = torch.tensor([0.5, 0.25]).reshape(1, 2, 1, 1)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 2, 4, 4), dtype=np.uint8)
    adapted = TorchNetwork(module, ["0"], preprocess=lambda x: torch.as_tensor(x) / 255.0 / std)
    acts = read_activations(adapted, pictures)
    x, logits = second_pass(acts, lambda again: (again.inputs, again.logits))
    np.testing.assert_allclose(x, pictures / 255 / std.numpy(), rtol=1e-6)
    np.testing.assert_allclose(logits, acts.logits, rtol=1e-5, atol=1e-6)
    assert second_pass(acts, lambda again: again.layers["0"], maps=True).shape == (5, 3, 2, 2)
    assert second_pass(acts, lambda again: again.layers["0"]).shape == (5, 3)
    step = second_pass(acts, lambda again: stepped(again.inputs, again.logits[:, 0], 0.01, [0.5, 0.25])) - x
    np.testing.assert_allclose(np.abs(step[:, 0]).max(), 0.02, rtol=1e-4)  # 0.01 of a pixel in [0, 1]
    np.testing.assert_allclose(np.abs(step[:, 1]).max(), 0.04, rtol=1e-4)


def test_torch_blocks_answer_with_torch():
    block = Activations(inputs=torch.as_tensor(inside().inputs[:3]), network=network())
    answer = second_pass(block, lambda acts: acts.logits)
    assert answer.dtype == torch.float64 and not answer.requires_grad


@pytest.mark.parametrize("std", [0.0, [1.0, 2.0], [[1.0]], np.nan])
def test_std_is_checked(std):
    with pytest.raises(BadInput, match="std"):
        second_pass(inside()[:3], lambda acts: stepped(acts.inputs, acts.logits[:, 0], 0.1, std))


def test_whole_numbers_have_no_gradient():
    module = nn.Sequential(nn.EmbeddingBag(9, 4), nn.Linear(4, 2))
    acts = read_activations(module, np.arange(12).reshape(4, 3) % 9)
    assert second_pass(acts, lambda again: again.logits).shape == (4, 2)
    with pytest.raises(BadInput, match="floats"):
        second_pass(acts, lambda again: stepped(again.inputs, again.logits[:, 0], 0.1))
