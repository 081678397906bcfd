"""One run of the loop: steps, looks at the held-out loss, the best weights so far, and its state in checkpoints."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ecotone.contracts import BadInput
from ecotone.learn import Batch, Loss, RowRandom
from ecotone.learn._checkpoint import read_checkpoint, write_checkpoint

from ._machine import _fabric
from ._settings import Progress, Training

_VALIDATION = 4096  # rows of held-out loss, each held-out row several times where there are fewer


@dataclass
class _Rows:
    x: Tensor
    given: Tensor | None
    weight: Tensor | None

    def batch(self, at: Tensor, rng: RowRandom, like: Tensor) -> Batch:
        def some(part: Tensor | None) -> Tensor | None:
            if part is None:
                return None
            return part[at].to(device=like.device, dtype=like.dtype if part.is_floating_point() else part.dtype)

        x = some(self.x)
        assert x is not None
        return Batch(x, some(self.given), some(self.weight), rng)


class _Boxed:
    """Carries a batch past Fabric, which would take a dataclass apart."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch


class _Step(nn.Module):
    """The loss as a module, so that Fabric's precision covers all of it."""

    def __init__(self, module: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.module, self.loss = module, loss

    def forward(self, boxed: _Boxed) -> Tensor:
        return self.loss(self.module, boxed.batch)


class _Run:
    def __init__(self, module: nn.Module, loss: Loss, data: _Rows, training: Training) -> None:
        self.loss, self.data, self.training = loss, data, training
        order = np.random.default_rng(np.random.SeedSequence(training.seed, spawn_key=(0,))).permutation(len(data.x))
        held = min(int(training.validation_fraction * len(order)), len(order) - 1)
        self.held, self.rows = torch.as_tensor(order[:held]), torch.as_tensor(order[held:])
        self.fabric, self.device = _fabric(training)
        self.plain = module.to(self.device)
        kind = torch.float64 if training.precision == "64-true" else torch.float32
        self.plain.to(kind)
        self.like = torch.empty(0, dtype=kind, device=self.device)
        kind_of = {"adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop}[training.optimizer]
        optimiser = kind_of(module.parameters(), training.learning_rate, weight_decay=training.weight_decay)
        self.whole, self.optimiser = self.fabric.setup(_Step(module, loss), optimiser)
        self.average = {k: v.detach().clone() for k, v in self._weights().items()}
        self.best: dict[str, Tensor] | None = None
        self.best_loss, self.stale, self.step, self.began = math.inf, 0, 0, time.monotonic()
        self.history: list[dict[str, float | None]] = []

    def _weights(self) -> dict[str, Tensor]:
        return {k: v for k, v in self.plain.state_dict().items() if v.is_floating_point()}

    def go(self) -> list[dict[str, float | None]]:
        t = self.training
        self._resume()
        self.plain.train()
        running, self.began = 0.0, time.monotonic()
        try:
            over = self._share() >= 1 or self.stale > t.patience
            while not over:
                value = self._one_step()
                running += (value - running) / min(self.step % t.eval_every or t.eval_every, t.eval_every)
                over = self._share() >= 1
                if over or self.step % t.eval_every == 0:  # what the clock ends is looked at, too
                    self._look(running)
                    running = 0.0
                t.progress(self._stage(), min(self._share(), 1.0))
                over = over or self.stale > t.patience
        except (KeyboardInterrupt, BadInput):
            self._finish()
            raise
        self._finish()
        return self.history

    def _stage(self) -> str:
        held = self.history[-1]["held_out"] if self.history else None
        return "training" if held is None else f"training, held-out loss {held:.4g}"

    def _share(self) -> float:
        """Share of the training that is done, by steps or by the clock."""
        return max(self.step / self.training.steps, (time.monotonic() - self.began) / (60 * self.training.max_minutes))

    def _one_step(self) -> float:
        t = self.training
        for group in self.optimiser.param_groups:
            group["lr"] = t.learning_rate * _rate(self.step, self._share(), t.warmup)
        pick = np.random.default_rng(np.random.SeedSequence(t.seed, spawn_key=(1, self.step)))
        at = self.rows[torch.as_tensor(pick.integers(0, len(self.rows), min(t.batch_size, len(self.rows))))]
        streams = torch.as_tensor(pick.integers(0, 2**62, len(at)))
        batch = self.data.batch(at, RowRandom(t.seed, streams, device=self.device, dtype=self.like.dtype), self.like)
        value = self.whole(_Boxed(batch))
        if not bool(torch.isfinite(value)):
            raise BadInput(
                f"the loss is {float(value.detach())} at step {self.step}; the best weights so far are kept: lower the "
                f"learning rate (now {t.learning_rate:g}), or look for extreme values in the data"
            )
        self.optimiser.zero_grad()
        self.fabric.backward(value)
        self.fabric.clip_gradients(self.whole, self.optimiser, max_norm=t.max_grad_norm, error_if_nonfinite=False)
        self.optimiser.step()
        self.step += 1
        decay, now = min(t.ema, (1 + self.step) / (10 + self.step)), self._weights()
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.values()), [now[name] for name in self.average], 1 - decay)
        return float(value.detach())

    def _look(self, running: float) -> None:
        held = self._held_out_loss()
        self.history.append({"step": float(self.step), "loss": running, "held_out": held})
        watched = running if held is None else held
        if held is None or watched < self.best_loss:
            self.best_loss, self.stale = watched, 0
            self.best = {k: v.clone() for k, v in self.average.items()}
        else:
            self.stale += 1
        if self.training.checkpoint is not None:
            write_checkpoint(self.training.checkpoint, self._digest(), self._state())
        for callback in self.training.callbacks:
            callback(Progress(self.step, self.training.steps, running, held))

    def _held_out_loss(self) -> float | None:
        if not len(self.held):
            return None
        own = {k: v.clone() for k, v in self._weights().items()}
        self._set(self.average)
        self.plain.eval()
        times = -(-_VALIDATION // len(self.held))
        at = self.held.repeat(times)[: max(_VALIDATION, len(self.held))]
        streams = torch.arange(len(at)) + 2**62
        total, size = 0.0, max(self.training.batch_size, 256)
        with torch.no_grad():
            for start in range(0, len(at), size):
                some = slice(start, start + size)
                rng = RowRandom(self.training.seed, streams[some], device=self.device, dtype=self.like.dtype)
                batch = self.data.batch(at[some], rng, self.like)
                total += float(self.loss(self.plain, batch)) * len(batch.x)
        self._set(own)
        self.plain.train()
        return total / len(at)

    def _set(self, weights: dict[str, Tensor]) -> None:
        self.plain.load_state_dict(weights, strict=False)

    def _finish(self) -> None:
        self._set(self.best or self.average)
        self.plain.eval()

    def _digest(self) -> str:
        t = self.training
        words = [
            f"{k}={getattr(t, k)}"
            for k in ("steps", "batch_size", "learning_rate", "ema", "validation_fraction", "seed", "optimizer")
        ]
        words += [f"{k}{tuple(v.shape)}" for k, v in self._weights().items()]
        digest = hashlib.sha256("|".join(words).encode())
        digest.update(self.data.x[:: max(len(self.data.x) // 1000, 1)].double().numpy().tobytes())
        return digest.hexdigest()[:16]

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body = {"step": self.step, "best_loss": self.best_loss, "stale": self.stale, "history": self.history}
        body["best_loss"] = None if math.isinf(self.best_loss) else self.best_loss
        tensors = {f"now.{k}": v for k, v in self._weights().items()}
        tensors |= {f"mean.{k}": v for k, v in self.average.items()} | {
            f"best.{k}": v for k, v in (self.best or {}).items()
        }
        for i, slots in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{i}.{k}": torch.as_tensor(v) for k, v in slots.items()}
        return body, tensors

    def _resume(self) -> None:
        t = self.training
        if t.checkpoint is None or not Path(t.checkpoint).exists():
            return
        body, tensors = read_checkpoint(t.checkpoint, self._digest())

        def part(name: str) -> dict[str, Tensor]:
            return {k[len(name) + 1 :]: v.to(self.device) for k, v in tensors.items() if k.startswith(f"{name}.")}

        self._set(part("now"))
        self.average, self.best = part("mean"), part("best") or None
        self.step, self.stale, self.history = body["step"], body["stale"], body["history"]
        self.best_loss = math.inf if body["best_loss"] is None else body["best_loss"]
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in part("optimiser").items():
            i, _, key = name.partition(".")
            slots.setdefault(int(i), {})[key] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": slots})


def _rate(step: int, share: float, warmup: int) -> float:
    rise = min((step + 1) / max(warmup, 1), 1.0)
    return rise * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
