"""What is measured on the exact mixtures: identities, orders, distances by evaluations, likelihoods, the peers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ecotone.learn import GaussianMixture, Prediction, RowRandom
from ecotone.learn.processes import VE, VP, EDMProcess, GaussianProcess, SubVP
from ecotone.learn.samplers import (
    DBIM,
    DDIM,
    Ancestral,
    DPMSolver,
    Euler,
    Heun,
    PredictorCorrector,
    ProbabilityFlow,
    Sampler,
)
from ecotone.learn.schedules import Cosine, Fixed, Karras, Uniform
from ecotone.measure.distances import sliced_wasserstein

CACHE = Path(__file__).parents[1] / "cache" / "exact"
DIMENSIONS = (2, 8, 32)
BUDGETS = (10, 18, 35)
ROWS = 4096
FOLLOWED = 1024  # of them, along the ODE
SAMPLERS: dict[str, tuple[Sampler, int]] = {  # and evaluations a step
    "Euler": (Euler(), 1),
    "DDIM": (DDIM(), 1),
    "Heun": (Heun(), 2),
    "DPMSolver": (DPMSolver(), 1),
    "DBIM": (DBIM(), 1),
    "DBIM, order 2": (DBIM(order=2), 1),
    "DBIM, order 3": (DBIM(order=3), 1),
    "Ancestral": (Ancestral(), 1),
    "Ancestral, forward variance": (Ancestral("forward"), 1),
    "PredictorCorrector": (PredictorCorrector(), 2),
    "Heun, churn 10": (Heun(churn=10.0), 2),
}
STOCHASTIC = ("DBIM", "Ancestral", "PredictorCorrector", "churn")


@cache
def mixture(dim: int) -> GaussianMixture:
    """Five components at random, each column at mean 0 and standard deviation 1."""
    raw = GaussianMixture.random(dim=dim, components=5, seed=0)
    centre, scale = raw.mean(), torch.sqrt(torch.diagonal(raw.covariance()))
    covariances = raw.covariances_ / (scale[:, None] * scale[None, :])
    return GaussianMixture.of(raw.weights_, (raw.means_ - centre) / scale, covariances)


@cache
def noise(dim: int) -> torch.Tensor:
    return RowRandom(0, ROWS).normal((dim,))


@cache
def exact_rows(dim: int) -> np.ndarray:
    return np.asarray(mixture(dim).sample(2 * ROWS, seed=1))


def export(dim: int) -> None:
    """The mixture and the numbers to start from, for the peers."""
    CACHE.mkdir(parents=True, exist_ok=True)
    m = mixture(dim)
    parts = {"weights": m.weights_, "means": m.means_, "covariances": m.covariances_, "noise": noise(dim)}
    np.savez(CACHE / f"mixture_{dim}.npz", **{k: v.numpy() for k, v in parts.items()})


@cache
def reference(dim: int, start: float) -> torch.Tensor:
    """Where the probability-flow ODE leads the first rows of noise, by 200 steps of Heun from that noise level."""
    process = EDMProcess(t_max=start, t_min=1e-3)
    begin = start * noise(dim)[:FOLLOWED]
    return Heun().run(mixture(dim).denoiser(process), process, FOLLOWED, Karras(200), start=begin, seed=0).x


@cache
def typical(dim: int) -> float:
    return float(np.asarray(mixture(dim).log_prob(exact_rows(dim))).mean())


def figures(dim: int, x: torch.Tensor, start: float | None) -> dict[str, Any]:
    """Distances of rows to the mixture; with ``start``, to the ODE's own rows as well."""
    far, exact = x.numpy(), mixture(dim)
    off = torch.cov(x.T) - exact.covariance()
    found = {
        "sliced": float(sliced_wasserstein(far, exact_rows(dim), seed=0)),
        "mean": float((x.mean(0) - exact.mean()).norm() / dim**0.5),
        "covariance": float(off.norm() / exact.covariance().norm()),
        "likelihood": float(np.asarray(exact.log_prob(far)).mean() - typical(dim)),
    }
    if start is not None:
        gap = (x[:FOLLOWED] - reference(dim, round(start, 3))).norm(dim=1)
        found["trajectory"] = float(gap.mean() / dim**0.5)
    return {name: float(f"{value:.4g}") for name, value in found.items()}


