"""A small denoiser for the noisy part of the way, a large one for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Prediction, Schedule

from ._process_denoiser import ProcessDenoiser

CARD = Card(
    name="stitch_denoisers",
    summary="Uses smaller denoisers at high noise and larger ones below.",
    contract="DenoiserTransform",
    title="T-Stitch: Accelerating Sampling in Pre-Trained Diffusion Models with Trajectory Stitching",
    authors=(
        "Pan, Zizheng", "Zhuang, Bohan", "Huang, De-An", "Nie, Weili", "Yu, Zhiding", "Xiao, Chaowei", "Cai, Jianfei",
        "Anandkumar, Anima",
    ),
    year=2025,
    venue="ICLR",
    link="https://arxiv.org/abs/2402.14167",
    row=221,
    reads=("denoiser",),
    claim="A small network for the first 40 % of the steps costs less distance than the same network for the last "
    "40 %.",
)  # fmt: skip


def stitch_denoisers(
    denoisers: Sequence[ProcessDenoiser], fractions: Sequence[float], *, schedule: Schedule | None = None
) -> StitchedDenoiser:
    r"""Switch from one denoiser to the next as the noise falls.

    The first denoiser serves times :math:`t / t_{\max} \ge 1 - r_1`, the next ones down to :math:`1 - r_1 - r_2`, and
    so on. With a schedule the fractions are of its steps instead: the first :math:`\lfloor r_1 N \rfloor` steps, and so
    on, which is what to use where times are not evenly spaced. The cost is :math:`\sum_i r_i C_i` a step. Denoisers
    must be of the same process and the same scale of data; each takes ``given`` as it is, so that guidance acts inside
    each.

    Parameters
    ----------
    denoisers : sequence of Denoiser
        From the one for the most noise (small) to the one for the least (large).
    fractions : sequence of float
        One for each, at least 0, with sum 1; or one fewer, and the last takes the rest.
    schedule : Schedule, optional

    Returns
    -------
    StitchedDenoiser

    Raises
    ------
    BadInput
        For denoisers of other shapes or processes, or fractions that do not fit.

    References
    ----------
    Pan, Zhuang, Huang, Nie, Yu, Xiao, Cai and Anandkumar (2025), https://arxiv.org/abs/2402.14167

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import VP
    >>> small, large = (GaussianMixture.random(dim=2, components=k, seed=0).denoiser(VP()) for k in (1, 5))
    >>> stitched = stitch_denoisers([small, large], [0.4])
    >>> stitched.starts
    [0.6, -inf]
    """
    shares = [float(f) for f in fractions]
    if len(shares) == len(denoisers) - 1:
        shares.append(1.0 - sum(shares))
    if not denoisers or len(shares) != len(denoisers) or min(shares) < -1e-9 or abs(sum(shares) - 1) > 1e-6:
        raise BadInput(
            f"{len(denoisers)} denoisers need as many fractions, at least 0 and with sum 1, or one fewer with sum at "
            f"most 1; got {list(fractions)!r}"
        )
    if len({tuple(d.shape) for d in denoisers}) > 1:
        raise BadInput(f"the denoisers take rows of shapes {[tuple(d.shape) for d in denoisers]}; they must agree")
    processes = [d.process for d in denoisers]
    if any(p != processes[0] for p in processes[1:]):
        raise BadInput(f"the denoisers are of different processes: {processes}; use ones trained alike")
    return StitchedDenoiser(list(denoisers), _starts(shares, processes[0], schedule))


class StitchedDenoiser:
    """What :func:`stitch_denoisers` returns; ``starts[i]`` is the lowest time that denoiser i serves."""

    def __init__(self, denoisers: list[ProcessDenoiser], starts: list[float]) -> None:
        self.denoisers, self.starts, self.shape = denoisers, starts, tuple(denoisers[0].shape)
        self.process: Any = denoisers[0].process

    def __call__(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        """The prediction for rows ``(n, *shape)`` at ``t``, of whichever denoiser serves that time."""
        at = torch.as_tensor(t, dtype=torch.float64)
        which = self._which(at)
        if which.ndim == 0:
            return self.denoisers[int(which)](x_t, t, given)
        x0 = torch.empty_like(x_t)
        for i in which.unique().tolist():
            some = (which == i).to(x_t.device)
            x0[some] = self.denoisers[i](x_t[some], at.to(x_t.device)[some], None if given is None else given[some]).x0
        return Prediction(x0)

    def _which(self, t: Tensor) -> Tensor:
        below = torch.stack([t.cpu() < start for start in self.starts[:-1]] or [torch.zeros(t.shape, dtype=torch.bool)])
        return below.sum(0)


def _starts(shares: list[float], process: Any, schedule: Schedule | None) -> list[float]:
    """The lowest time of each denoiser; infinite where it serves none, minus infinite where it serves the rest."""
    starts, done = [], 0.0
    for share in shares[:-1]:
        done += share
        if done <= 1e-9:
            starts.append(float("inf"))
        elif done >= 1 - 1e-9:
            starts.append(float("-inf"))
        elif schedule is None:
            starts.append((1 - done) * process.t_max)
        else:
            times = schedule(process)
            served = int(done * (len(times) - 1) + 1e-9)
            starts.append(float(times[served - 1]) if served else float("inf"))
    return [*starts, float("-inf")]
