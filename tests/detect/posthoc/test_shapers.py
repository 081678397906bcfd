from itertools import pairwise

import numpy as np
import pytest
import torch
from networks import inside, reference
from scipy.optimize import minimize
from scipy.special import logsumexp

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import ASH, DICE, SCALE, VRA, Energy, OptFS, ReAct, Shaper, ViM
from ecotone.detect.posthoc._post_hoc import in_double

weight, bias = (part.astype(float) for part in inside().head)
new, known = inside().features.astype(float), reference().features.astype(float)


def energy(z, w=weight):
    return logsumexp(z @ w.T + bias, axis=1)


def shaped(shaper: Shaper, z, head=None, logits=None):
    acts = Activations(features=np.asarray(z, float), head=head or (np.eye(np.shape(z)[1]), np.zeros(np.shape(z)[1])))
    return shaper._shape(in_double(acts))


def top(z, k):
    """Mask of the k largest, one row after another."""
    mask = np.zeros(z.shape, bool)
    for row, found in zip(z, mask, strict=True):
        found[np.argsort(row)[::-1][:k]] = True
    return mask


@pytest.mark.oracle("SCALE")
@pytest.mark.parametrize(("percentile", "k"), [(85, 2), (65, 6), (0, 16), (99, 1), (50, 8)])
def test_scale_row_by_row(percentile, k):
    r = new.sum(1) / np.where(top(new, k), new, 0).sum(1)
    ours = SCALE(percentile).fit(reference()).score_samples(inside())
    np.testing.assert_allclose(ours, energy(new * np.exp(r)[:, None]), rtol=1e-9)


def test_scale_at_zero_multiplies_by_e_and_keeps_the_class_without_a_bias():
    acts = Activations(features=new, head=(weight, np.zeros(4)))
    np.testing.assert_allclose(shaped(SCALE(0), new).features, np.e * new, rtol=1e-12)
    assert (SCALE(85)._shape(in_double(acts)).logits.argmax(1) == acts.logits.argmax(1)).all()


def test_scale_is_ash_s_without_pruning():
    scale, ash = (shaped(shaper, new).features for shaper in (SCALE(65), ASH("s", 65)))
    kept = ash != 0
    assert (kept.sum(1) <= 6).all() and 0 < kept.mean() < 0.5
    np.testing.assert_allclose(ash[kept], scale[kept], rtol=1e-12)
    assert not (scale[new > 0] == 0).any()


@pytest.mark.oracle("ASH")
@pytest.mark.parametrize("method", ["s", "b", "p"])
def test_ash_row_by_row(method):
    z = np.random.default_rng(0).gamma(0.7, size=(40, 16))
    kept, total = top(z, 6), z.sum(1, keepdims=True)
    pruned = np.where(kept, z, 0)
    expected = {
        "p": pruned,
        "b": np.where(kept, total / 6, 0),
        "s": pruned * np.exp(total / pruned.sum(1, keepdims=True)),
    }[method]
    acts = Activations(features=z, head=(weight, bias))
    np.testing.assert_allclose(ASH(method, 65).score_samples(acts), energy(expected), rtol=1e-9)
    np.testing.assert_allclose(ASH("p", 0).score_samples(acts), energy(z), rtol=1e-9)


def test_ash_keeps_equal_features_and_raises_no_zeros():
    z = np.array([[5.0, 2, 2, 0, 0, 0], [5, 0, 0, 0, 0, 0]])
    assert shaped(ASH("p", 67), z).features.tolist() == [[5, 2, 2, 0, 0, 0], [5, 0, 0, 0, 0, 0]]
    assert shaped(ASH("b", 67), z).features.tolist() == [[3, 3, 3, 0, 0, 0], [5, 0, 0, 0, 0, 0]]
    assert shaped(ASH("b", 50), z[1:]).features.tolist() == [[5, 0, 0, 0, 0, 0]]  # the sum stays


@pytest.mark.parametrize("shaper", [SCALE(85), SCALE(99.99), ASH("s", 99.99), ASH("b"), ASH("p")])
@pytest.mark.parametrize("z", [np.zeros((2, 2048)), -np.ones((2, 2048)), np.full((2, 2048), 1e-300)])
def test_features_without_a_positive_sum_stay_finite(shaper, z):
    for features in (z, torch.as_tensor(z)):
        acts = Activations(features=features, head=(np.ones((3, 2048)), np.zeros(3)))
        assert np.isfinite(np.asarray(shaper.score_samples(acts))).all()


@pytest.mark.parametrize("shaper", [SCALE(100), SCALE(-1), ASH(percentile=101), ASH("q"), DICE(100), DICE(-1)])
def test_percentiles_and_methods_are_checked(shaper):
    with pytest.raises(BadInput, match=r"percentile|method"):
        shaper.fit(reference()).score_samples(inside())


