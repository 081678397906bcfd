"""The same mixtures through the schedulers of diffusers, in an environment of their own.

    python benchmarks/exact/run.py --export
    python -m venv .venv-diffusers && .venv-diffusers/bin/pip install -r benchmarks/peers/diffusers.txt
    .venv-diffusers/bin/python benchmarks/exact/peers.py

Every scheduler is given the exact denoiser at the very noise level that it believes to be at, and the same standard
normal numbers to start from.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch

CACHE = Path(__file__).parents[1] / "cache" / "exact"
LINEAR = {"num_train_timesteps": 1000, "beta_start": 1e-4, "beta_end": 0.02, "beta_schedule": "linear"}
PLAIN = {**LINEAR, "prediction_type": "epsilon"}
KARRAS = {**PLAIN, "use_karras_sigmas": True}
EXPONENTIAL = {**PLAIN, "use_exponential_sigmas": True}
EDM = {"sigma_min": 0.002, "sigma_max": 80.0, "sigma_data": 0.5, "prediction_type": "epsilon"}
VP_SPACE, NOISE_SPACE, PRECONDITIONED, BY_TIME = "vp", "sigma", "edm", "time"

# name, matching sampler of ours, class, arguments, what its state is, evaluations a step
SCHEDULERS: list[tuple[str, str, str, dict[str, Any], str, int]] = [
    ("EDMEuler", "Euler", "EDMEulerScheduler", EDM, PRECONDITIONED, 1),
    ("EDMEuler, exponential", "Euler", "EDMEulerScheduler", {**EDM, "sigma_schedule": "exponential"},
     PRECONDITIONED, 1),
    ("EulerDiscrete", "Euler", "EulerDiscreteScheduler", PLAIN, NOISE_SPACE, 1),
    ("EulerDiscrete, Karras", "Euler", "EulerDiscreteScheduler", KARRAS, NOISE_SPACE, 1),
    ("DDIM", "DDIM", "DDIMScheduler", {**PLAIN, "clip_sample": False}, BY_TIME, 1),
    ("DDIM, trailing", "DDIM", "DDIMScheduler", {**PLAIN, "clip_sample": False, "timestep_spacing": "trailing"},
     BY_TIME, 1),
    ("HeunDiscrete", "Heun", "HeunDiscreteScheduler", PLAIN, NOISE_SPACE, 2),
    ("HeunDiscrete, Karras", "Heun", "HeunDiscreteScheduler", KARRAS, NOISE_SPACE, 2),
    ("HeunDiscrete, exponential", "Heun", "HeunDiscreteScheduler", EXPONENTIAL, NOISE_SPACE, 2),
    ("KDPM2Discrete, Karras", "midpoint", "KDPM2DiscreteScheduler", KARRAS, NOISE_SPACE, 2),
    ("EDMDPMSolverMultistep", "DPMSolver", "EDMDPMSolverMultistepScheduler", EDM, PRECONDITIONED, 1),
    ("EDMDPMSolverMultistep, exponential", "DPMSolver", "EDMDPMSolverMultistepScheduler",
     {**EDM, "sigma_schedule": "exponential"}, PRECONDITIONED, 1),
    ("DPMSolverMultistep", "DPMSolver", "DPMSolverMultistepScheduler", PLAIN, VP_SPACE, 1),
    ("DPMSolverMultistep, Karras", "DPMSolver", "DPMSolverMultistepScheduler", KARRAS, VP_SPACE, 1),
    ("DPMSolverMultistep, log ratio", "DPMSolver", "DPMSolverMultistepScheduler", {**PLAIN, "use_lu_lambdas": True},
     VP_SPACE, 1),
    ("EDMDPMSolverMultistep, order 3", "third order", "EDMDPMSolverMultistepScheduler", {**EDM, "solver_order": 3},
     PRECONDITIONED, 1),
    ("DPMSolverMultistep, order 3, Karras", "third order", "DPMSolverMultistepScheduler", {**KARRAS, "solver_order": 3},
     VP_SPACE, 1),
    ("UniPCMultistep, Karras", "third order", "UniPCMultistepScheduler", KARRAS, VP_SPACE, 1),
    ("UniPCMultistep, order 3, Karras", "third order", "UniPCMultistepScheduler", {**KARRAS, "solver_order": 3},
     VP_SPACE, 1),
    ("DEISMultistep, Karras", "third order", "DEISMultistepScheduler", KARRAS, VP_SPACE, 1),
    ("LMSDiscrete, Karras", "third order", "LMSDiscreteScheduler", KARRAS, NOISE_SPACE, 1),
    ("DDPM", "Ancestral", "DDPMScheduler", {**PLAIN, "clip_sample": False}, BY_TIME, 1),
    ("DDPM, trailing", "Ancestral", "DDPMScheduler", {**PLAIN, "clip_sample": False, "timestep_spacing": "trailing"},
     BY_TIME, 1),
    ("EulerAncestralDiscrete", "Ancestral", "EulerAncestralDiscreteScheduler", PLAIN, NOISE_SPACE, 1),
    ("SDE-DPMSolver++, Karras", "second-order SDE", "DPMSolverMultistepScheduler",
     {**KARRAS, "algorithm_type": "sde-dpmsolver++"}, VP_SPACE, 1),
]  # fmt: skip


class Exact:
    """E[x_0 | x_0 + sigma z] of a mixture, in float64; it counts its calls."""

    def __init__(self, parameters: Any) -> None:
        self.weights, self.means = (torch.as_tensor(parameters[k]) for k in ("weights", "means"))
        self.values, self.vectors = torch.linalg.eigh(torch.as_tensor(parameters["covariances"]))
        self.calls = 0

    def __call__(self, x: torch.Tensor, sigma: float) -> torch.Tensor:
        self.calls += 1
        spread = self.values + sigma**2
        y = torch.einsum("nkd,kde->nke", x.double()[:, None] - self.means, self.vectors)
        log = torch.log(self.weights) - 0.5 * (y**2 / spread + torch.log(spread)).sum(-1)
        back = torch.einsum("nke,kde->nkd", self.values / spread * y, self.vectors)
        return (torch.softmax(log, 1)[..., None] * (self.means + back)).sum(1)


def run(exact: Exact, z: torch.Tensor, made: Any, kind: str) -> tuple[torch.Tensor, float]:
    """Rows, and the noise-to-signal ratio that they started at."""
    noise = torch.Generator().manual_seed(0)
    if kind == BY_TIME:
        levels = torch.sqrt(1 / made.alphas_cumprod - 1).double()
        start = float(levels[int(made.timesteps[0])])
    else:
        start = float(made.sigmas[0])
    x = z.clone() if kind in (BY_TIME, VP_SPACE) else start * z
    for t in made.timesteps:
        made.scale_model_input(x, t)  # counts the step; the exact denoiser needs no scaling
        x = made.step(_asked(exact, x, t, made, kind), t, x, **_noise(made, noise)).prev_sample
    return x.double(), start


def _noise(made: Any, generator: torch.Generator) -> dict[str, Any]:
    import inspect

    return {"generator": generator} if "generator" in inspect.signature(made.step).parameters else {}


def _asked(exact: Exact, x: torch.Tensor, t: torch.Tensor, made: Any, kind: str) -> torch.Tensor:
    """The model output for which the scheduler asks, from the exact denoiser."""
    if kind == BY_TIME:
        sigma = float(torch.sqrt(1 / made.alphas_cumprod[int(t)] - 1))
    else:
        levels = made.sigmas
        if hasattr(made, "sigmas_interpol") and not made.state_in_first_order:
            levels = made.sigmas_interpol
        sigma = float(levels[made.step_index or 0])
    if kind == PRECONDITIONED:
        s = made.config.sigma_data
        skip, out = s**2 / (sigma**2 + s**2), sigma * s / (sigma**2 + s**2) ** 0.5
        return (exact(x, sigma) - skip * x) / out
    if kind == NOISE_SPACE:
        return (x - exact(x, sigma)) / sigma
    alpha = (1 + sigma**2) ** -0.5
    return (x - alpha * exact(x / alpha, sigma)) / (alpha * sigma)


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    diffusers.logging.set_verbosity_error()
    for path in sorted(CACHE.glob("mixture_*.npz")):
        parameters = np.load(path)
        z, found, told = torch.as_tensor(parameters["noise"]), {}, []
        for name, family, cls, arguments, kind, each in SCHEDULERS:
            for budget in (10, 18, 35):
                made = getattr(diffusers, cls)(**arguments)
                made.set_timesteps((budget + 1) // 2 if each == 2 else budget)
                exact = Exact(parameters)
                x, start = run(exact, z, made, kind)
                key = f"{len(told)}"
                found[key] = x.numpy()
                told.append(
                    {"name": name, "family": family, "budget": budget, "evaluations": exact.calls, "start": start}
                )
                print(path.stem, name, budget, exact.calls, round(start, 2), flush=True, file=sys.stderr)
        np.savez(CACHE / f"peers_{path.stem.split('_')[1]}.npz", **found)
        body = {"version": diffusers.__version__, "torch": torch.__version__, "runs": told}
        (CACHE / f"peers_{path.stem.split('_')[1]}.json").write_text(json.dumps(body))


if __name__ == "__main__":
    main()
