"""Characters of Moby Dick: masked diffusion beside an autoregressive transformer of equal size and n-grams."""

from __future__ import annotations

import math
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ngram import KneserNey
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1]))
from data import moby_dick

from ecotone.learn import Batch, MaskedTokens, Training
from ecotone.learn.networks import TokenTransformer
from ecotone.learn.samplers import TokenAncestral, first_hitting_sampler
from ecotone.learn.training import train

LETTERS = " abcdefghijklmnopqrstuvwxyz"
LENGTH, EVERY, ORDERS = 64, 10, (4, 5, 6, 7)
TRAINING = Training(
    steps=600, eval_every=600, batch_size=64, learning_rate=2e-3, ema=0.99, validation_fraction=0, device="cpu"
)
NETWORK = {"width": 96, "depth": 3, "heads": 4}
EVALUATED = 400  # windows of held-out chapters


def chapters() -> list[np.ndarray]:
    """Letters in lower case and single spaces, as numbers below 27."""
    plain = [re.sub(r"[^a-z]+", " ", text.lower()).strip() for text in moby_dick()]
    return [np.array([LETTERS.index(c) for c in text]) for text in plain]


def windows(texts: list[np.ndarray], step: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of ``LENGTH`` characters every ``step``, and the text that each is of."""
    parts = [np.lib.stride_tricks.sliding_window_view(text, LENGTH)[::step] for text in texts if len(text) >= LENGTH]
    return np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(p) for p in parts])


def interval(bits: np.ndarray, chapter: np.ndarray) -> list[float]:
    """Mean and 95 % interval of bits a character; windows of one chapter are not independent."""
    totals = np.array([[bits[chapter == c].sum(), (chapter == c).sum()] for c in np.unique(chapter)])
    mean, k = totals[:, 0].sum() / totals[:, 1].sum(), len(totals)
    error = np.sqrt(k / (k - 1) * ((totals[:, 0] - mean * totals[:, 1]) ** 2).sum()) / totals[:, 1].sum()
    half = stats.t.ppf(0.975, k - 1) * error
    return [float(mean), float(mean - half), float(mean + half)]


def next_token(module: Any, batch: Batch) -> torch.Tensor:
    """(n, length) cross-entropy of an autoregressive network, averaged."""
    return each_token(module, batch.x).mean()


def each_token(module: Any, x: torch.Tensor) -> torch.Tensor:
    """(n, length) cross-entropies."""
    shifted = torch.cat([torch.full_like(x[:, :1], len(LETTERS)), x[:, :-1]], dim=1)
    logits = module(shifted, torch.zeros(len(x)))
    return torch.nn.functional.cross_entropy(logits.transpose(1, 2), x, reduction="none")


def _autoregressive(x: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, float, int]:
    started = time.process_time()
    torch.manual_seed(0)
    module = TokenTransformer(causal=True, **NETWORK).build((LENGTH, len(LETTERS)))
    train(module, next_token, torch.as_tensor(x), training=TRAINING)
    seconds = time.process_time() - started
    with torch.no_grad():
        nats = torch.cat([each_token(module, part).mean(1) for part in torch.as_tensor(test).split(200)])
    return nats.numpy() / math.log(2), seconds, sum(p.numel() for p in module.parameters())


def _ngrams(texts: list[np.ndarray], test: np.ndarray) -> tuple[np.ndarray, float, int]:
    """Of the order that is best on every eighth of the chapters to learn from."""
    started = time.process_time()
    held, kept = texts[::8], [t for i, t in enumerate(texts) if i % 8]
    rows = windows(held, LENGTH)[0]
    score = {n: KneserNey(kept, len(LETTERS), n).log_prob(rows).mean() for n in ORDERS}
    order = max(score, key=score.__getitem__)
    model = KneserNey(texts, len(LETTERS), order)
    seconds = time.process_time() - started
    return -model.log_prob(test).mean(1) / math.log(2), seconds, order


def run() -> dict[str, Any]:
    """Bits a character on windows of held-out chapters, and what sampling costs."""
    torch.set_num_threads(1)
    texts = chapters()
    fitted, fresh = [t for i, t in enumerate(texts) if i % EVERY], texts[::EVERY]
    x, (test, chapter) = windows(fitted, 16)[0], windows(fresh, LENGTH)
    pick = np.sort(np.random.default_rng(0).permutation(len(test))[:EVALUATED])
    test, chapter = test[pick], chapter[pick]
    ngram, ngram_seconds, order = _ngrams(fitted, test)
    causal, causal_seconds, causal_size = _autoregressive(x, test)
    started = time.process_time()
    model = MaskedTokens(TokenTransformer(**NETWORK), levels=len(LETTERS), training=TRAINING).fit(x)
    seconds = time.process_time() - started
    size = sum(p.numel() for p in model.denoiser_.parameters())
    per = LENGTH * math.log(2)
    bound = -np.asarray(model.bound(test, draws=LENGTH)) / per
    ordered = -np.asarray(model.log_prob(test)) / per
    bits = {
        f"Kneser-Ney n-gram, order {order}": (ngram, ngram_seconds, None),
        "autoregressive transformer": (causal, causal_seconds, causal_size),
        "MaskedTokens, bound in any order": (bound, seconds, size),
        "MaskedTokens, exact from left to right": (ordered, seconds, size),
    }
    rows = [
        {"model": name, "bits": interval(b, chapter), "over": interval(b - causal, chapter), "seconds": s, "size": p}
        for name, (b, s, p) in bits.items()
    ]
    drawn = model.sample(3, seed=0, sampler=first_hitting_sampler), model.sample(3, seed=0, sampler=TokenAncestral())
    samples = ["".join(LETTERS[i] for i in row) for part in drawn for row in part]
    return {
        "rows": rows,
        "windows": len(test),
        "chapters": len(np.unique(chapter)),
        "samples": samples,
        "steps": TRAINING.steps,
        "characters": int(sum(map(len, fitted))),
        "bits_uniform": math.log2(len(LETTERS)),
    }
