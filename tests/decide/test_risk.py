"""A risk that rises, and the interval of a running loss: their stated errors, by exact computation and simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from ecotone.contracts import BadInput
from ecotone.decide.sequential import RiskDetector, RiskSequence, RunningMeanSequence, risk_limit


@pytest.mark.oracle("RiskSequence")
def test_the_interval_is_the_papers_formula():
    x, alpha = np.random.default_rng(0).beta(2, 5, 200), 0.1
    sequence = RiskSequence(alpha)
    sequence.update(x[:50])
    sequence.update(x[50:])
    t = np.arange(1, 201)
    mean = (0.5 + np.cumsum(x)) / (t + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (t + 1)
    before = np.append(0.5, mean[:-1])
    bet = np.minimum(0.5, np.sqrt(2 * math.log(2 / alpha) / (np.append(0.25, variance[:-1]) * t * np.log(1 + t))))
    # the paper: v_i = 4 (x - mean)^2 and psi_E = (-log(1 - bet) - bet) / 4
    half = (math.log(2 / alpha) + (4 * (x - before) ** 2 * (-np.log(1 - bet) - bet) / 4).sum()) / bet.sum()
    centre = (bet * x).sum() / bet.sum()
    np.testing.assert_allclose(sequence.interval, (centre - half, centre + half), rtol=1e-12)


@pytest.mark.oracle("RiskSequence")
@pytest.mark.parametrize("p, alpha", [(0.05, 0.2), (0.5, 0.2)])
def test_it_holds_the_mean_at_all_times_at_once(p, alpha):
    rng, misses, n = np.random.default_rng(1), 0, 400
    for _ in range(n):
        sequence, missed = RiskSequence(alpha), False
        for x in (rng.random(300) < p).astype(float):
            sequence.update(np.array([x]))
            low, high = sequence.interval
            missed = missed or not low <= p <= high
        misses += missed
    assert misses <= stats.binom.ppf(0.999, n, alpha) and high - low < 0.35


@pytest.mark.oracle("RunningMeanSequence")
def test_the_boundary_is_the_union_of_its_pieces():
    """u(v) is above what the linear boundaries of the stitching need: one for each [2^k, 2^(k+1)], error a / h(k)."""
    x, alpha = np.random.default_rng(0).beta(2, 5, 400), 0.1
    sequence = RunningMeanSequence(alpha)
    sequence.update(x[:150])
    sequence.update(x[150:])
    before = np.append(0.5, (0.5 + np.cumsum(x)) / (np.arange(400) + 2))[:-1]
    v = max(1.0, float(((x - before) ** 2).sum()))
    k = math.log2(v)  # the error alpha / 2 is shared as 1 / ((k + 1)^s zeta(s))
    zeta = sum(1 / j**1.4 for j in range(1, 200_000)) + 200_000**-0.4 / 0.4  # the sum, and the integral of its tail
    length = math.log((k + 1) ** 1.4 * zeta * 2 / alpha)
    k1, k2 = (2**0.25 + 2**-0.25) / math.sqrt(2), (math.sqrt(2) + 1) / 2
    half = (math.sqrt(k1**2 * v * length + (k2 * length) ** 2) + k2 * length) / 400
    np.testing.assert_allclose(sequence.interval, (x.mean() - half, x.mean() + half), rtol=1e-5)
    # a line a + b v of a sub-gamma process, optimal at the piece's middle, lies below it on the whole piece
    for low in (1.0, 4.0, 64.0, 1024.0):
        error = math.log(((math.log2(low) + 1) ** 1.4) * zeta * 2 / alpha)
        middle = math.sqrt(2) * low
        rate = 1 / (1 + math.sqrt(middle / (2 * error)))  # of exp(rate S - psi(rate) V), psi = rate^2 / (2 (1 - rate))
        for w in np.linspace(low, 2 * low, 9):
            line = error / rate + rate / (2 * (1 - rate)) * w
            assert RunningMeanSequence(alpha)._boundary(float(w)) >= line * (1 - 1e-9)


@pytest.mark.oracle("RunningMeanSequence")
def test_it_holds_a_running_mean_that_moves_at_all_times_at_once():
    rng, misses, n, alpha = np.random.default_rng(1), 0, 400, 0.5
    risk = np.where(np.arange(400) < 100, 0.05, 0.5)
    running = np.cumsum(risk) / np.arange(1, 401)
    for _ in range(n):
        sequence, missed = RunningMeanSequence(alpha), False
        for x, mean in zip((rng.random(400) < risk).astype(float), running):
            sequence.update(np.array([x]))
            low, high = sequence.interval
            missed = missed or not low <= mean <= high
        misses += missed
    assert misses <= stats.binom.ppf(0.999, n, alpha) and high - low < 0.25
    assert low < running[-1] < high and not low <= 0.05 <= high


@pytest.mark.oracle("RiskDetector")
def test_the_mean_time_to_a_false_alarm_is_the_threshold_at_least():
    rng, limit, threshold, n = np.random.default_rng(2), 0.3, 40.0, 400
    first = []
    for _ in range(n):
        detector, alarms = RiskDetector(limit, threshold), []
        while not alarms:
            alarms = detector.update((rng.random(50) < limit).astype(float))
        first.append(alarms[0] + 1)
    assert np.mean(first) >= threshold - 3 * np.std(first) / math.sqrt(n)
    # and the martingale itself: E[R] = t at a fixed time, all paths of eight labels
    total = 0.0
    for path in range(256):
        losses = np.array([path >> k & 1 for k in range(8)], float)
        detector = RiskDetector(limit, 1e9)
        detector.update(losses)
        total += detector.value * np.prod(np.where(losses, limit, 1 - limit))
    np.testing.assert_allclose(total, 8, rtol=1e-12)


@pytest.mark.oracle("RiskDetector")
def test_the_probability_of_ever_a_false_alarm():
    rng, n = np.random.default_rng(3), 400
    alarmed = sum(
        bool(RiskDetector(0.3, 1 / 0.1, ever=True).update((rng.random(400) < 0.3).astype(float))) for _ in range(n)
    )
    assert alarmed <= stats.binom.ppf(0.999, n, 0.1)


def test_a_risen_risk_is_found_late_too():
    rng = np.random.default_rng(4)
    losses = np.concatenate([rng.random(2000) < 0.1, rng.random(400) < 0.25]).astype(float)
    detector = RiskDetector(risk_limit((rng.random(2000) < 0.1).astype(float)), 10_000.0)
    assert 2000 < detector.update(losses)[0] < 2350


@pytest.mark.parametrize("draw", [lambda rng: (rng.random(60) < 0.2).astype(float), lambda rng: rng.beta(1, 4, 60)])
def test_the_limit_holds_the_risk(draw):
    rng, n = np.random.default_rng(5), 400
    below = sum(risk_limit(draw(rng), level=0.1) < 0.2 for _ in range(n))
    assert below <= stats.binom.ppf(0.999, n, 0.1)
    assert risk_limit(np.ones(5)) == 1.0 and risk_limit(np.zeros(9), tolerance=0.5) == pytest.approx(
        1.5 - 0.05 ** (1 / 9)
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: RiskDetector(0.0, 10.0),
        lambda: RiskDetector(0.1, 10.0).update(np.array([1.5])),
        lambda: RiskSequence(1.0),
        lambda: RunningMeanSequence(0.0),
        lambda: RunningMeanSequence().update(np.array([2.0])),
        lambda: RiskSequence().update(np.array([np.nan])),
        lambda: risk_limit(np.array([])),
    ],
)
def test_bad_input(call):
    with pytest.raises(BadInput):
        call()
