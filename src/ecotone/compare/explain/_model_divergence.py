"""The gap between two learned distributions, column by column where they can be asked for one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, DensityEstimator, Explanation, Floats

CARD = Card(
    name="model_divergence",
    summary="Kullback-Leibler divergence between two learned distributions, taken apart by column.",
    contract="ModelGap",
    title="On Information and Sufficiency",
    authors=("Kullback, S.", "Leibler, R. A."),
    year=1951,
    venue="Annals of Mathematical Statistics 22(1)",
    link="https://doi.org/10.1214/aoms/1177729694",
    reads=("model",),
)


def model_divergence(
    a: DensityEstimator, b: DensityEstimator, *, n: int = 2000, given: Any = None, seed: int = 0
) -> Explanation:
    r"""Say how far distribution ``b`` is from distribution ``a``, and in which columns.

    .. math:: \mathrm{KL}(a \,\|\, b) = E_{x \sim a}\left[\log a(x) - \log b(x)\right]
              = \sum_i E_{x \sim a}\left[\log a(x_i \mid x_{<i}) - \log b(x_i \mid x_{<i})\right]

    estimated from ``n`` rows that ``a`` draws. Laws of tables are asked for each column given those before it in the
    order in which ``a`` draws, so that the parts say where the gap arises; other distributions have one part,
    ``"joint"``. The gap is in nats.

    Parameters
    ----------
    a, b : Distribution or TableModel
        Of the same columns, or rows of the same shape.
    n : int
    given : condition, optional
        For both, as their ``sample`` and ``log_prob`` take it; of distributions of rows, not of tables.
    seed : int

    Returns
    -------
    Explanation
        ``total`` and ``parts`` with 95 % intervals; ``details["reverse"]`` is the divergence the other way round,
        ``details["impossible"]`` the share of ``a``'s rows to which ``b`` gives no probability (the divergence is then
        infinite, and the total is over the others).

    Raises
    ------
    BadInput
        For a model without a density, or of other columns.

    References
    ----------
    Kullback and Leibler (1951), https://doi.org/10.1214/aoms/1177729694

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> a = GaussianMixture.of([1.0], [[0.0]], [[[1.0]]])
    >>> b = GaussianMixture.of([1.0], [[1.0]], [[[1.0]]])
    >>> abs(model_divergence(a, b).total - 0.5) < 0.1
    True
    """
    if n < 2:
        raise BadInput(f"n must be at least 2 rows, got {n!r}")
    for name, model in (("a", a), ("b", b)):
        if not isinstance(model, DensityEstimator):
            raise BadInput(f"{name} is a {type(model).__name__}, which has no density; give two learned distributions")
    columns = getattr(a, "columns_", None)
    if columns is not None and given is not None:
        raise BadInput(
            "given is for distributions of rows; compare tables whole, or give models of the columns of interest"
        )
    if columns != getattr(b, "columns_", None):
        raise BadInput(f"a and b are distributions of other columns: {columns} and {getattr(b, 'columns_', None)}")
    columns = getattr(a, "order_", columns)
    gaps = _gaps(a, b, n, given, seed, columns)
    possible = np.isfinite(gaps.sum(1))
    if possible.sum() < 2:
        raise BadInput(
            "b gives (nearly) every row of a no probability: the distributions have nothing in common to compare"
        )
    back = _gaps(b, a, n, given, seed + 1, getattr(b, "order_", columns)).sum(1)
    names = ("joint",) if columns is None else tuple(columns)
    kept = gaps[possible]
    parts = {name: float(kept[:, j].mean()) for j, name in enumerate(names)}
    return Explanation(
        total=float(sum(parts.values())),
        parts=parts,
        method="model_divergence",
        intervals={"total": _interval(kept.sum(1))} | {name: _interval(kept[:, j]) for j, name in enumerate(names)},
        details={
            "unit": "nats",
            "rows": int(n),
            "impossible": float(1 - possible.mean()),
            "reverse": float(back[np.isfinite(back)].mean()) if np.isfinite(back).any() else None,
            "reverse_impossible": float((~np.isfinite(back)).mean()),
        },
    )


def _gaps(
    a: DensityEstimator, b: DensityEstimator, n: int, given: Any, seed: int, columns: tuple[str, ...] | None
) -> Floats:
    """(n, parts) log a - log b on rows that ``a`` draws; -inf of b becomes inf."""
    if columns is None:
        rows = a.sample(n, given=given, seed=seed)
        logs = [np.asarray(m.log_prob(rows, given=given), dtype=np.float64) for m in (a, b)]
        return np.asarray(logs[0] - logs[1])[:, None]
    rows, out = a.sample(n, seed=seed), []
    tables: tuple[Any, Any] = (a, b)  # those of tables take the columns that are asked, too
    for j, name in enumerate(columns):
        before = list(columns[:j])
        one, two = (m.log_prob(rows, of=[name], given=before) for m in tables)
        out.append(one - two)
    return np.stack(out, axis=1)


def _interval(values: Floats) -> tuple[float, float]:
    half = 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5
    return float(values.mean()) - half, float(values.mean()) + half
