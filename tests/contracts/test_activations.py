"""What the activations of a network owe: rows that agree, selections, blocks, clear errors."""

import numpy as np
import pyarrow as pa
import pytest
import torch

from ecotone.contracts import Activations, BadInput, as_numpy, concatenate

G = np.random.default_rng(0)
FEATURES, HEAD = G.normal(size=(10, 4)), (G.normal(size=(3, 4)), G.normal(size=3))


def _acts(**more):
    table = pa.table({"a": list(range(10)), "b": list("abcdefghij")})
    parts = {"labels": np.arange(10) % 3, "layers": {"one": FEATURES[:, :2]}, "inputs": table}
    return Activations(features=FEATURES, head=HEAD, **(parts | more))


def test_logits_come_from_the_head():
    np.testing.assert_allclose(_acts().logits, FEATURES @ HEAD[0].T + HEAD[1])
    half = Activations(features=torch.as_tensor(FEATURES).half(), head=HEAD)
    assert half.logits.dtype == torch.float16 and half.classes == 3


@pytest.mark.parametrize(
    "rows",
    [slice(2, 5), slice(8, 99), slice(0, 0), [4, 0, 9], np.arange(10) % 2 == 0, 7, slice(None, None, 3)],
    ids=str,
)
def test_selections(rows):
    at = np.arange(10)[rows].reshape(-1)
    some = _acts()[rows]
    assert len(some) == len(at)
    np.testing.assert_array_equal(some.features, FEATURES[at])
    np.testing.assert_array_equal(some.layers["one"], FEATURES[at, :2])
    np.testing.assert_array_equal(some.labels, at % 3)
    assert some.inputs["a"].to_pylist() == at.tolist()
    assert _acts(inputs=list("abcdefghij"))[rows].inputs == [list("abcdefghij")[i] for i in at]


def test_blocks_and_maps():
    acts = _acts()
    assert [len(block) for block in acts.blocks(4)] == [4, 4, 2]
    doubled = acts.map(lambda block: Activations.unchecked(features=block.features * 2, labels=block.labels))
    assert len(doubled) == 10 and len(doubled[3:5]) == 2
    np.testing.assert_allclose(doubled.gather("features"), FEATURES * 2)
    np.testing.assert_allclose(acts.gather("layers.one"), FEATURES[:, :2])
    both = concatenate([acts[:4], acts[4:]])
    np.testing.assert_allclose(both.features, FEATURES)
    assert list(both.layers) == ["one"]


def test_what_there_is():
    assert _acts().have() == {"features", "logits", "labels", "head", "layers", "inputs"}

    class Network:
        differentiable = True

        def __call__(self, inputs, *, maps=False):
            return Activations.unchecked(logits=inputs)

    assert {"gradient", "second_pass"} <= _acts(network=Network()).have()
    assert as_numpy(torch.ones(2, dtype=torch.bfloat16, requires_grad=True)).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "at least one of features"),
        ({"features": FEATURES, "labels": np.zeros(9, int)}, "different numbers of rows"),
        ({"features": FEATURES, "head": (np.ones((3, 5)), np.ones(3))}, "takes 5 features"),
        ({"features": FEATURES, "head": (np.ones((3, 4)), np.ones(2))}, "weight \\(classes, d\\)"),
        ({"features": FEATURES, "head": (HEAD[0],)}, "got 1 parts"),
        ({"features": FEATURES, "head": HEAD, "logits": np.ones((10, 2))}, "3 classes and logits 2"),
        ({"features": FEATURES, "head": HEAD, "logits": FEATURES @ HEAD[0].T * 3}, "not features @ weight"),
        ({"logits": np.full((4, 2), 0.5)}, "probabilities"),
        ({"logits": np.eye(2) * 3, "labels": [0, 2]}, "labels has 2"),
        ({"logits": np.eye(2) * 3, "labels": [0.0, 1.0]}, "integers"),
        ({"features": np.where(np.eye(3) > 0, np.nan, 1.0)}, "features has nan at row 0"),
        ({"features": FEATURES, "layers": {"deep": np.full((10, 2), np.inf)}}, "layers.deep has inf at row 0"),
        ({"features": np.ones((3, 2, 2))}, "average maps"),
        ({"features": FEATURES, "head": (np.full((3, 4), np.nan), np.ones(3))}, "head weight has nan"),
    ],
)
def test_bad_parts(parts, words):
    with pytest.raises(BadInput, match=words):
        Activations(**parts)


def test_the_number_of_classes_may_be_unknown():
    with pytest.raises(BadInput, match="number of classes"):
        _ = Activations(features=FEATURES).classes
    assert Activations(features=FEATURES, labels=np.arange(10) % 4).classes == 4
