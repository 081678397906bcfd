"""Activations in a folder: the same values, whole parts, and a reading that goes on where it ended."""

import copy
import json
import os

import numpy as np
import pytest
from networks import network, passed, rows

import ecotone.data.activations._folder as folder_module
from ecotone.contracts import Activations, BadInput
from ecotone.data.activations import StoredArray, TorchNetwork, open_activations, read_activations
from ecotone.detect.posthoc import ViM

X, Y = rows(700, 5)


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of some 100 rows."""
    monkeypatch.setattr(folder_module, "PART_BYTES", 100 * (4 + 16 + 32 + 16) * 4)


def blocks(x=X, y=Y, size=64, dies=None):
    """A loader, which may die."""
    for start in range(0, len(x), size):
        if dies is not None and start >= dies:
            raise OSError("the disk of the loader went away")
        yield x[start : start + size], y[start : start + size]


def same(one, other):
    for name in ("features", "logits", "labels"):
        np.testing.assert_array_equal(np.asarray(getattr(one, name)), np.asarray(getattr(other, name)))
    assert list(one.layers) == list(other.layers)
    for name in one.layers:
        np.testing.assert_array_equal(one.layers[name][:], other.layers[name][:])
    for ours, theirs in zip(one.head, other.head):
        np.testing.assert_array_equal(ours, theirs)


def test_what_is_stored_is_what_is_in_memory(tmp_path, small_parts):
    memory = read_activations(network(), X, labels=Y, batch=64)
    stored = read_activations(network(), X, labels=Y, batch=64, output=tmp_path / "a")
    assert len(list((tmp_path / "a").glob("part-*"))) > 4 and isinstance(stored.features, StoredArray)
    same(memory, stored)
    same(memory, open_activations(tmp_path / "a"))
    assert stored.network is network() and stored.inputs is X
    detectors = [ViM().fit(acts) for acts in (memory, stored)]
    scores = [d.score_samples(acts) for d, acts in zip(detectors, (memory, stored))]
    np.testing.assert_allclose(*scores)
    for rows_ in (slice(3, 500, 7), np.arange(650, 20, -9), np.arange(700) % 3 == 0):
        np.testing.assert_array_equal(stored[rows_].features, memory[rows_].features)
        np.testing.assert_array_equal(stored[rows_].inputs, memory[rows_].inputs)


def test_stored_array_reads_as_numpy_does(tmp_path, small_parts):
    acts = read_activations(network(), X, batch=64, output=tmp_path / "a")
    a, b = acts.features, np.asarray(acts.features)
    assert a.shape == b.shape and a.dtype == b.dtype and len(a) == 700 and a.ndim == 2
    mask = np.random.default_rng(0).random(700) < 0.2
    for rows_ in (
        0, -1, 699, slice(None), slice(-5, None), slice(600, 20, -3), slice(9, 9), slice(90, 500), [], [5, 5, -700],
        np.array([[1, 650], [300, 2]]), mask, ~mask & False, np.int64(4), ..., (slice(2, 300), 3), (7, slice(0, 2)),
        (mask, slice(1, 4)),
    ):  # fmt: skip
        np.testing.assert_array_equal(a[rows_], b[rows_])
    for wrong in (700, [-701], np.ones(5, bool), [0.5]):
        with pytest.raises(IndexError):
            a[wrong]


def test_a_loader_that_dies_is_resumed_to_the_same_arrays(tmp_path, small_parts):
    whole = read_activations(network(), blocks(), output=tmp_path / "whole")
    for dies in (64, 320, 640):
        out = tmp_path / f"died{dies}"
        with pytest.raises(OSError, match="went away"):
            read_activations(network(), blocks(dies=dies), output=out)
        with pytest.raises(BadInput, match="has not ended"):
            open_activations(out)
        same(whole, read_activations(_Counting(), blocks(), output=out))
        assert _Counting.rows == len(X) - dies  # nothing was run twice
    for unlinked in ("index.json", ".DS_Store"):  # what a kill between the last part and the index leaves
        (out / unlinked).unlink(missing_ok=True)
        same(whole, read_activations(_Counting(), blocks(), output=out))
        assert _Counting.rows == 0


class _Counting:
    """The network, counting what it runs."""

    differentiable = True
    rows = 0

    def __init__(self):
        type(self).rows = 0

    def __call__(self, inputs, *, maps=False):
        type(self).rows += len(inputs)
        return network()(inputs, maps=maps)

    def settings(self):
        return network().settings()


def test_a_part_that_is_cut_short_does_not_count(tmp_path, small_parts):
    out = tmp_path / "a"
    whole = read_activations(network(), X, labels=Y, batch=64)
    read_activations(network(), X, labels=Y, batch=64, output=out)
    part = sorted(out.glob("part-*"))[2]
    os.truncate(part, part.stat().st_size - 5)
    with pytest.raises(BadInput, match="not a usable part"):
        open_activations(out)
    again = read_activations(_Counting(), X, labels=Y, batch=64, output=out)
    same(whole, again)
    assert _Counting.rows == 700 - 2 * 128
    (out / ".part-00001.safetensors.x1").write_bytes(b"half")  # what a kill leaves
    same(whole, open_activations(out))


def test_other_settings_weights_or_data_are_refused(tmp_path, small_parts):
    out = tmp_path / "a"
    read_activations(network(), X, batch=64, output=out)
    for settings, word in (({"dtype": "float16"}, "dtype"), ({"maps": True}, "maps"), ({"labels": Y}, "labels")):
        with pytest.raises(BadInput, match=f"other settings \\({word} was"):
            read_activations(network(), X, output=out, **settings)
    with pytest.raises(BadInput, match="rows was 700"):
        read_activations(network(), X[:600], output=out)
    with pytest.raises(BadInput, match="row 0 of the data"):
        read_activations(network(), X[::-1].copy(), output=out)
    module = network().module
    with pytest.raises(BadInput, match="layers was"):
        read_activations(module, X, output=out, layers=["2"])
    other = tmp_path / "b"
    with pytest.raises(OSError):
        read_activations(network(), blocks(dies=320), output=other)
    shuffled = np.random.default_rng(0).permutation(700)
    with pytest.raises(BadInput, match="does not shuffle"):
        read_activations(network(), blocks(X[shuffled]), output=other)
    with pytest.raises(BadInput, match="has 128 rows and 320 were read"):
        read_activations(network(), blocks(X[:128]), output=other)


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match=r"holds other files \(notes.txt\)"):
        read_activations(network(), X, output=tmp_path)
    with pytest.raises(BadInput, match="cannot make the folder"):
        read_activations(network(), X, output=tmp_path / "notes.txt")
    with pytest.raises(BadInput, match="holds no activations"):
        open_activations(tmp_path)
    with pytest.raises(BadInput, match="no folder"):
        open_activations(tmp_path / "nothing")


def test_a_damaged_index_is_refused(tmp_path):
    out = tmp_path / "a"
    read_activations(network(), X, output=out)
    good = json.loads((out / "index.json").read_text())
    wrong = [
        {"format": "ecotone.activations/2"}, {"parts": []}, {"parts": ["../x"]}, {"parts": [1]}, {"layers": 3},
        {"settings": None}, {"layers": ["0", "2", "4"]}, {"arrays": {"features": ["float64", 16]}},
    ]  # fmt: skip
    for change in wrong:
        (out / "index.json").write_text(json.dumps(good | change))
        with pytest.raises(BadInput, match="not a usable"):
            open_activations(out)
    (out / "index.json").write_text("{")
    with pytest.raises(BadInput, match="not JSON"):
        open_activations(out)


def test_a_value_that_is_not_finite_is_named_while_written(tmp_path, small_parts):
    def broken(x, maps=False):
        acts = network()(x)
        acts.layers["2"][np.asarray(x)[:, 0] == 99, 3] = np.nan
        return acts

    x = X.copy()
    x[431, 0] = 99
    for output in (None, tmp_path / "a"):
        with pytest.raises(BadInput, match=r"layers\.2 has nan at row 431, position \[3\]"):
            read_activations(broken, x, batch=64, output=output)
    assert len(list((tmp_path / "a").glob("part-*"))) > 2  # what was read stays read


def test_half_precision(tmp_path):
    half = read_activations(network(), X, dtype="float16", output=tmp_path / "a")
    assert half.features.dtype == half.layers["0"].dtype == np.float16
    np.testing.assert_allclose(half.features[:], passed(X).features, rtol=1e-3, atol=1e-3)

    def large(x, maps=False):
        return Activations(logits=np.asarray(x, np.float64) * 1e5)

    with pytest.raises(BadInput, match="too large for dtype='float16'"):
        read_activations(large, X, dtype="float16")
    with pytest.raises(BadInput, match="dtype must be one of"):
        read_activations(network(), X, dtype="int8")


def test_names_of_layers_are_free(tmp_path):
    names = ["/layer 1/Relu_output_0", "..", "é", "a" * 300]

    def net(x, maps=False):
        return Activations(logits=x, layers={name: x * i for i, name in enumerate(names)})

    acts = read_activations(net, X, output=tmp_path / "a")
    assert list(acts.layers) == names
    with_places = read_activations(
        lambda x, maps=False: Activations(logits=x, layers={"volume": x[:, :, None, None, None]}),
        X,
        output=tmp_path / "b",
    )
    assert with_places.layers["volume"].shape == (700, 6, 1, 1, 1)
    np.testing.assert_array_equal(acts.layers["é"][:], X * 2)


def test_what_a_part_holds_bounds_the_memory(tmp_path, small_parts):
    """One block larger than a part becomes several, and reading some rows opens only theirs."""
    acts = read_activations(network(), X, batch=700, output=tmp_path / "a")
    assert len(list((tmp_path / "a").glob("part-*"))) >= 5
    for part in sorted((tmp_path / "a").glob("part-*"))[1:]:
        part.unlink()
    np.testing.assert_array_equal(acts.features[:50], passed(X).features[:50])
    with pytest.raises(BadInput, match="cannot be read any more"):
        acts.features[:]


def test_a_reading_that_died_goes_on_with_the_same_settings_alone(tmp_path, small_parts):
    """Whole parts of another precision, or of other weights, must not be mixed with what comes."""
    out = tmp_path / "died"
    with pytest.raises(OSError, match="went away"):
        read_activations(network(), blocks(dies=320), output=out)
    kept = sorted(path.name for path in out.iterdir())
    with pytest.raises(BadInput, match="other settings \\(dtype was"):
        read_activations(network(), blocks(), output=out, dtype="float16")
    other = copy.deepcopy(network().module)
    other[0].weight.data += 1
    with pytest.raises(BadInput, match="other settings"):
        read_activations(TorchNetwork(other, network().layers), blocks(), output=out)
    assert sorted(path.name for path in out.iterdir()) == kept  # nothing was lost
    same(read_activations(network(), blocks(), output=out), read_activations(network(), blocks()))