@pytest.mark.oracle("DICE")
def test_dice_keeps_the_weights_that_contribute_most():
    contribution = known.mean(0) * weight
    kept = contribution > np.sort(contribution.ravel())[-20]  # 19 of 64
    detector = DICE(percentile=70).fit(reference())
    assert (detector.mask_ == kept).all()
    np.testing.assert_allclose(detector.score_samples(inside()), energy(new, np.where(kept, weight, 0)), rtol=1e-9)
    np.testing.assert_allclose(DICE(0).fit(reference()).score_samples(inside()), energy(new), rtol=1e-9)
    block = detector._shape(in_double(inside()))
    assert (block.head.weight == np.where(kept, weight, 0)).all() and (block.features == new).all()


def test_vra_with_open_bounds_is_react_and_energy():
    ours = VRA(low=0, high=80, levels="pooled").fit(reference()).score_samples(inside())
    np.testing.assert_allclose(ours, ReAct(80).fit(reference()).score_samples(inside()), rtol=1e-12)
    for levels in ("pooled", "feature"):
        ours = VRA(low=0, high=100, levels=levels).fit(reference()).score_samples(inside())
        np.testing.assert_allclose(ours, energy(new), rtol=1e-9)
    ours = VRA(low=-np.inf, high=np.inf, levels="value").fit(reference()).score_samples(inside())
    np.testing.assert_allclose(ours, energy(new), rtol=1e-9)


@pytest.mark.oracle("VRA")
@pytest.mark.parametrize(("levels", "axis"), [("feature", 0), ("pooled", None)])
def test_vra_variants_row_by_row(levels, axis):
    def rectified(low, high, gamma=0.0):
        alpha, beta = np.quantile(known, [low, high], axis=axis)
        return np.select([new < alpha, new <= beta], [0 * new, new + gamma], beta)

    expected = {
        "VRA": energy(rectified(0.6, 0.9)),
        "VRA+": energy(rectified(0.6, 0.95, 0.6)),
        "VRA++": energy(rectified(0.5, 0.85)) - 0.01 * ((new - 4) ** 2).sum(1),
    }
    for variant, scores in expected.items():
        ours = VRA(variant, levels=levels).fit(reference()).score_samples(inside())
        np.testing.assert_allclose(ours, scores, rtol=1e-9, err_msg=variant)
    behind = (VRA("VRA++", levels=levels) | Energy()).fit(reference()).score_samples(inside())
    np.testing.assert_allclose(behind, energy(rectified(0.5, 0.85)), rtol=1e-9)  # the norm belongs to the score alone


def test_vra_zeroes_low_features_and_falls_at_beta():
    acts = Activations(features=np.array([[-9.0, 0.4, 0.5, 1.0, 1.1]]), head=(np.eye(5), np.zeros(5)))
    ours = VRA("VRA+", low=0.5, high=1.0, gamma=0.3, levels="value").fit(acts)._shape(acts).features
    np.testing.assert_allclose(ours, [[0, 0, 0.8, 1.3, 1.0]])


@pytest.mark.oracle("VRA")
def test_vra_is_the_variational_optimum_of_discrete_activations():
    """min E_in (g - z)^2 - 2 lam (E_in g - E_out g), where outside has low and high values more often than inside."""
    z, inner = np.array([0.5, 1.0, 2.0]), np.array([0.2, 0.7, 0.1])
    outer = inner * [1.5, 0.8, 1.4]
    lam = 1.0
    assert outer.sum() == pytest.approx(1)
    found = minimize(lambda g: inner @ (g - z) ** 2 - 2 * lam * (inner - outer) @ g, z, tol=1e-12).x
    acts = Activations(features=z[None], head=(np.eye(3), np.zeros(3)))
    ours = VRA("VRA+", low=0.6, high=1.6, gamma=0.2, levels="value").fit(acts)._shape(acts).features[0]
    np.testing.assert_allclose(ours, found, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [{"variant": "VRA+++"}, {"levels": "row"}, {"low": 95}, {"high": 101}, {"levels": "value"}, {"low": -1}],
)
def test_vra_settings_are_checked(settings):
    with pytest.raises(BadInput, match=r"variant|level|low"):
        VRA(**settings).fit(reference())


@pytest.mark.oracle("OptFS")
def test_opt_fs_maximises_the_mean_shaped_logit_of_the_predicted_class():
    detector = OptFS(bins=4, c=2.0, tail=0.01).fit(reference())
    lower, upper = np.quantile(known, [0.01, 0.99])
    edges = np.linspace(lower, upper, 5)
    predicted = weight[(known @ weight.T + bias).argmax(1)]
    gain = np.stack([
        (predicted * known * ((known >= a) & (known < b))).sum(1) for a, b in pairwise(edges)
    ])  # fmt: skip
    start = np.array([1.0, -1.0, 1.0, 1.0])
    found = minimize(
        lambda theta: -(theta @ gain).mean(), start, constraints={"type": "eq", "fun": lambda t: t @ t - 4}, tol=1e-12
    )
    assert found.success
    np.testing.assert_allclose(detector.theta_, found.x, atol=1e-4)


