import numpy as np
import pytest
from networks import inside, reference
from scipy.special import logsumexp

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import ODIN, Energy, FunctionShaper, ReAct, ViM


@pytest.mark.oracle("ReAct")
def test_energy_of_features_cut_at_the_pooled_quantile():
    cut = np.quantile(reference().features.astype(float).ravel(), 0.7)
    weight, bias = (part.astype(float) for part in inside().head)
    logits = np.minimum(inside().features.astype(float), cut) @ weight.T + bias
    ours = ReAct(percentile=70).fit(reference()).score_samples(inside())
    np.testing.assert_allclose(ours, logsumexp(logits, axis=1), rtol=1e-9)


def test_the_largest_of_the_reference_cuts_nothing_of_it():
    scores = ReAct(percentile=100).fit(reference()).score_samples(reference())
    np.testing.assert_allclose(
        scores, (FunctionShaper(lambda z: z) | Energy()).fit(reference()).score_samples(reference())
    )


def test_the_score_behind_it_is_fitted_on_shaped_features():
    cut = np.quantile(reference().features.astype(float), 0.7)
    weight, bias = reference().head

    def shaped(acts):
        return Activations(features=np.minimum(acts.features.astype(float), cut), head=(weight, bias))

    ours = (ReAct(percentile=70) | ViM(dim=5)).fit(reference()).score_samples(inside())
    np.testing.assert_allclose(ours, ViM(dim=5).fit(shaped(reference())).score_samples(shaped(inside())), rtol=1e-8)


@pytest.mark.parametrize("percentile", [0, 101, -5])
def test_percentile_is_checked(percentile):
    with pytest.raises(BadInput, match="percentile"):
        ReAct(percentile=percentile).fit(reference())


def test_a_score_that_runs_the_network_again_is_refused():
    """It would score features that nothing has shaped."""
    with pytest.raises(BadInput, match="ODIN runs the network again"):
        (ReAct() | ODIN()).fit(reference())
