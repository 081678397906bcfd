"""A generator for everyday tables: any columns given any others, with a likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput, as_seed
from ecotone.data import read_table
from ecotone.learn import RowRandom
from ecotone.learn.arrays import as_weights
from ecotone.learn.training import Training, train

from ._column_distributions import HidingLoss, frequencies, joint
from ._draws import draw_rows, fill_gaps
from ._fit_table import fit_table
from ._given import read_given
from ._native import Native
from ._table_codec import TableCodec
from ._table_distribution import TableDistribution
from ._table_network import MaskedPerceptron, Perceptron

CARD = Card(
    name="TableModel",
    summary="Mixed tables: an exact likelihood and samples of any columns given any others.",
    contract="TableDistribution",
    title="Your Absorbing Discrete Diffusion Secretly Models the Conditional Distributions of Clean Data",
    authors=(
        "Ou, Jingyang", "Nie, Shen", "Xue, Kaiwen", "Zhu, Fengqi", "Sun, Jiacheng", "Li, Zhenguo", "Li, Chongxuan",
    ),
    year=2025,
    venue="ICLR",
    link="https://arxiv.org/abs/2406.03736",
)  # fmt: skip


_MOST_CELLS = 10**8  # of one sample; each takes some 60 bytes while it is drawn


class TableModel(TableDistribution):
    r"""A distribution of mixed tables: numbers, levels, truth values, date-times, and what is missing.

    One network learns :math:`p(x_i \mid x_S)` of every column i for every set S of others, by hiding columns at random
    (any-order autoregression, which is what absorbing diffusion learns). With the order :math:`\pi` of ``order_``,

    .. math:: \log p(x_A \mid x_B) = \sum_{i \in A, \text{ along } \pi} \log p(x_i \mid x_B, x_{A, \text{before } i})

    is a normalised distribution for every A and B; samples are drawn along the same order, so they follow it exactly.
    That the distributions for different A and B belong to one joint distribution is learned, not forced.

    A column's distribution is a probability for "missing", for every level, and for every number that repeats; other
    numbers have a mixture of normal distributions on the scale on which training rows are standard normal. Integers and
    other lattices have probabilities, so that their sum over all values is 1. The base measure is therefore counting
    measure for missing, levels, repeated values and lattices, and Lebesgue measure in the column's own unit for other
    numbers.

    Where a column determines another in all rows (``rules_``: a city its state, a time its date, a column its copy),
    the second has its value with probability :math:`1 - 10^{-9}`, so that samples and fillings keep the rule; in a row
    that breaks it the network's distribution counts, times :math:`10^{-9}`. Given a column that is determined, a
    distribution is restricted to the values that agree with it, but for numbers beyond those that repeat: of these,
    draws are.

    It does not know other constraints between columns beyond what it learned, relations between several tables, or the
    order of rows; it is not differentially private.

    Parameters
    ----------
    network : MaskedPerceptron
    training : Training
    calibration : float
        Share of the rows kept out of the fit, at most 5 000 of them, for the p-values.

    Attributes
    ----------
    columns_ : tuple of str
    left_out_ : mapping of str to str
        Columns that are not modelled, with the reason.
    order_ : tuple of str
        The columns in the order of the distribution: those of fewer different values first, but every column after
        one that determines it.
    rules_ : tuple of (str, str)
        Columns of which the first determines the second, in every row that was learned and no accident.
    history_ : list
        Loss (nats per column) by step.

    References
    ----------
    Ou et al. (2025), https://arxiv.org/abs/2406.03736 (what a masked model learns, and its loss); Tschannen, Eastwood
    and Mentzer (2024), https://arxiv.org/abs/2312.02116 (mixture heads); Uria, Murray and Larochelle (2014),
    https://arxiv.org/abs/1310.1757 (any order).

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import TableModel, Training
    >>> rng = np.random.default_rng(0)
    >>> city = rng.choice(["Ulm", "Bonn"], 500)
    >>> rent = np.where(city == "Ulm", 9.0, 12.0) + rng.normal(size=500)
    >>> model = TableModel(training=Training(steps=60, eval_every=30)).fit({"city": city, "rent": rent})
    >>> model.sample(3, given={"city": "Ulm", "rent": (8, 10)}, seed=0).column("city").to_pylist()
    ['Ulm', 'Ulm', 'Ulm']
    """

    def __init__(
        self,
        network: MaskedPerceptron = MaskedPerceptron(),
        *,
        training: Training = Training(
            steps=6000, batch_size=512, learning_rate=2e-3, eval_every=250, patience=6, precision="auto"
        ),
        calibration: float = 0.1,
    ) -> None:
        self.network, self.training, self.calibration = network, training, calibration

    def fit(self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> TableModel:
        """Learn from a table: anything that :func:`ecotone.data.read_table` reads.

        Raises
        ------
        BadInput
            For ``given`` (every column may be conditioned on later), infinite values, or no usable column.
        """
        if given is not None:
            raise BadInput("a TableModel conditions on any of its columns; put what is given into the table")
        table = read_table(X, name="X").arrow
        weight = as_weights(sample_weight, table.num_rows)
        if weight is not None:  # a row of weight 0 is no row
            table, weight = table.filter(pa.array(weight.numpy() > 0)), weight[weight > 0]
            weight = weight / weight.mean()
        if table.num_rows < 20:
            raise BadInput(f"a TableModel needs at least 20 rows of weight above 0, got {table.num_rows}")
        self.codec_, self.native_ = fit_table(table), Native.of(X)
        self._begin()
        packed = torch.as_tensor(self.codec_.encode(table))
        aside, rows = self._apart(table.num_rows)
        self.module_.start_at(frequencies(self.codec_, packed[rows]))
        own = None if weight is None else weight[rows]
        self.history_ = train(self.module_, HidingLoss(self.codec_), packed[rows], weight=own, training=self.training)
        self.shape_ = (len(self.codec_.columns),)
        self.calibration_ = joint(self.module_, self.codec_, packed[aside])
        return self

    def _apart(self, n: int) -> tuple[Tensor, Tensor]:
        """Rows for the p-values, and rows to fit on."""
        if not 0 <= self.calibration < 1:
            raise BadInput(f"calibration must lie in [0, 1), got {self.calibration!r}")
        order = torch.as_tensor(as_seed(self.training.seed, 2).permutation(n))
        count = min(int(self.calibration * n), 5000)
        return order[:count], order[count:]

    def _begin(self) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.training.seed)
            self.module_: Perceptron = self.network.build([(c.tokens, c.continuous) for c in self.codec_.columns])

    def sample(self, n: int, *, given: Any = None, seed: int | None = None, batch_size: int = 8192) -> Any:
        """Draw ``n`` rows, as the kind of table that was fitted (Arrow for files).

        Parameters
        ----------
        n : int
        given : mapping of column to condition, or a table of ``n`` rows or one
            A condition is a value, None (missing), a set or list of values, or a tuple ``(low, high)`` of which either
            end may be None. Values come first in the order of the distribution, then events, then all else; rows follow
            the distribution given all of it exactly, by drawing again where more than one event is to be met.
        seed : int
            Row i depends on the seed and i alone.
        batch_size : int

        Raises
        ------
        BadInput
            For a condition that was never seen or that (nearly) every row breaks.
        """
        self._fitted()
        if not isinstance(n, int | np.integer | float) or n < 0 or n % 1:
            raise BadInput(f"n must be a whole number of rows, at least 0, got {n!r}")
        if n > (most := _MOST_CELLS // len(self.columns_)):
            raise BadInput(f"n = {n:g} rows are too many for the memory; draw at most {most} at a time")
        conditioned = read_given(self.codec_, given, int(n))
        whole = RowRandom(seed, int(n))
        token = torch.zeros(int(n), len(self.columns_), dtype=torch.int64)
        z = torch.zeros(token.shape, dtype=torch.float64)
        with torch.no_grad():
            for rows in torch.arange(int(n)).split(batch_size) if n else ():
                token[rows], z[rows] = draw_rows(self.module_, self.codec_, whole.take(rows), conditioned.take(rows))
        return self.native_.give(self.codec_.decode(token.numpy(), z.numpy()))

    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        raise BadInput("rows of a table are no array; call sample")

    def impute(self, X: Any, *, seed: int | None = 0) -> Any:
        """The table with every missing value drawn from its distribution given what its row shows.

        A multiple imputation is several calls with different seeds. Columns that are not modelled are left as they are,
        and so are the types of all columns and the index of a pandas frame.

        Returns
        -------
        The same kind of table as ``X`` (Arrow for files).
        """
        self._fitted()
        table = read_table(X, name="X").arrow
        packed = torch.as_tensor(self.codec_.encode(table))
        with torch.no_grad():
            gaps = fill_gaps(self.module_, self.codec_, packed, seed)
        filled = self.codec_.decode(packed[:, :, 0].long().numpy(), packed[:, :, 1].numpy())
        return Native.of(X).fill(X, table, filled, {self.order_[j]: gone for j, gone in gaps.items()})

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        learned = {f"module.{k}": v for k, v in self.module_.state_dict().items()}
        own = {"codec": self.codec_.to_dict(), "native": self.native_.to_dict(), "history": self.history_}
        return body | own, tensors | learned | {"calibration": torch.as_tensor(self.calibration_)}

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self.codec_, self.native_ = TableCodec.from_dict(body["codec"]), Native(**body["native"])
        self.codec_.check()
        self.network.check([c.tokens for c in self.codec_.columns], tensors)
        self.history_ = body["history"]
        self._begin()
        self.calibration_ = tensors["calibration"].numpy()
        learned = {k.removeprefix("module."): v for k, v in tensors.items() if k.startswith("module.")}
        self.module_.load_state_dict(learned)
        self.module_.eval()
