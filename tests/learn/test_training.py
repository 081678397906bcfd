"""Training: resumes to the same weights, stops early, loses nothing, says what is wrong."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ecotone.contracts import BadInput
from ecotone.learn import EDM, RowRandom, Training
from ecotone.learn.networks import MLP
from ecotone.learn.training import _machine, _run

X = np.random.default_rng(0).normal(size=(400, 2))


def model(**settings):
    return EDM(
        MLP(width=16, depth=1), training=Training(**{"steps": 40, "eval_every": 10, "device": "cpu", **settings})
    )


def weights(fitted):
    return torch.cat([p.detach().flatten() for p in fitted.denoiser_.parameters()])


def test_resumed_training_ends_where_an_unbroken_run_does(tmp_path):
    unbroken = model().fit(X)

    def stop(progress):
        if progress.step == 20:
            raise KeyboardInterrupt

    broken = model(checkpoint=tmp_path / "c", callbacks=(stop,))
    with pytest.raises(KeyboardInterrupt):
        broken.fit(X)
    resumed = model(checkpoint=tmp_path / "c").fit(X)
    assert torch.allclose(weights(resumed), weights(unbroken), atol=1e-6)
    assert [h["step"] for h in resumed.history_] == [10, 20, 30, 40]
    with pytest.raises(BadInput, match="other data, settings or network"):
        model(checkpoint=tmp_path / "c").fit(X + 1)
    (tmp_path / "c").write_bytes((tmp_path / "c").read_bytes()[:500])
    with pytest.raises(BadInput, match="not a usable checkpoint"):
        model(checkpoint=tmp_path / "c").fit(X)


def test_a_diverging_loss_keeps_the_best_weights(tmp_path):
    seen = []

    def break_it(progress):
        seen.append(progress.step)
        if progress.step == 20:
            for p in broken.denoiser_.parameters():
                p.data.fill_(float("inf"))

    broken = model(callbacks=(break_it,))
    with pytest.raises(BadInput, match="the loss is nan at step 20"):
        broken.fit(X)
    assert torch.isfinite(weights(broken)).all() and seen == [10, 20]


def test_early_stopping_keeps_the_best():
    fitted = model(steps=2000, eval_every=10, patience=2, learning_rate=0.05).fit(X[:60])
    held = [h["held_out"] for h in fitted.history_]
    assert len(held) < 200 and int(np.argmin(held)) == len(held) - 4, "three looks without improvement end it"


def test_the_clock_ends_training_with_the_last_weights(monkeypatch):
    ticks = itertools.count()  # a clock that shows one second more at each look
    monkeypatch.setattr("ecotone.learn.training._run.time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    settings = {"validation_fraction": 0.0, "ema": 0.0, "warmup": 0}
    ended = model(steps=10**6, eval_every=10**6, max_minutes=1.0, **settings).fit(X)
    (last,) = ended.history_
    assert 20 <= last["step"] <= 60, "one look, at the end"
    assert float((weights(ended) - weights(model(steps=1, **settings).fit(X))).norm()) > 0.1


def test_the_moving_average_follows_short_runs():
    # The decay begins low, so that the average of forty steps is not the weights that training began with
    begun, raw, mean = (weights(model(**s).fit(X)) for s in ({"steps": 1, "ema": 0.0}, {"ema": 0.0}, {"ema": 0.999}))
    assert float((mean - raw).norm()) < 0.6 * float((begun - raw).norm())


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"steps": 0}, "steps"),
        ({"max_minutes": 0.0}, "max_minutes"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
    ],
)
def test_settings_out_of_range(settings, words):
    with pytest.raises(BadInput, match=words):
        model(**settings).fit(X)


def test_constant_columns_and_lonely_classes():
    with pytest.raises(BadInput, match="column 1 of X is constant"):
        model().fit(np.column_stack([X[:, 0], np.ones(400)]))
    with pytest.raises(BadInput, match="class 1 of given has one row"):
        model().fit(X, given=(np.arange(400) == 7).astype(int))
    with pytest.raises(BadInput, match="one entry for each"):
        model().fit(X, given=[1, 2])


def test_random_numbers_of_rows():
    z = RowRandom(0, 20_000).normal((5,))
    assert abs(float(z.mean())) < 0.02 and float(z.std()) == pytest.approx(1, abs=0.01)
    assert float(torch.corrcoef(z.T).fill_diagonal_(0).abs().max()) < 0.03
    a = RowRandom(1, 3)
    assert not torch.equal(a.normal((2,)), a.normal((2,)))


def test_philox_known_answers():
    # Known answers of the reference implementation (Random123, kat_vectors: philox4x32 10)
    from ecotone.learn._random import philox

    ones = tuple(torch.tensor(0xFFFFFFFF) for _ in range(4))
    assert [int(w) for w in philox(tuple(torch.tensor(0) for _ in range(4)), (0, 0))] == [
        0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8,
    ]  # fmt: skip
    assert [int(w) for w in philox(ones, (0xFFFFFFFF, 0xFFFFFFFF))] == [
        0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD,
    ]  # fmt: skip


def test_the_optimizer_is_one_of_two():
    steps = [weights(model(optimizer=name, warmup=0).fit(X)) for name in ("adamw", "rmsprop")]
    assert not torch.allclose(*steps)
    with pytest.raises(BadInput, match="optimizer"):
        model(optimizer="sgd").fit(X)


def test_precision_follows_the_processor(monkeypatch):
    for can, want in (({"avx512_bf16": True}, "bf16-mixed"), ({"avx512_bf16": False}, "32-true"), ({}, "32-true")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda can=can: can)
        assert _machine._precision("cpu") == want
    fitted = model(precision="auto").fit(X)
    assert all(p.dtype == torch.float32 for p in fitted.denoiser_.parameters())


def test_patience_counts_looks_since_the_best(monkeypatch):
    told = iter([5.0, 4.0, 4.5, 3.0, 3.5, 3.6, 3.7, 2.0, 1.0])
    monkeypatch.setattr(_run._Run, "_held_out_loss", lambda run: next(told))
    fitted = model(steps=1000, eval_every=1, patience=2).fit(X)
    assert [h["held_out"] for h in fitted.history_] == [5.0, 4.0, 4.5, 3.0, 3.5, 3.6, 3.7]


def test_the_moving_average_is_the_recursion():
    settings = {"ema": 0.9, "validation_fraction": 0.0, "warmup": 1, "learning_rate": 0.02}
    seen = []
    watched = model(steps=30, eval_every=1, callbacks=(lambda p: seen.append(weights(watched).clone()),), **settings)
    ended = weights(watched.fit(X))
    mean = weights(model(steps=1, **settings | {"learning_rate": 1e-9, "ema": 0.0}).fit(X))  # before any step
    for k, now in enumerate(seen, start=1):
        decay = min(0.9, (1 + k) / (10 + k))
        mean = decay * mean + (1 - decay) * now
    assert torch.allclose(ended, mean, atol=1e-5) and float((ended - seen[-1]).abs().max()) > 1e-3


def test_the_rate_rises_and_falls():
    assert _run._rate(0, 0.0, 100) == pytest.approx(0.01) and _run._rate(49, 0.0, 100) == pytest.approx(0.5)
    assert [_run._rate(500, share, 100) for share in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.5, 0.0])


def test_edm_sees_rows_at_its_own_scale():
    fitted = model(steps=1).fit(3 * X + 7)
    z = fitted._encode(torch.as_tensor(3 * X + 7))
    assert z.std(0, correction=0).numpy() == pytest.approx([0.5, 0.5]) and abs(float(z.mean())) < 1e-9


def test_a_listener_is_told_the_loss_and_the_share_that_is_done():
    told = []
    model(progress=lambda *said: told.append(said)).fit(X)
    assert [done for _, done in told] == [step / 40 for step in range(1, 41)]
    assert [stage.split(" ")[0] for stage, _ in told] == ["training"] * 9 + ["training,"] * 31
    assert "held-out loss" in told[-1][0]
