"""Gaussian or Cauchy noise of the inputs, carried through a network."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from ecotone.cards import Card
from ecotone.contracts import BadInput, as_numpy
from ecotone.contracts.arrays import like

from ._layer_list import checked, layer_jacobian, marginal_scales
from ._stable_distribution import ALPHA, Family, StableDistribution
from ._torch_jacobian import jacobian, layers_of

CARD = Card(
    name="propagate_stable_distribution",
    summary="Carries Gaussian or Cauchy noise of the inputs through a network linearised at its location.",
    contract="Propagation",
    title="Uncertainty Quantification via Stable Distribution Propagation",
    authors=(
        "Petersen, Felix", "Mishra, Aashwin", "Kuehne, Hilde", "Borgelt, Christian", "Deussen, Oliver",
        "Yurochkin, Mikhail",
    ),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2402.08324",
    row=159,
    reads=("rows", "gradient"),
    remedy_for=("unsure",),
    advice="Widen the answers by what the noise of the inputs makes of them.",
    claim="Under small Gaussian noise the propagated distribution of a network's outputs is nearer the Monte-Carlo "
    "distribution than that of moment matching.",
)  # fmt: skip


def propagate_stable_distribution(
    network: Any,
    location: Any,
    scale: Any = 1.0,
    *,
    covariance: Any = None,
    distribution: Family = "gaussian",
    form: Literal["full", "marginal"] = "full",
) -> StableDistribution:
    r"""Distribution of a network's outputs when its inputs are :math:`X = \mu + \text{noise}`.

    ``full`` linearises the whole network at :math:`\mu`,

    .. math:: Y \approx f(\mu) + J\,(X - \mu), \qquad J = \frac{\partial f}{\partial x}(\mu),

    so that the Gaussian distribution is :math:`N(f(\mu), J \Sigma J^\top)`, and the Cauchy distribution of inputs
    independent with scales :math:`\gamma` has marginals of scale :math:`|J|\,\gamma`. ``marginal`` keeps one scale a
    unit and takes units as independent in every layer: variances become :math:`(A \circ A) \sigma^2` and Cauchy scales
    :math:`|A| \gamma`, times the slope of each activation. It costs one pass and drops all covariances.

    What is exact: an affine network, in the full form, for both laws. It composes the matrices first:
    :math:`|A_2 A_1|\gamma`, of which :math:`|A_2|(|A_1|\gamma)`, the marginal form, is an upper bound. What is
    linearised: every activation at its location. For one ReLU the distribution is then at total variation distance
    :math:`\Phi(-|\mu|/\sigma)` (Cauchy: :math:`1/2 - \arctan(|\mu|/\gamma)/\pi`) from the true one, and no other
    distribution of the family is nearer; for networks nothing of the kind is known. :math:`f(\mu)` is not the mean of
    :math:`f(X)`. The slope of a ReLU at 0 is taken as 0; max-pooling follows its argmax.

    Parameters
    ----------
    network : sequence or torch.nn.Module
        Layers in order, each a pair ``(weight, bias)`` with a weight of shape ``(out, in)`` and a bias that may be
        None, or one of ``"relu"``, ``"tanh"``, ``"sigmoid"``. A module runs in evaluation mode on its own device;
        its output is ``(n, k)``.
    location : (n, ...) array
        :math:`\mu` of each row.
    scale : float, (d,) array or array of the shape of ``location``
        Standard deviations, or Cauchy scales, of independent inputs, in the inputs' unit; not negative. Rows of
        several dimensions are given flat in ``(d,)``.
    covariance : (d, d) array, optional
        :math:`\Sigma` of all rows, in place of ``scale``; Gaussian and full only.
    distribution : {"gaussian", "cauchy"}
    form : {"full", "marginal"}
        A module has the marginal form where it is an ``nn.Sequential`` of linear layers and these activations.

    Returns
    -------
    StableLaw
        ``location``, ``scale``, ``covariance``, ``interval(level)``, ``pairwise_probability()``; numpy for numpy, torch
        for torch. The factor is (n, k, d), and diagonal, (n, k, k), in the marginal form.

    Raises
    ------
    BadInput
        For shapes that do not fit, a scale that is negative or not finite, a covariance that is not positive
        semi-definite, an unknown layer.

    References
    ----------
    Petersen, Mishra, Kuehne, Borgelt, Deussen and Yurochkin (2024), https://arxiv.org/abs/2402.08324

    Examples
    --------
    >>> layers = [(np.array([[1.0, 1.0], [1.0, -1.0]]), None), "relu", (np.array([[1.0, 1.0]]), None)]
    >>> found = propagate_stable_distribution(layers, np.array([[2.0, 1.0]]), 0.5)
    >>> found.location, found.scale
    (array([[4.]]), array([[1.]]))
    >>> propagate_stable_distribution(layers, np.array([[2.0, 1.0]]), 0.5, form="marginal").scale.round(3)
    array([[1.]])
    """
    if distribution not in ALPHA or form not in ("full", "marginal"):
        raise BadInput(
            f"distribution must be gaussian or cauchy and form full or marginal, got {distribution!r} and {form!r}"
        )
    mu = _rows(location)
    noise = _noise(mu, scale, covariance, distribution, form)
    if isinstance(network, list | tuple):
        layers: list[Any] | None = checked(network, mu)
    else:
        layers = checked(layers_of(network), mu) if form == "marginal" else None
    if layers is None:
        return _scaled(*jacobian(network, mu), noise, distribution)
    flat = mu.reshape(mu.shape[0], -1)
    if form == "marginal":
        value, units = marginal_scales(layers, flat, noise, ALPHA[distribution])
        return StableDistribution(value, units[:, :, None] * like(np.eye(units.shape[1]), value), distribution)
    return _scaled(*layer_jacobian(layers, flat), noise, distribution)


def _scaled(value: Any, back: Any, noise: Any, distribution: Family) -> StableDistribution:
    """Jacobian times the noise's factor: one matrix ``(1, d, d)`` of all rows, or a diagonal ``(n, d)`` of each."""
    return StableDistribution(value, back @ noise if noise.ndim == 3 else back * noise[:, None, :], distribution)


