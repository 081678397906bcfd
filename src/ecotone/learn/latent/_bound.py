"""Importance-weighted bounds in pieces that fit memory."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ecotone.learn import RowRandom

from ._encoder_decoder import EncoderDecoder

_LATENTS, _ROWS = 64, 256  # at a time


def log_mean_weight(
    module: EncoderDecoder, flat: Tensor, c: Tensor | None, samples: int, seed: int | None
) -> Tensor:  # fmt: skip
    """(n,) float64 logarithms of the mean of ``samples`` weights p(x, z) / q(z|x), of each row by itself."""
    whole = RowRandom(seed, len(flat), device=flat.device, dtype=flat.dtype)
    parts = []
    for at in torch.arange(len(flat), device=flat.device).split(_ROWS):
        rng, condition = whole.take(at), None if c is None else c[at]
        some = [
            module(flat[at], condition, min(_LATENTS, samples - done), rng).log_weight.double().logsumexp(1)
            for done in range(0, samples, _LATENTS)
        ]
        parts.append(torch.stack(some, 1).logsumexp(1) - math.log(samples))
    return torch.cat(parts)
