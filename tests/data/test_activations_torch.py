"""Torch modules: what they may give and take, devices, precision, memory that runs out."""

import warnings
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from networks import network, passed, rows
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from ecotone.contracts import Activations, BadInput, progress_bar
from ecotone.data.activations import TorchNetwork, read_activations

X, Y = rows(90, 5)


class Wrapped(nn.Module):
    """The shared network with its output in some wrapper."""

    def __init__(self, wrap):
        super().__init__()
        self.inner, self.wrap = network().module, wrap

    def forward(self, x):
        return self.wrap(self.inner(x))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda z: {"loss": None, "logits": z},
        lambda z: OrderedDict(out=z),
        lambda z: (z, torch.zeros(3)),
        lambda z: SimpleNamespace(logits=z, hidden_states=None),
        lambda z: [(z,)],
    ],
    ids=["mapping", "one entry", "tuple", "object", "nested"],
)
def test_outputs_that_hold_logits(wrap):
    acts = read_activations(Wrapped(wrap), X)
    np.testing.assert_array_equal(acts.logits, passed(X).logits)
    np.testing.assert_array_equal(acts.features, passed(X).features)


def test_outputs_without_logits_are_named():
    with pytest.raises(BadInput, match="a mapping of loss, scores; one of them must be 'logits'"):
        read_activations(Wrapped(lambda z: {"loss": z, "scores": z}), X)
    with pytest.raises(BadInput, match="not logits of shape"):
        read_activations(Wrapped(lambda z: z[:, :, None]), X)
    with pytest.raises(BadInput, match="logits are probabilities"):
        read_activations(Wrapped(lambda z: z.softmax(1)), X)
    with pytest.raises(BadInput, match="has no layer 'conv9'; its layers are inner"):
        read_activations(Wrapped(lambda z: z), X, layers=["conv9"])
    with pytest.raises(BadInput, match="is a ReLU; name the last"):
        read_activations(network().module, X, head="1")


class Tokens(nn.Module):
    """Word vectors, their mean, a head."""

    def __init__(self):
        super().__init__()
        self.words, self.head = nn.Embedding(11, 5), nn.Linear(5, 3)

    def forward(self, input_ids, attention_mask=None):
        found = self.words(input_ids)
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        return SimpleNamespace(logits=self.head((found * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)))


def test_tokens_mappings_and_text(tmp_path):
    ids = np.random.default_rng(0).integers(0, 11, (20, 7))
    acts = read_activations(Tokens(), ids, layers=["words"])
    assert acts.logits.shape == (20, 3) and acts.features.shape == (20, 5)
    np.testing.assert_allclose(acts.layers["words"], acts.features, rtol=1e-5)  # no mask: the mean over the length
    module = Tokens()
    mask = (np.arange(7) < 4).astype(np.int64) * np.ones((20, 1), np.int64)
    loader = [
        {"input_ids": ids[a:b], "attention_mask": mask[a:b], "labels": ids[a:b, 0] % 3} for a, b in ((0, 9), (9, 20))
    ]
    masked = read_activations(module, loader, output=tmp_path / "a")
    np.testing.assert_array_equal(masked.labels, ids[:, 0] % 3)
    np.testing.assert_allclose(masked.logits[:], read_activations(module, ids[:, :4]).logits, rtol=1e-5, atol=1e-6)
    texts = ["".join(chr(97 + t) for t in row) for row in ids]
    tokenised = read_activations(
        module,
        texts,
        preprocess=lambda some: {"input_ids": np.array([[ord(c) - 97 for c in t] for t in some])},
        batch=6,
    )
    np.testing.assert_allclose(tokenised.logits, read_activations(module, ids).logits, rtol=1e-5, atol=1e-6)
    assert tokenised[3:5].inputs == texts[3:5]


def test_loaders_and_datasets():
    data = TensorDataset(torch.as_tensor(X), torch.as_tensor(Y))
    for given in (data, DataLoader(data, 17)):
        acts = read_activations(network(), given)
        np.testing.assert_allclose(acts.logits, passed(X).logits, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(acts.labels, Y)


def test_a_layer_that_is_overwritten_in_place_is_kept_as_it_was():
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3))
    module = nn.Sequential(plain[0], nn.ReLU(inplace=True), *plain[2:])
    x = np.random.default_rng(0).normal(size=(6, 1, 8, 8)).astype(np.float32)
    for maps in (False, True):
        kept, wanted = (read_activations(m, x, layers=["0"], maps=maps).layers["0"] for m in (module, plain))
        np.testing.assert_array_equal(kept, wanted)
    assert kept.shape == (6, 4, 6, 6) and kept.min() < 0
    with pytest.raises(BadInput, match="overwrites the output of layer '0'"):
        TorchNetwork(module, ["0"])(torch.as_tensor(x), maps=True)
    TorchNetwork(module, ["1"])(torch.as_tensor(x), maps=True)


