import numpy as np
import pytest
from scipy.special import logsumexp

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import Energy

LOGITS = np.random.default_rng(0).normal(0, 20, (50, 7))


@pytest.mark.oracle("Energy")
@pytest.mark.parametrize("temperature", [0.1, 1.0, 50.0])
def test_it_is_scipys_log_sum_exp(temperature):
    ours = Energy(temperature).score_samples(Activations(logits=LOGITS))
    np.testing.assert_allclose(ours, temperature * logsumexp(LOGITS / temperature, axis=1), rtol=1e-12)


def test_large_logits_do_not_overflow():
    assert np.isfinite(Energy().score_samples(Activations(logits=LOGITS * 1e4))).all()


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(BadInput, match="temperature"):
        Energy(0.0).score_samples(Activations(logits=LOGITS))
