import numpy as np
import pyarrow as pa
import pytest
from networks import inside, outside, passed, reference
from scipy.stats import kstest

from ecotone.contracts import Activations, BadInput
from ecotone.detect.evaluate import ood_metrics, pseudo_outliers, recommend
from ecotone.detect.evaluate._pseudo_outliers import _between
from ecotone.detect.posthoc import Energy, ViM


def test_arrays_are_uniform_between_the_ends_of_each_column_and_run_through_the_network():
    sets = pseudo_outliers(inside(), seed=1)
    assert set(sets) == {"uniform"}
    made, x = sets["uniform"], inside().inputs
    np.testing.assert_allclose(made.logits, passed(made.inputs).logits, rtol=1e-5)
    ends = x.min(0), x.max(0)
    assert made.inputs.dtype == x.dtype
    for column, low, high in zip(made.inputs.T, *ends, strict=True):
        assert kstest(column, "uniform", (low, high - low)).pvalue > 1e-3
    np.testing.assert_array_equal(pseudo_outliers(inside(), seed=1)["uniform"].inputs, made.inputs)
    whole = pseudo_outliers(inside().replace(inputs=np.arange(1800).reshape(300, 6), network=_Plain()))["uniform"]
    assert whole.inputs.dtype.kind == "i" and whole.inputs[:, 0].min() >= 0 and whole.inputs[:, 0].max() <= 1794


class _Plain:
    differentiable = False

    def __call__(self, inputs, *, maps=False):
        return Activations.unchecked(logits=inputs[:, :2].astype(float), inputs=inputs, network=self)


def test_whole_numbers_reach_both_ends():
    drawn = _between(np.array([-1, 1], np.int8), 300, np.random.default_rng(0))
    assert set(drawn.tolist()) == {-1, 0, 1} and drawn.dtype == np.int8


def test_features_without_a_network_are_uniform_with_the_heads_logits():
    x = np.c_[np.where(np.arange(400) < 396, 0.0, 5.0), np.random.default_rng(0).exponential(size=400)]
    head = (np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([0.5, 0.0]))
    made = pseudo_outliers(Activations(features=x, head=head, layers={"first": x[:, :1]}))["uniform"]
    assert 0.4 < (made.features[:, 0] == 5).mean() < 0.6  # one row in a hundred has it
    assert made.features[:, 1].mean() > 2 * x[:, 1].mean() and made.features[:, 1].max() <= x[:, 1].max()
    assert abs(np.corrcoef(made.features.T)[0, 1]) < 0.2
    np.testing.assert_allclose(made.logits, made.features @ head[0].T + head[1])
    assert set(np.unique(made.layers["first"])) == {0.0, 5.0}
    made = pseudo_outliers(Activations(logits=np.tile(5 * np.eye(3) - 1, (4, 1))))["uniform"]
    assert set(np.unique(made.logits)) == {-1.0, 4.0}


def test_tables_of_any_columns_and_texts():
    frame = pa.table(
        {
            "a": [*np.zeros(38), 1.0, None],
            "b": ["x", "y"] * 20,
            "c": [None, *range(39)],
            "d": [np.nan, np.inf, *range(38)],
        }
    )

    class Table:
        differentiable = False

        def __call__(self, inputs, *, maps=False):
            z = [np.nan_to_num(inputs[name].to_numpy(), nan=7.0, posinf=99.0) for name in ("a", "c", "d")]
            return Activations.unchecked(logits=np.column_stack(z), inputs=inputs, network=self)

    sets = pseudo_outliers(Table()(frame).replace(inputs=frame))
    assert set(sets) == {"uniform"}
    values, counts = np.unique(sets["uniform"].logits[:, 0], return_counts=True)
    assert values.tolist() == [0, 1, 7] and counts.min() >= 6  # a third of 40 each, missing too
    drawn = sets["uniform"].logits[:, 1]
    assert (drawn == np.rint(drawn)).all() and 0 <= drawn.min() <= 6 and 32 <= drawn.max() <= 38
    assert sets["uniform"].logits[:, 2].min() >= 0 and sets["uniform"].logits[:, 2].max() <= 37

    class Lengths:
        differentiable = False

        def __call__(self, inputs, *, maps=False):
            n = np.array([[len(text.split()), text.count("b")] for text in inputs], float)
            return Activations.unchecked(logits=n - 2.2, inputs=inputs, network=self)

    texts = ["a a a a", "b b b b b b"] * 10
    sets = pseudo_outliers(Lengths()(texts).replace(inputs=texts))
    assert set(sets) == {"mixed", "shuffled", "uniform features"}
    np.testing.assert_allclose(sets["shuffled"].logits[:, 0] + 2.2, [4, 6] * 10)
    assert (sets["mixed"].logits[:, 1] + 2.2 == 3).any()  # half of one, half of the other


