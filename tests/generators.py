"""For each generator a small instance and rows that it takes: ``name -> (card) -> (model, x, given)``.

One that is not named here is made with its defaults and given rows of two columns.
"""

import importlib

import numpy as np


def _room(card):
    return getattr(importlib.import_module(card.module), card.name)


def _rows(n=300):
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, n)
    return rng.normal(size=(n, 2)) @ np.array([[1.0, 0.6], [0.0, 0.5]]) + 2 * label[:, None], label


def _training(**settings):
    from ecotone.learn import Training

    return Training(**{"steps": 60, "eval_every": 30, "batch_size": 64, "device": "cpu", **settings})


def _edm(card):
    from ecotone.learn.networks import MLP

    x, label = _rows()
    return _room(card)(MLP(width=16, depth=1), training=_training()), x, label


def _gaussian_mixture(card):
    return _room(card)(components=2, starts=1), _rows()[0], None


def _givt(card):
    x, label = _rows()
    walks = np.cumsum(np.stack([x, -x, x], axis=1), axis=1)
    return _room(card)(components=3, width=16, depth=1, heads=2, training=_training()), walks, label


def _latent(card):
    x, label = _rows()
    return _room(card)(2, hidden=(8,), training=_training()), x, label if card.name == "ConditionalVAE" else None


def _flow(card):
    sizes = {"hidden": (8,), "training": _training(steps=30, precision="64-true")}
    if card.name == "PlanarFlow":
        sizes |= {"maps": 2, "hidden": 8}
    elif card.name == "FFJORD":
        sizes |= {"rtol": 1e-6, "atol": 1e-6, "training": _training(steps=2, validation_fraction=0.0)}
    else:
        sizes |= {"transforms": 2}
    x, label = _rows()
    return _room(card)(**sizes), x, label if card.name in ("MAF", "PlanarFlow", "FFJORD") else None


def _tarflow(card):
    x = np.random.default_rng(0).normal(size=(120, 1, 4, 4))
    return _room(card)(2, layers=1, width=16, heads=2, patch=2, training=_training(steps=10)), x, None


def _by_default(card):
    return _room(card)(), _rows(120)[0], None


def _stacked_density(card):
    from ecotone.learn import MAF, GaussianMixture

    x, label = _rows()
    flow = MAF(1, hidden=(8,), training=_training(steps=10))
    return _room(card)([GaussianMixture(1), flow], folds=2, refit=100), x, label


def _nade(card):
    x, label = _rows()
    return _room(card)("real", hidden=8, components=3, training=_training()), x, label


def _tokens(n=300):
    rng = np.random.default_rng(1)
    x = rng.integers(0, 3, (n, 3))
    return np.where(rng.random((n, 3)) < 0.6, x[:, :1], x), rng.integers(0, 2, n)


def _token_diffusion(card):
    from ecotone.learn.networks import TokenTransformer

    network = TokenTransformer(width=8, depth=1, heads=2, time=card.name != "MaskedTokens")
    return _room(card)(network, training=_training(steps=20, eval_every=20)), *_tokens()


def _token_table(card):
    return _room(card)(), _tokens()[0], None


def _score_sde(card):
    from ecotone.learn.networks import MLP

    x, label = _rows()
    return _room(card)(MLP(width=16, depth=1), steps=20, training=_training()), x, label


def _jump(card):
    from ecotone.learn.networks import MLP

    x, label = _rows()
    return _room(card)(MLP(width=16, depth=1), steps=10, training=_training()), abs(x), label


SMALL = {
    "EDM": _edm,
    "FlowMatching": _edm,
    "JUMP": _jump,
    "GaussianDiffusion": _score_sde,
    "ScoreSDE": _score_sde,
    "GaussianMixture": _gaussian_mixture,
    "FFJORD": _flow,
    "MAF": _flow,
    "MarginalTailAdaptiveFlow": _flow,
    "NeuralSplineFlow": _flow,
    "PlanarFlow": _flow,
    "RealNVP": _flow,
    "NADE": _nade,
    "TarFlow": _tarflow,
    "StackedDensity": _stacked_density,
}
SMALL |= {"GIVT": _givt}
SMALL |= dict.fromkeys(("VAE", "IWAE", "InfoVAE", "ConditionalVAE"), _latent)

SMALL |= dict.fromkeys(("MaskedTokens", "InterpolatingTokens", "GeneralizedMaskedTokens"), _token_diffusion)
SMALL |= {"TokenTable": _token_table}


def small(card):
    return SMALL.get(card.name, _by_default)(card)