def test_settings_of_speed_give_the_same_values():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3))
    x = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), dtype=np.uint8)
    plain = read_activations(module, x, layers=["0"])
    for options in ({"device": "auto"}, {"device": "cpu", "channels_last": True}):
        other = read_activations(module, x, layers=["0"], **options)
        np.testing.assert_allclose(other.logits, plain.logits, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(other.layers["0"], plain.layers["0"], rtol=1e-4, atol=1e-5)
    compiled = TorchNetwork(module, ["0"], compile="eager")
    for maps in (False, True):
        ours, theirs = (read_activations(net, x, maps=maps, batch=8) for net in (compiled, TorchNetwork(module, ["0"])))
        np.testing.assert_allclose(ours.layers["0"], theirs.layers["0"], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours.features, theirs.features, rtol=1e-5, atol=1e-6)
    assert compiled(x[:2]).logits.requires_grad and not any(m._forward_hooks for m in module.modules())
    half = read_activations(module, x, layers=["0"], autocast="bfloat16")
    assert half.logits.dtype == np.float32 and 0 < np.abs(half.logits - plain.logits).max() < 0.05
    with pytest.raises(BadInput, match="autocast must be"):
        TorchNetwork(module, autocast="int8")
    with pytest.raises(BadInput, match="device 'gpu' cannot be used"):
        read_activations(module, x, device="gpu")
    with pytest.raises(BadInput, match="device= is a setting of the network"):
        read_activations(TorchNetwork(module), x, device="cpu")


class Greedy(nn.Module):
    """Runs out of memory with more than so many rows."""

    def __init__(self, most):
        super().__init__()
        self.inner, self.most, self.seen = network().module, most, []

    def forward(self, x):
        if len(x) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.seen.append(len(x))
        return self.inner(x)


def test_out_of_memory_halves_the_block_and_says_so_once(tmp_path):
    for data, labels in ((X, Y), ([(X[:64], Y[:64]), (X[64:], Y[64:])], None)):
        module = Greedy(10)
        with pytest.warns(UserWarning, match="out of memory with blocks of 64 rows; going on with") as caught:
            acts = read_activations(module, data, labels=labels, batch=64)
        assert len(caught) == 1 and set(module.seen) == {8, 2}
        np.testing.assert_allclose(acts.logits, passed(X).logits, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(acts.labels, Y)
    with warnings.catch_warnings(), pytest.raises(BadInput, match="out of memory with a single row"):
        warnings.simplefilter("ignore")
        read_activations(Greedy(0), X)


def test_labels_that_do_not_fit():
    with pytest.raises(BadInput, match=r"labels has shape \(89,\) and data 90 rows"):
        read_activations(network(), X, labels=Y[:89])
    with pytest.raises(BadInput, match="labels are float64; give integers"):
        read_activations(network(), X, labels=Y * 1.0)
    with pytest.raises(BadInput, match="labels has 4 at row 70, with 4 columns"):
        read_activations(network(), X, labels=np.where(np.arange(90) == 70, 4, Y), batch=32)
    with pytest.raises(BadInput, match="let the loader give"):
        read_activations(network(), iter([X]), labels=Y)
    with pytest.raises(BadInput, match="labels is absent from row 40 on"):
        read_activations(network(), [(X[:40], Y[:40]), X[40:]])
    with pytest.raises(BadInput, match="labels of rows 0 to 39"):
        read_activations(network(), [(X[:40], Y[:30])])


def test_a_head_that_does_not_fit():
    good = passed(X)

    def other(x, maps=False):
        return Activations.unchecked(features=good.features[: len(x)], logits=good.logits[: len(x)], head=head)

    head = (np.ones((4, 9)), np.zeros(4))
    with pytest.raises(BadInput, match="takes 9 features"):
        read_activations(other, X)
    head = (good.head[0] * 2, good.head[1])
    with pytest.raises(BadInput, match="logits are not features"):
        read_activations(other, X)


def test_data_that_is_no_data():
    with pytest.raises(BadInput, match="no rows"):
        read_activations(network(), X[:0])
    with pytest.raises(BadInput, match="no rows"):
        read_activations(network(), [])
    with pytest.raises(BadInput, match="batch must be"):
        read_activations(network(), X, batch=0)
    with pytest.raises(BadInput, match="are no tensor"):
        read_activations(network(), [["a", "b"]])
    with pytest.raises(BadInput, match="a block of the data is a float; give arrays"):
        read_activations(network(), [[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(BadInput, match="3 parts"):
        read_activations(network(), [(X, Y, Y)])
    with pytest.raises(BadInput, match=r"give a torch\.nn\.Module"):
        read_activations(3, X)


def test_progress_is_shown_on_request(capfd, monkeypatch):
    read_activations(network(), X)
    assert capfd.readouterr() == ("", "")
    told = []
    read_activations(network(), X, batch=20, progress=lambda *said: told.append(said))
    assert told == [("activations", rows / 90) for rows in (20, 40, 60, 80, 90)]
    told.clear()
    read_activations(network(), iter([X[:50], X[50:]]), progress=lambda *said: told.append(said))
    assert told == [("activations of 50 rows", None), ("activations of 90 rows", None)]  # how many come is not known
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, to rich
    with progress_bar() as bar:
        read_activations(network(), X, progress=bar)
    out, err = capfd.readouterr()
    assert out == "" and "activations" in err and "100%" in err


def test_a_module_is_put_into_evaluation_mode():
    module = nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.5), nn.Linear(8, 3)).train()
    first = read_activations(module, X).logits
    assert not module.training
    np.testing.assert_array_equal(read_activations(module, X).logits, first)