class Counted:
    """A denoiser that counts its calls."""

    def __init__(self, denoiser: Any) -> None:
        self.denoiser, self.shape, self.calls = denoiser, denoiser.shape, 0

    def __call__(self, x: torch.Tensor, t: torch.Tensor | float, given: Any = None) -> Prediction:
        self.calls += 1
        found: Prediction = self.denoiser(x, t, given)
        return found


def ours() -> list[dict[str, Any]]:
    """Every sampler along Karras levels of EDM's process."""
    process, found = EDMProcess(), []
    for dim in DIMENSIONS:
        found.append({"dim": dim, "name": "exact rows", "budget": 0, "evaluations": 0, **_floor(dim)})
        for name, (sampler, each) in SAMPLERS.items():
            for budget in (*BUDGETS, 100):
                denoiser = Counted(mixture(dim).denoiser(process))
                steps = Karras((budget + 1) // 2 if each == 2 else budget)
                start = process.t_max * noise(dim)
                x = sampler.run(denoiser, process, ROWS, steps, start=start, seed=0).x
                random = any(word in name for word in STOCHASTIC)
                row = figures(dim, x, None if random else process.t_max)
                found.append({"dim": dim, "name": name, "budget": budget, "evaluations": denoiser.calls, **row})
                print(found[-1], flush=True)
    return found


def _floor(dim: int) -> dict[str, Any]:
    return figures(dim, torch.as_tensor(mixture(dim).sample(ROWS, seed=2)), None)


def _vp_times(steps: int, low: float = 0.0) -> Fixed:
    """Noise levels at even times of the variance-preserving process, from 80 to 0, or to ``low`` and then 0."""
    process, ends = VP(), torch.tensor([80.0, low], dtype=torch.float64)
    top, bottom = process.time(ends).tolist()
    times = torch.linspace(top, bottom, steps if low else steps + 1, dtype=torch.float64)
    levels = process.ratio(times)[1:].tolist()
    return Fixed((80.0, *levels, 0.0) if low else (80.0, *levels))


SCHEDULES: dict[str, Callable[[int], Any]] = {
    "Karras": Karras,
    "log ratio": lambda n: Karras(n, rho=math.inf, ratio_min=0.01),
    "Cosine": Cosine,
    "VP times": _vp_times,
    "VP times to 0.01": lambda n: _vp_times(n, 0.01),
}


def matched() -> list[dict[str, Any]]:
    """The samplers that diffusers has as well, along each of five schedules."""
    process, found = EDMProcess(), []
    for dim in DIMENSIONS:
        for name in ("Euler", "Heun", "DPMSolver", "Ancestral", "Ancestral, forward variance"):
            sampler, each = SAMPLERS[name]
            for budget in BUDGETS:
                for schedule, made in SCHEDULES.items():
                    denoiser = Counted(mixture(dim).denoiser(process))
                    steps, start = made((budget + 1) // 2 if each == 2 else budget), process.t_max * noise(dim)
                    x = sampler.run(denoiser, process, ROWS, steps, start=start, seed=0).x
                    row = figures(dim, x, None if "Ancestral" in name else process.t_max)
                    told = {"dim": dim, "name": name, "schedule": schedule, "budget": budget}
                    found.append({**told, "evaluations": denoiser.calls, **row})
                    print(found[-1], flush=True)
    return found


def peers() -> dict[str, Any] | None:
    """The same figures for what peers.py left."""
    paths = [CACHE / f"peers_{dim}.json" for dim in DIMENSIONS]
    if not all(path.exists() for path in paths):
        print("no rows of the peers; see peers.py", flush=True)
        return None
    told: dict[str, Any] = {"runs": []}
    for dim, path in zip(DIMENSIONS, paths, strict=True):
        body, rows = json.loads(path.read_text()), np.load(path.with_suffix(".npz"))
        told |= {"diffusers": body["version"], "torch": body["torch"]}
        for i, run in enumerate(body["runs"]):
            follow = (
                run["family"] not in ("Ancestral", "second-order SDE") and run["start"] > 79
            )  # not those that begin at less noise
            start = run["start"] if follow else None
            told["runs"].append({"dim": dim, **run, **figures(dim, torch.as_tensor(rows[f"{i}"]), start)})
            print(told["runs"][-1], flush=True)
    return told


ORDERS: dict[str, tuple[Sampler, int]] = {
    "Euler": (Euler(), 1),
    "DDIM": (DDIM(), 1),
    "Heun": (Heun(), 2),
    "DPMSolver": (DPMSolver(), 2),
}


def order(sampler: Sampler, dim: int = 2, steps: tuple[int, ...] = (64, 128, 256)) -> float:
    """Slope of log error on log steps, evenly spaced in time from 5 to .2 (never 0)."""
    process = EDMProcess(t_max=5.0)
    start, denoiser = 5.0 * noise(dim)[:64], mixture(dim).denoiser(process)

    def end(n: int, run: Sampler) -> torch.Tensor:
        return run.run(denoiser, process, 64, Uniform(n, end=0.2), start=start, seed=0).x

    truth = fine(dim)
    errors = [float((end(n, sampler) - truth).abs().mean()) for n in steps]
    return -float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


@cache
def fine(dim: int) -> torch.Tensor:
    process = EDMProcess(t_max=5.0)
    start = 5.0 * noise(dim)[:64]
    return Heun().run(mixture(dim).denoiser(process), process, 64, Uniform(4096, end=0.2), start=start, seed=0).x


def orders() -> list[dict[str, Any]]:
    return [
        {"dim": dim, "name": name, "order": order(sampler, dim), "theory": want}
        for dim in DIMENSIONS
        for name, (sampler, want) in ORDERS.items()
    ]


def identities() -> list[dict[str, Any]]:
    """Largest disagreement, relative to the largest value, of each statistic with the mixture's own marginal."""
    found = []
    for process in (EDMProcess(), VP(), VE(), SubVP()):
        for dim in DIMENSIONS:
            worst: dict[str, float] = {}
            for share in (0.02, 0.1, 0.3, 0.6, 0.9):
                for name, gap in identity(process, dim, share * process.t_max).items():
                    worst[name] = max(worst.get(name, 0.0), gap)
            found.append({"process": type(process).__name__, "dim": dim, **worst})
    return found


def identity(process: GaussianProcess, dim: int, t: float) -> dict[str, float]:
    """The denoiser's mean, score, velocity and noise against those of the marginal's gradient."""
    law = mixture(dim).marginal(process, t)
    x = torch.as_tensor(law.sample(64, seed=3)).requires_grad_()
    (score,) = torch.autograd.grad(law.log_prob(x).sum(), x)
    x = x.detach()
    at = torch.tensor(t, dtype=torch.float64)
    alpha, sigma = process.alpha(at), process.sigma(at)
    da, ds = process.alpha_rate(at), process.sigma_rate(at)
    mean = (x + sigma**2 * score) / alpha  # Tweedie's formula
    want = {"mean": mean, "score": score, "noise": -sigma * score, "velocity": da * mean - ds * sigma * score}
    said = mixture(dim).denoiser(process)(x, t)
    got = {"mean": said.x0} | {k: getattr(process, k)(said, x, t) for k in ("score", "noise", "velocity")}
    return {k: float((got[k] - want[k]).abs().max() / want[k].abs().max().clamp(min=1)) for k in want}


def likelihood() -> list[dict[str, Any]]:
    """The log-likelihood by the probability-flow ODE, by its tolerance."""
    found = []
    for dim in DIMENSIONS:
        x = torch.as_tensor(mixture(dim).sample(64, seed=4))
        truth = mixture(dim).log_prob(x)
        process = EDMProcess(t_max=1000.0)
        for tolerance in (1e-2, 1e-3, 1e-4, 1e-5):
            denoiser = Counted(mixture(dim).denoiser(process))
            got = ProbabilityFlow(rtol=tolerance, atol=tolerance).log_prob(denoiser, process, x)
            gap = (got - truth).abs()
            row = {"dim": dim, "tolerance": tolerance, "evaluations": denoiser.calls}
            found.append({**row, "mean error": float(gap.mean()), "largest error": float(gap.max())})
            print(found[-1], flush=True)
    return found


PARTS: dict[str, Callable[[], Any]] = {
    "identities": identities, "orders": orders, "likelihood": likelihood, "ours": ours, "matched": matched,
    "peers": peers,
}  # fmt: skip
