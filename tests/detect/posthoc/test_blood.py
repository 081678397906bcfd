import numpy as np
import pytest
import torch
from networks import inside, network
from torch import nn

from ecotone.contracts import BadInput
from ecotone.data.activations import TorchNetwork, read_activations
from ecotone.detect.posthoc import BLOOD


def _dense():
    """Three smooth layers and the map from the first to the second, for one row."""
    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3)).double()
    x = torch.randn(7, 5, dtype=torch.float64)
    return read_activations(TorchNetwork(module, ["1", "3"]), x), module, x


def _jacobians(module, x):
    maps = torch.func.vmap(torch.func.jacrev(lambda h: module[2:4](h)))
    return maps(module[:2](x)).detach().numpy()


@pytest.mark.oracle("BLOOD")
def test_exact_mode_is_the_whole_jacobian():
    acts, module, x = _dense()
    expected = np.square(_jacobians(module, x)).sum((1, 2))
    np.testing.assert_allclose(-BLOOD(exact=True).score_samples(acts), expected, rtol=1e-6)


def test_the_mean_of_many_draws_is_within_four_standard_errors_of_the_variance_from_one_side():
    acts, module, x = _dense()
    j = _jacobians(module, x)
    norm, gram = np.square(j).sum((1, 2)), np.square(np.einsum("nij,nik->njk", j, j)).sum((1, 2))
    draws = 4000
    error = -BLOOD(draws=draws).score_samples(acts) - norm
    assert (np.abs(error) < 4 * np.sqrt(2 * gram / draws)).all()
    few = np.array([-BLOOD(draws=1, random_state=seed).score_samples(acts)[:2] for seed in range(600)])
    ratio = few.var(0) / (2 * gram[:2])
    assert (np.abs(ratio - 1) < 0.5).all(), ratio  # from two sides it would be 2 norm^2 + 6 gram, four times or more


def test_linear_layers_have_the_norms_of_their_weights_in_order_and_their_mean():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 6), nn.Linear(6, 7), nn.Linear(7, 2))
    acts = read_activations(TorchNetwork(module, ["0", "1"]), torch.randn(6, 4))
    squared = [float(module[i].weight.detach().square().sum()) for i in (1, 2)]
    np.testing.assert_allclose(BLOOD(exact=True).score_samples(acts), -np.mean(squared), rtol=1e-5)
    np.testing.assert_allclose(BLOOD(exact=True, last=True).score_samples(acts), -squared[1], rtol=1e-5)
    np.testing.assert_allclose(BLOOD(["0", "1"], exact=True).score_samples(acts), -squared[0], rtol=1e-5)
    same = TorchNetwork(module, ["0", "1", "2"])  # the last of which is what enters the head: counted once
    np.testing.assert_allclose(
        BLOOD(exact=True).score_samples(acts.replace(network=same)), -np.mean(squared), rtol=1e-5
    )


def test_maps_count_with_all_their_places_and_tokens_may_be_cut():
    torch.manual_seed(0)
    conv = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 3, 1), nn.Flatten(), nn.Linear(27, 2))
    acts = read_activations(TorchNetwork(conv, ["0", "1"]), torch.randn(3, 1, 5, 5))
    squared = float(conv[1].weight.detach().square().sum())
    np.testing.assert_allclose(BLOOD(["0", "1"], exact=True).score_samples(acts), -9 * squared, rtol=1e-5)
    words = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4), nn.Flatten(), nn.Linear(20, 2))
    acts = read_activations(TorchNetwork(words, ["0", "1"]), torch.randn(3, 5, 2))
    squared = float(words[1].weight.detach().square().sum())
    np.testing.assert_allclose(BLOOD(["0", "1"], exact=True).score_samples(acts), -5 * squared, rtol=1e-5)
    np.testing.assert_allclose(BLOOD(["0", "1"], exact=True, token=0).score_samples(acts), -squared, rtol=1e-5)


def test_rows_share_their_draws_and_seeds_differ():
    first, again = (BLOOD(random_state=seed).score_samples(inside()[:20]) for seed in (0, 1))
    assert np.abs(first - again).max() > 1e-3
    np.testing.assert_allclose(BLOOD().score_samples(inside()[7:9]), first[7:9], rtol=1e-6)
    exact = BLOOD(exact=True).score_samples(inside())
    assert np.corrcoef(BLOOD(draws=100).score_samples(inside()), exact)[0, 1] > 0.9


def test_layers_are_checked():
    backwards = BLOOD(["2", "0"])
    for detector, acts, word in (
        (backwards, inside(), "does not depend"), (BLOOD(["0"]), inside(), "two layers"),
        (BLOOD(["0", "7"]), inside(), "keeps no layer '7'"), (BLOOD(draws=0), inside(), "draws"),
        (BLOOD(), inside().replace(network=TorchNetwork(network().module)), "two layers"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=word):
            detector.score_samples(acts)
