"""Laws of short rows of tokens by enumeration."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Distribution, Prediction, RowRandom
from ecotone.learn.arrays import as_weights, token_rows
from ecotone.learn.processes import TokenProcess
from ecotone.learn.processes._token_process import draw

CARD = Card(
    name="TokenTable",
    summary="Distribution of short rows of tokens as a table of all of them: exact likelihood, samples and denoiser.",
    contract="Distribution",
    title="Note on the General Case of the Bayes-Laplace Formula for Inductive or a Posteriori Probabilities",
    authors=("Lidstone, George James",),
    year=1920,
    venue="Transactions of the Faculty of Actuaries 8",
    link="https://doi.org/10.1017/S0071368600000896",
)

LARGEST = 1 << 20


class TokenTable(Distribution):
    r"""A probability for each of the :math:`V^l` rows of l tokens: every question about it has a finite answer.

    Fitted to n rows, a row seen c times has the probability
    :math:`(c + s)/(n + s V^l)`. ``log_prob`` is with respect to counting measure.

    Parameters
    ----------
    levels : int, optional
        V; by default one more than the largest token seen.
    smoothing : float
        s, positive.

    Attributes
    ----------
    levels_ : int
    probabilities_ : (levels ** length,) float64 Tensor
        In the order of the rows read as numbers in base V.

    References
    ----------
    Lidstone (1920), https://doi.org/10.1017/S0071368600000896

    Examples
    --------
    >>> from ecotone.learn import TokenTable
    >>> distribution = TokenTable(levels=2).fit([[0, 1], [0, 1], [1, 0], [0, 0]])
    >>> [round(float(p), 3) for p in distribution.probabilities_]
    [0.25, 0.417, 0.25, 0.083]
    """

    def __init__(self, levels: int | None = None, *, smoothing: float = 0.5) -> None:
        self.levels, self.smoothing = levels, smoothing

    @classmethod
    def of(cls, probabilities: Any) -> TokenTable:
        """The distribution in proportion to ``probabilities`` ``(levels, ..., levels)``, one axis for each token."""
        p = torch.as_tensor(np.asarray(probabilities, dtype=np.float64))
        if p.ndim < 1 or len(set(p.shape)) != 1 or p.shape[0] < 2:
            raise BadInput(f"probabilities need axes of one length, at least 2, got shape {tuple(p.shape)}")
        if not bool(torch.isfinite(p).all()) or bool((p < 0).any()) or not float(p.sum()) > 0:
            raise BadInput("probabilities must be finite, at least 0 and not all 0")
        made = cls(p.shape[0])
        made._set(p.flatten() / p.sum(), p.ndim, p.shape[0])
        return made

    @classmethod
    def random(cls, *, levels: int, length: int, seed: int = 0, concentration: float = 0.3) -> TokenTable:
        """A distribution drawn from a symmetric Dirichlet distribution."""
        _check_size(levels, length)
        p = np.random.default_rng(seed).dirichlet(np.full(levels**length, concentration))
        return cls.of(p.reshape((levels,) * length))

    def _set(self, probabilities: Tensor, length: int, levels: int) -> None:
        _check_size(levels, length)
        self.probabilities_, self.levels_, self.shape_ = probabilities, levels, (length,)
        self.rows_ = torch.cartesian_prod(*[torch.arange(levels)] * length).reshape(-1, length)

    def fit(self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> TokenTable:
        """Count rows ``X`` ``(n, length)``."""
        if given is not None:
            raise BadInput("TokenTable takes no given; append the condition to the rows as a token")
        if not self.smoothing > 0:
            raise BadInput(f"smoothing must be positive, got {self.smoothing!r}")
        self.torch_ = isinstance(X, Tensor)
        x = token_rows(X, "X", levels=self.levels)
        levels = self.levels or max(int(x.max()) + 1, 2)
        _check_size(levels, x.shape[1])
        weight = as_weights(sample_weight, len(x))
        counts = torch.full((levels ** x.shape[1],), self.smoothing, dtype=torch.float64)
        counts.index_add_(0, _number(x, levels), torch.ones(len(x), dtype=torch.float64) if weight is None else weight)
        self._set(counts / counts.sum(), x.shape[1], levels)
        return self

    def _log_prob(self, x: Tensor, given: Tensor | None) -> Tensor:
        tokens = token_rows(x, "x", levels=self.levels_, length=self.shape_[0])
        return torch.log(self.probabilities_[_number(tokens, self.levels_)])

    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        return self.rows_[draw(self.probabilities_.expand(len(rng), -1), rng)]

    def entropy(self) -> float:
        """In nats a row."""
        return float(-torch.xlogy(self.probabilities_, self.probabilities_).sum())

    def denoiser(self, process: TokenProcess) -> TokenTableDenoiser:
        """The exact Denoiser of this distribution under a process of tokens."""
        if process.levels != self.levels_:
            raise BadInput(f"the process has {process.levels} levels, the table {self.levels_}")
        return TokenTableDenoiser(self, process)

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        return body | {"levels": self.levels_}, tensors | {"probabilities": self.probabilities_}

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self._set(tensors["probabilities"], self.shape_[0], body["levels"])


class TokenTableDenoiser:
    """The distribution of each clean token given a noisy row, by summing over the table.

    For a process with ``left_out`` it is given the other noisy tokens.
    """

    def __init__(self, table: TokenTable, process: TokenProcess) -> None:
        self.table, self.process, self.shape = table, process, table.shape_

    def __call__(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        table, process = self.table, self.process
        log = torch.log(process.likelihood(x_t, t).clamp(min=1e-300))
        each = torch.stack([log[:, i, table.rows_[:, i]] for i in range(self.shape[0])])  # (length, n, rows)
        joint, found = each.sum(0) + torch.log(table.probabilities_), []
        for i in range(self.shape[0]):
            weight = torch.softmax(joint - each[i] if process.left_out else joint, dim=1)
            distribution = weight.new_zeros(len(x_t), table.levels_)
            found.append(distribution.index_add(1, table.rows_[:, i], weight))
        return Prediction(torch.stack(found, dim=1))


def _number(x: Tensor, levels: int) -> Tensor:
    """Rows of tokens as numbers in base ``levels``."""
    return (x * levels ** torch.arange(x.shape[1] - 1, -1, -1)).sum(1)


def _check_size(levels: int, length: int) -> None:
    if levels < 2 or length < 1 or levels**length > LARGEST:
        raise BadInput(
            f"a table of {levels} levels, {length} tokens is out of range (2 or more levels, {LARGEST} rows at most): "
            "use MaskedTokens"
        )
