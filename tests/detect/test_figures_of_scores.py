"""Parts of scores that the ranking of rows alone does not show."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ecotone.contracts import Activations
from ecotone.detect.anomaly import DTE, GaussianMixtureDensity
from ecotone.detect.posthoc import FDBD, Mahalanobis, TemperatureScaled
from ecotone.detect.posthoc._kth import TILE, _exhaustive

RNG = np.random.default_rng(0)
X = RNG.normal(3, 2, size=(120, 2))


@pytest.mark.oracle("DTE")
@pytest.mark.parametrize("mode", ["neighbours", "exact"])
def test_posterior_of_noise_levels_is_a_distribution_over_the_papers_schedule(mode):
    fitted = DTE(mode=mode, steps=50).fit(X)
    posterior = fitted.posterior(np.r_[X[:5], [[40.0, 40.0]]])
    np.testing.assert_allclose(posterior.sum(1), 1, rtol=1e-9)
    assert posterior[-1].argmax() > posterior[:5].argmax(1).max()
    np.testing.assert_allclose(fitted.mean_, X.mean(0))
    alphas = 1 - (1e-4 + (0.01 - 1e-4) * np.arange(50) / 49)
    np.testing.assert_allclose(fitted.variances_, [1 - np.prod(alphas[: t + 1]) for t in range(50)])


@pytest.mark.oracle("GaussianMixtureDensity")
def test_contributions_are_those_of_the_component_that_a_row_is_nearest_to():
    rows = np.r_[RNG.normal(0, 1, size=(300, 2)), RNG.normal(12, 1, size=(300, 2))]
    fitted = GaussianMixtureDensity(random_state=0).fit(rows)
    shown = np.array([[0.5, 3.0], [12.0, 9.0], [0.0, 0.1]])
    found = fitted.contributions(shown)
    likeliest = fitted.log_components(shown).argmax(axis=1)
    for row, k, parts in zip(shown, likeliest, found):
        W = fitted.whiteners_[k]
        precision = W @ W.T
        for j in (0, 1):  # replaced by its mean given the other column
            i, moved = 1 - j, row.copy()
            moved[j] = fitted.means_[k][j] - precision[j, i] / precision[j, j] * (row[i] - fitted.means_[k][i])
            gain = fitted.log_components(moved[None])[0, k] - fitted.log_components(row[None])[0, k]
            assert parts[j] == pytest.approx(gain, abs=1e-9)


@pytest.mark.oracle("FDBD")
def test_the_floor_of_lengths_is_a_billionth_of_their_mean():
    features, weight = RNG.normal(size=(500, 4)), RNG.normal(size=(3, 4))
    fitted = FDBD().fit(Activations(features=features, head=(weight, np.zeros(3))))
    lengths = np.linalg.norm(features - features.mean(0), axis=1)
    assert fitted.floor_ == pytest.approx(1e-9 * lengths.mean(), rel=1e-6)


@pytest.mark.oracle("TemperatureScaled")
def test_logits_without_a_head_have_a_temperature_too():
    logits, labels = 5 * RNG.normal(size=(400, 3)), RNG.integers(0, 3, 400)
    fitted = TemperatureScaled().fit(Activations(logits=logits, labels=labels))
    shaped = fitted._shape(Activations(logits=logits))
    assert shaped.head is None and fitted.temperature_ > 1
    np.testing.assert_allclose(shaped.logits, logits / fitted.temperature_)


@pytest.mark.oracle("KNN")
def test_a_bank_larger_than_a_tile_is_searched_tile_by_tile():
    bank, part = RNG.normal(size=(TILE // 2 // 7, 2)), RNG.normal(size=(20, 2))
    found = _exhaustive(part, bank, 3, bank.mean(0))
    apart = ((part[:, None] - bank) ** 2).sum(-1)
    assert found.shape == (20,)
    np.testing.assert_array_equal(found, np.argsort(apart, axis=1)[:, 2])


@pytest.mark.oracle("Mahalanobis")
def test_weights_of_layers_are_those_of_a_regression_on_standardised_confidences():
    labels = np.repeat([0, 1], 60)
    layers = {"a": RNG.normal(size=(120, 3)) + labels[:, None], "b": 1e-2 * RNG.normal(size=(120, 2))}
    fitted = Mahalanobis(layers=("a", "b")).fit(Activations(layers=layers, labels=labels))
    inside = Activations(layers={n: v + 0 for n, v in layers.items()})
    outside = Activations(layers={n: v + 3 * v.std(0) for n, v in layers.items()})
    fitted.weigh(inside, outside)
    parts = [fitted.confidences(acts) for acts in (inside, outside)]
    search = GridSearchCV(
        make_pipeline(StandardScaler(with_mean=False), LogisticRegression()),
        {"logisticregression__C": np.geomspace(1e-4, 1e4, 10)},
        scoring="neg_log_loss",
    ).fit(np.concatenate(parts), np.repeat([1, 0], 120))
    scaler, regression = search.best_estimator_
    np.testing.assert_allclose(fitted.alpha_, regression.coef_[0] / scaler.scale_, rtol=0.2)
