"""A denoiser whose scores have mean zero at every time, as true scores do."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Prediction, RowRandom
from ecotone.learn.arrays import rows

from ._process_denoiser import ProcessDenoiser

CARD = Card(
    name="calibrate_score",
    summary="Subtracts from a denoiser's scores their mean at each time, which is zero for true scores.",
    contract="DenoiserTransform",
    title="On Calibrating Diffusion Probabilistic Models",
    authors=("Pang, Tianyu", "Lu, Cheng", "Du, Chao", "Lin, Min", "Yan, Shuicheng", "Deng, Zhijie"),
    year=2023,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2302.10688",
    row=569,
    reads=("denoiser", "rows"),
    claim="Subtracting the mean score raises the likelihood bound of trained digits networks on held-out rows.",
)


def calibrate_score(
    denoiser: ProcessDenoiser,
    x: Any,
    *,
    given: Tensor | None = None,
    draws: int = 1,
    seed: int = 0,
    batch_size: int = 4096,
) -> CalibratedDenoiser:
    r"""Make the mean of a denoiser's scores zero at every time.

    The mean over :math:`x_t` of the score of :math:`p_t` is 0, for it is :math:`\int \nabla p_t`. A learned denoiser's
    mean is :math:`\eta_t \ne 0`, and subtracting it lowers the score matching loss by exactly
    :math:`\lVert\eta_t\rVert^2`. In terms of :math:`\hat x_0`,

    .. math:: \hat x_0 \leftarrow \hat x_0 + E[x_0 - \hat x_0(x_t, t)] ,

    estimated on noised rows ``x`` with antithetic pairs of noise, once for each time that is asked for, and kept. The
    difference to the row itself is averaged, whose variance is that of the error, not that of the prediction. With
    class positions there is a mean for each class and one without. An estimate from few rows adds
    trace(covariance of the error) / n to the loss: check on rows held out.

    Parameters
    ----------
    denoiser : Denoiser
        With its ``process``, a Gaussian one.
    x : (n, ...) array
        Rows of the data, on the denoiser's scale.
    given : (n,) int64 Tensor, optional
        Encoded class of each row, for a denoiser that is asked with classes.
    draws : int
        Pairs of noise for each row.
    seed : int
    batch_size : int

    Returns
    -------
    CalibratedDenoiser
        It costs nothing more once a time is known; times that differ in the ninth decimal are one.

    Raises
    ------
    BadInput
        For rows of another shape, or ``given`` that is not class positions; on call, for a class without rows.

    References
    ----------
    Pang, Lu, Du, Lin, Yan and Deng (2023), https://arxiv.org/abs/2302.10688

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import VP
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), VP()
    >>> better = calibrate_score(exact.denoiser(process), exact.sample(500, seed=1))
    >>> better(torch.zeros(4, 2, dtype=torch.float64), 0.5).x0.shape
    torch.Size([4, 2])
    """
    x, _ = rows(x, "x", tuple(denoiser.shape))
    if given is not None and (given.is_floating_point() or given.shape != (len(x),)):
        raise BadInput(
            f"given must be the class position of each of the {len(x)} rows; for conditions that are numbers no mean "
            "is known at each: leave given out to use the mean over all"
        )
    if draws < 1:
        raise BadInput(f"draws must be at least 1, got {draws!r}")
    return CalibratedDenoiser(denoiser, x.detach(), given, draws, seed, batch_size)


class CalibratedDenoiser:
    """What :func:`calibrate_score` returns."""

    def __init__(
        self, denoiser: ProcessDenoiser, x: Tensor, given: Tensor | None, draws: int, seed: int, batch_size: int
    ) -> None:
        self.denoiser, self.shape = denoiser, tuple(denoiser.shape)
        self.process: Any = denoiser.process
        self._x, self._given, self._draws, self._seed, self._size = x, given, draws, seed, batch_size
        self._known: dict[tuple[float, int], Tensor] = {}

    def __call__(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        """The prediction for rows ``(n, *shape)`` at ``t``, with the mean error of its time and class removed."""
        found, shift = self.denoiser(x_t, t, given), self._shift(t, given, x_t)
        if found.noise is None:
            return Prediction(found.x0 + shift)
        alpha, sigma = self.process.coefficients(t, x_t)
        return Prediction(found.x0 + shift, found.noise - alpha / sigma * shift)

    def error(self, t: float, label: int | None = None) -> Tensor:
        """The mean of x_0 minus its prediction at a time: of all rows without a condition, or of one class."""
        key = round(float(t), 9), -1 if label is None or self._given is None else label
        if key not in self._known:
            self._known[key] = self._estimate(*key)
        return self._known[key]

    def _estimate(self, t: float, label: int) -> Tensor:
        at = torch.arange(len(self._x))
        if label >= 0 and self._given is not None:
            at = at[self._given.cpu() == label]
            if not len(at):
                raise BadInput(f"class position {label} has no row in x to calibrate on; give rows of every class")
        total = torch.zeros(self.shape, dtype=torch.float64, device=self._x.device)
        with torch.no_grad():
            for some in at.split(self._size):
                x = self._x[some]
                rng = RowRandom(self._seed, some, device=x.device)  # the same noise at every time
                conditioned = None if label < 0 else torch.full((len(x),), label, dtype=torch.int64, device=x.device)
                alpha, sigma = self.process.coefficients(t, x)
                for _ in range(self._draws):
                    z = rng.normal(self.shape).to(x)
                    for sign in (1, -1):
                        total += (x - self.denoiser(alpha * x + sign * sigma * z, t, conditioned).x0).double().sum(0)
        return total / (2 * self._draws * len(at))

    def _shift(self, t: Tensor | float, given: Tensor | None, x_t: Tensor) -> Tensor:
        if given is not None and given.is_floating_point():
            given = None
        times = torch.as_tensor(t, dtype=torch.float64).cpu().reshape(-1)
        labels = torch.tensor([-1]) if given is None else given.cpu()
        pairs, place = torch.unique(
            torch.stack(torch.broadcast_tensors(times, labels.double())), dim=1, return_inverse=True
        )
        means = torch.stack([self.error(at, int(label)) for at, label in pairs.T.tolist()])
        return means[place.to(means.device)].to(x_t)