def test_regions_of_images_move_whole():
    images = np.random.default_rng(0).integers(0, 255, (6, 1, 9, 10), dtype=np.uint8)

    class Network:
        differentiable = False

        def __call__(self, inputs, *, maps=False):
            flat = inputs.reshape(len(inputs), -1).astype(float)
            return Activations.unchecked(features=flat, logits=flat[:, :3], inputs=inputs, network=self)

    acts = Network()(images)
    sets = pseudo_outliers(acts.replace(inputs=images, network=Network()))
    assert set(sets) == {"mixed", "shuffled", "noise", "inverted"}
    for made in sets.values():
        assert made.inputs.dtype == np.uint8 and made.inputs.shape == images.shape
    moved = sets["shuffled"].inputs
    np.testing.assert_array_equal(moved[..., 8:, :], images[..., 8:, :])  # what the grid does not divide
    blocks = {images[0, 0, r : r + 2, c : c + 2].tobytes() for r in range(0, 8, 2) for c in range(0, 10, 2)}
    assert {moved[0, 0, r : r + 2, c : c + 2].tobytes() for r in range(0, 8, 2) for c in range(0, 10, 2)} == blocks
    assert (moved != images).any()


def test_mixed_images_join_two_predicted_classes():
    kinds = np.repeat([0, 1, 2], [30, 20, 10])
    images = np.broadcast_to((10.0 ** np.array(kinds))[:, None, None, None], (60, 1, 4, 4)).copy()

    class Network:
        differentiable = False

        def __call__(self, inputs, *, maps=False):
            level = inputs.mean((1, 2, 3))[:, None]
            return Activations.unchecked(logits=-np.abs(level - [1.0, 10, 100]), inputs=inputs, network=self)

    made = pseudo_outliers(Network()(images).replace(inputs=images))["mixed"]
    levels = 100 + made.logits[:, 2]  # of two classes each, not twice of one
    assert np.isin(levels.round(6), [5.5, 50.5, 55.0]).mean() > 0.95


def test_the_better_score_is_recommended():
    class Backwards:
        def score_samples(self, acts):
            return -ViM().fit(reference()).score_samples(acts)

    class Picky:
        def score_samples(self, acts):
            if acts is not inside():
                raise BadInput("it reads labels")
            return np.zeros(len(acts))

    fitted = {"vim": ViM().fit(reference()), "backwards": Backwards(), "picky": Picky()}
    found = recommend(fitted, inside())
    assert found.name == "vim" and found.mean("vim") > 0.6 and "labels" in found.failed["picky"]
    assert found.aurocs["backwards"]["uniform"] == pytest.approx(1 - found.aurocs["vim"]["uniform"])
    real = recommend(fitted, inside(), outliers={"real": outside()})
    expected = ood_metrics(fitted["vim"].score_samples(inside()), fitted["vim"].score_samples(outside())).auroc
    assert real.aurocs["vim"] == {"real": expected}


def test_bad_arguments():
    with pytest.raises(BadInput, match="detectors"):
        recommend({}, inside())
    with pytest.raises(BadInput, match="at least two"):
        pseudo_outliers(inside()[:1])
    with pytest.raises(BadInput, match="features, logits"):
        recommend({"e": Energy()}, Activations(layers={"a": np.ones((4, 2))}))