def _rows(location: Any) -> Any:
    mu = location if is_torch_array(location) else np.asarray(location, dtype=np.float64)
    if mu.ndim < 2 or 0 in mu.shape:
        raise BadInput(f"location must be (n, ...) with at least one row and column, got shape {tuple(mu.shape)}")
    if not bool(array_namespace(mu).all(array_namespace(mu).isfinite(mu))):
        raise BadInput("location holds a value that is not finite; remove or impute it")
    return mu


def _noise(mu: Any, scale: Any, covariance: Any, distribution: Family, form: str) -> Any:
    """Scales ``(n, d)`` of the flat rows, or a square root ``(1, d, d)`` of the covariance."""
    n, d = mu.shape[0], int(np.prod(mu.shape[1:]))
    if covariance is not None:
        if distribution != "gaussian" or form != "full":
            raise BadInput(
                f"covariance needs the gaussian distribution and the full form, got {distribution!r} and {form!r}"
            )
        sigma = as_numpy(covariance).astype(np.float64)
        if sigma.shape != (d, d) or not np.isfinite(sigma).all() or not np.allclose(sigma, sigma.T):
            raise BadInput(f"covariance must be a symmetric ({d}, {d}) matrix of numbers, got shape {sigma.shape}")
        size, axes = np.linalg.eigh(sigma)
        if size[0] < -1e-8 * max(size[-1], 1e-300):
            raise BadInput(f"covariance has the eigenvalue {size[0]:.3g}; it must be positive semi-definite")
        return like((axes * np.sqrt(np.maximum(size, 0)))[None], mu)
    s = as_numpy(scale).astype(np.float64)
    if s.ndim > 1:
        s = s.reshape(len(s), -1)
    if s.shape not in ((), (d,), (n, d)):
        raise BadInput(f"scale must be a number, ({d},) or the shape {tuple(mu.shape)}, got shape {np.shape(scale)}")
    if not (np.isfinite(s) & (s >= 0)).all():
        raise BadInput(f"scale holds {s[~(np.isfinite(s) & (s >= 0))].flat[0]}; scales are finite and not negative")
    return like(np.array(np.broadcast_to(s, (n, d))), mu)
