"""One time for all small times of an interval, so that a network need not change fast with time."""

from __future__ import annotations

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput

from ._network_denoiser import NetworkDenoiser

CARD = Card(
    name="shared_timestep_condition",
    summary="Tells a network one time for each of a few intervals near the data.",
    contract="DenoiserTransform",
    title="Lipschitz Singularities in Diffusion Models",
    authors=(
        "Yang, Zhantao", "Feng, Ruili", "Zhang, Han", "Shen, Yujun", "Zhu, Kai", "Huang, Lianghua", "Zhang, Yifei",
        "Liu, Yu", "Zhao, Deli", "Zhou, Jingren", "Cheng, Fan",
    ),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2306.11251",
    row=560,
    reads=("denoiser",),
    tier="experimental",
    claim="At few DDIM steps a noise network trained with shared times near the data is nearer to the data than one "
    "told every time.",
)  # fmt: skip


def shared_timestep_condition(
    denoiser: NetworkDenoiser, *, cutoff: float | None = None, intervals: int = 5
) -> SharedTimeDenoiser:
    r"""A denoiser whose network is told a shared time near the data.

    The noise as a function of t changes without bound as :math:`t \to 0`, since :math:`\dot\sigma_t` does. With
    :math:`h = t_c / n` the network is told

    .. math:: f(t) = h \lfloor t / h \rfloor \quad (t < t_c), \qquad f(t) = t \quad (t \ge t_c),

    and at least the process's ``t_min``. Noising and all coefficients keep the true t. Both denoisers have the same
    network: train the one returned; used only while sampling, sharing hurts. The best it can do is the mean over the
    interval, an error of order :math:`h^{1/2}`; at the edges of the intervals it jumps. It is meant for networks that
    are told t: those here are told the log of the noise-to-signal ratio, in which small times are spread out already,
    and sharing did not help them (see the claim).

    Parameters
    ----------
    denoiser : NetworkDenoiser
    cutoff : float, optional
        :math:`t_c`, in units of the process's time; by default a tenth of ``t_max``, meant for processes on [0, 1].
    intervals : int
        n.

    Returns
    -------
    SharedTimeDenoiser
        A NetworkDenoiser with the same network.

    Raises
    ------
    BadInput
        For another kind of denoiser, or settings out of range.

    References
    ----------
    Yang, Feng, Zhang, Shen, Zhu, Huang, Zhang, Liu, Zhao, Zhou and Cheng (2024), https://arxiv.org/abs/2306.11251,
    where the method is E-TSDM

    Examples
    --------
    >>> from ecotone.learn.networks import MLP
    >>> from ecotone.learn.processes import VP
    >>> plain = NetworkDenoiser(MLP(16, 1).build((2,)), VP(), (2,), predicts="noise")
    >>> shared = shared_timestep_condition(plain)
    >>> shared.shared_time(torch.tensor([0.013, 0.031, 0.25], dtype=torch.float64)).tolist()
    [1e-05, 0.02, 0.25]
    """
    if not isinstance(denoiser, NetworkDenoiser):
        raise BadInput(f"sharing a time needs a network that is told one, got {type(denoiser).__name__}")
    cutoff = 0.1 * denoiser.process.t_max if cutoff is None else cutoff
    if not 0 < cutoff <= denoiser.process.t_max or intervals < 1:
        raise BadInput(
            f"cutoff must lie in (0, {denoiser.process.t_max:g}] and intervals be at least 1, got {cutoff!r} and "
            f"{intervals!r}"
        )
    made = SharedTimeDenoiser(denoiser, cutoff, intervals)
    made.train(denoiser.training)
    return made


class SharedTimeDenoiser(NetworkDenoiser):
    """What :func:`shared_timestep_condition` returns."""

    def __init__(self, denoiser: NetworkDenoiser, cutoff: float, intervals: int) -> None:
        super().__init__(
            denoiser.network, denoiser.process, denoiser.shape, predicts=denoiser.predicts,
            data_std=denoiser.data_std, condition=denoiser.condition,
        )  # fmt: skip
        self.cutoff, self.intervals = cutoff, intervals

    def shared_time(self, t: Tensor) -> Tensor:
        """f(t), at least ``t_min``."""
        width = self.cutoff / self.intervals
        place = t / width
        on_edge = (place - torch.round(place)).abs() < 1e-9  # a time that starts its interval stays as it is
        start = torch.where(on_edge, t, width * torch.floor(place))
        return torch.where(t < self.cutoff, start, t).clamp(min=self.process.t_min)

    def _time(self, t: Tensor | float, x: Tensor) -> Tensor:
        return super()._time(self.shared_time(torch.as_tensor(t, dtype=torch.float64, device=x.device)), x)
