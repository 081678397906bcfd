import numpy as np
import pyarrow as pa
import pytest
from networks import inside, outside, passed, reference

from ecotone.contracts import Activations, BadInput
from ecotone.detect.evaluate import ood_metrics, pseudo_outliers, recommend
from ecotone.detect.posthoc import Energy, ViM


def test_pseudo_outliers_of_inputs_run_through_the_network():
    sets = pseudo_outliers(inside(), seed=1)
    assert set(sets) == {"mixed", "shuffled", "noise", "mixed features", "shuffled features"}
    x = inside().inputs
    np.testing.assert_allclose(np.sort(sets["shuffled features"].features, 0), np.sort(inside().features, 0), rtol=1e-6)
    for acts in (sets[name] for name in ("mixed", "shuffled", "noise")):
        assert len(acts) == len(x)
        np.testing.assert_allclose(acts.logits, passed(acts.inputs).logits, rtol=1e-5)
    np.testing.assert_allclose(np.sort(sets["shuffled"].inputs, 0), np.sort(x, 0))
    again = pseudo_outliers(inside(), seed=1)["mixed"].inputs
    np.testing.assert_array_equal(again, sets["mixed"].inputs)


def test_mixed_rows_join_two_predicted_classes():
    x = np.random.default_rng(0).normal(size=(60, 3))
    logits = np.eye(3)[np.repeat([0, 1, 2], [30, 20, 10])] * 9 - 4
    made = pseudo_outliers(Activations(features=x, logits=logits))["mixed"]
    sides = (made.logits > -4 + 1e-9).sum(1)
    assert (sides == 2).mean() > 0.95


def test_tables_of_any_columns_and_texts():
    frame = pa.table({"a": np.arange(40.0), "b": ["x", "y"] * 20})

    class Table:
        differentiable = False

        def __call__(self, inputs, *, maps=False):
            a = np.asarray(inputs["a"])
            return Activations.unchecked(logits=np.c_[a - 20.5, 20.5 - a], inputs=inputs, network=self)

    sets = pseudo_outliers(Table()(frame).replace(inputs=frame))
    assert set(sets) == {"mixed", "shuffled", "mixed features", "shuffled features"}
    np.testing.assert_allclose(np.sort(sets["shuffled"].logits[:, 0]), np.arange(40) - 20.5)

    class Lengths:
        differentiable = False

        def __call__(self, inputs, *, maps=False):
            n = np.array([[len(text.split()), text.count("b")] for text in inputs], float)
            return Activations.unchecked(logits=n - 2.2, inputs=inputs, network=self)

    texts = ["a a a a", "b b b b b b"] * 10
    sets = pseudo_outliers(Lengths()(texts).replace(inputs=texts))
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
    assert found.aurocs["backwards"]["noise"] == pytest.approx(1 - found.aurocs["vim"]["noise"])
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