def test_opt_fs_scores_v_and_e():
    detector = OptFS(c=3.0).fit(reference())
    lower, upper = np.quantile(known, [0.001, 0.999])
    edges = np.linspace(lower, upper, 101)
    assert (new >= upper).any()
    weights = np.where((new >= lower) & (new < upper), detector.theta_[np.clip(np.digitize(new, edges) - 1, 0, 99)], 0)
    v = (weight[(new @ weight.T + bias).argmax(1)] * weights * new).sum(1)
    np.testing.assert_allclose(detector.score_samples(inside()), v, rtol=1e-9, atol=1e-9)
    e = OptFS("E", c=3.0).fit(reference()).score_samples(inside())
    np.testing.assert_allclose(e, energy(weights * new), rtol=1e-9)
    np.testing.assert_array_equal((OptFS(c=3.0) | Energy()).fit(reference()).score_samples(inside()), e)
    other = OptFS(c=1.0).fit(reference()).score_samples(inside())
    np.testing.assert_allclose(other * 3, v, rtol=1e-9, atol=1e-9)  # c does not change the order of V


def test_opt_fs_of_ones_over_the_whole_range_is_energy():
    detector = OptFS("E").fit(reference())
    detector.theta_, detector.lower_, detector.width_ = np.ones(100), -0.1, 2 * new.max() / 100
    np.testing.assert_allclose(detector.score_samples(inside()), energy(new), rtol=1e-9)
    assert (shaped(detector, [[-1.0, 0.5, 1e9]]).features == [[0, 0.5, 0]]).all()  # zero outside, not clamped


def test_opt_fs_keeps_negative_weights():
    z = np.array([[2.0, 1.0], [1.9, 1.0]])
    acts = Activations(features=z, head=(np.array([[1.0, -1.0], [0.0, 0.0]]), np.zeros(2)))
    np.testing.assert_allclose(OptFS(bins=2, c=1, tail=0).fit(acts).theta_, np.array([-2, 1.9]) / np.hypot(2, 1.9))


def test_opt_fs_refuses_what_it_cannot_shape():
    for settings in ({"score": "X"}, {"bins": 0}, {"c": 0}, {"tail": 0.5}):
        with pytest.raises(BadInput, match=next(iter(settings))):
            OptFS(**settings).fit(reference())
    with pytest.raises(BadInput, match="all 1"):
        OptFS().fit(Activations(features=np.ones((3, 2)), head=(np.eye(2), np.zeros(2))))
    with pytest.raises(BadInput, match="contribute nothing"):
        OptFS().fit(Activations(features=new, head=(np.zeros((2, 16)), np.zeros(2))))


def test_scores_behind_a_shaper_read_shaped_features():
    factor = np.exp(known.sum(1) / np.where(top(known, 2), known, 0).sum(1))
    factors = np.exp(new.sum(1) / np.where(top(new, 2), new, 0).sum(1))
    plain = ViM(dim=4).fit(Activations(features=known * factor[:, None], head=(weight, bias)))
    ours = (SCALE(85) | ViM(dim=4)).fit(reference()).score_samples(inside())
    np.testing.assert_allclose(
        ours, plain.score_samples(Activations(features=new * factors[:, None], head=(weight, bias))), rtol=1e-6
    )


def test_shapers_chain():
    cut = np.percentile(known, 80)
    expected = SCALE(65).score_samples(Activations(features=np.minimum(new, cut), head=(weight, bias)))
    for chain in (ReAct(80) | SCALE(65), ReAct(80) | SCALE(65) | Energy(), ReAct(80) | (SCALE(65) | Energy())):
        np.testing.assert_allclose(chain.fit(reference()).score_samples(inside()), expected, rtol=1e-9)
    learnt = VRA("VRA+", high=90) | (ReAct(70) | ViM(dim=4))  # each learns from what those before it left
    left = VRA("VRA+", high=90).fit(reference())
    ours, plain = learnt.fit(reference()), (ReAct(70) | ViM(dim=4))
    before, after = (
        Activations(features=left._shape(in_double(acts)).features, head=(weight, bias))
        for acts in (reference(), inside())
    )
    np.testing.assert_allclose(ours.score_samples(inside()), plain.fit(before).score_samples(after), rtol=1e-9)
    with pytest.raises(BadInput, match="Energy is a score"):
        ReAct() | Energy() | SCALE()
