"""Sharpness of the maps from one layer to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, as_seed
from ecotone.contracts.arrays import Array

from ._post_hoc import PostHoc
from ._second_pass import second_pass

if TYPE_CHECKING:
    from torch import Tensor

CARD = Card(
    name="BLOOD",
    summary="Minus the squared Frobenius norm of the Jacobians between consecutive layers; fits nothing.",
    contract="PostHoc",
    title="Out-of-Distribution Detection by Leveraging Between-Layer Transformation Smoothness",
    authors=("Jelenić, Fran", "Jukić, Josip", "Tutek, Martin", "Puljiz, Mate", "Šnajder, Jan"),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2310.02832",
    row=3,
    reads=("gradient",),
    remedy_for=("outliers",),
    advice="Look at the rows on which the network's layers react sharply to small changes.",
    tier="experimental",
    claim="Far outside sets have sharper maps between layers than what is inside: mean AUROC above a half.",
)

PENULTIMATE = "penultimate"


class BLOOD(PostHoc):
    r"""Between-layer out-of-distribution detection.

    With :math:`J_l = \partial h_{l+1} / \partial h_l` at the row, between layers on the way to the logits,

    .. math:: s(x) = -\operatorname{mean}_l \lVert J_l \rVert_F^2 ,

    squared and not divided by the layers' widths. By default each norm is estimated from one side, by the mean of
    :math:`\lVert J_l^\top v \rVert^2` over ``draws`` normal v, as the authors' code does for images. Both this and the
    two-sided :math:`(v^\top J_l w)^2` of their text have mean :math:`F = \lVert J \rVert_F^2`; with
    :math:`G = \lVert J^\top J \rVert_F^2` their variances per draw are 2G and :math:`2F^2 + 6G`. All rows share the
    draws, so that a row's score depends on no other row, and differences between rows are less noisy than scores.

    Maps count with all their places. Of layers of tokens ``(m, length, c)`` the authors take the first token alone,
    ``token=0``, and leave the embedding out. Nothing is learned: it scores without ``fit``. The paper finds outside
    rows sharper on hard tasks only; networks of easy tasks keep the sharpness of their initial weights.

    Parameters
    ----------
    layers : sequence of str, optional
        Consecutive layers in order of depth, among those that the network keeps; ``"penultimate"`` stands for the
        features. By default all that it keeps and then the features, which are the last layer before the head.
    draws : int
        Of v for each pair of layers.
    exact : bool
        The whole Jacobian, one pass back for each output of a layer, in place of draws.
    last : bool
        The last pair alone, in place of the mean.
    token : int, optional
        Position to which layers of tokens are cut.
    random_state : int

    Raises
    ------
    BadInput
        For fewer than two layers, a layer that the network does not keep, or one that the layer before does not enter.

    References
    ----------
    Jelenić, Jukić, Tutek, Puljiz and Šnajder (2024), https://arxiv.org/abs/2310.02832

    Examples
    --------
    >>> import torch
    >>> from ecotone.data.activations import read_activations
    >>> module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    >>> acts = read_activations(module, torch.zeros(5, 2), layers=["0"])
    >>> squared = module[1].weight.detach().square().sum().item()
    >>> bool(abs(BLOOD(exact=True).score_samples(acts) + squared).max() < 1e-5)
    True
    """

    card = CARD

    def __init__(
        self,
        layers: Sequence[str] | None = None,
        draws: int = 10,
        exact: bool = False,
        last: bool = False,
        token: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.layers = layers
        self.draws = draws
        self.exact = exact
        self.last = last
        self.token = token
        self.random_state = random_state

    def _score(self, block: Activations) -> Array:
        if self.draws < 1:
            raise BadInput(f"draws must be at least 1, got {self.draws!r}")
        drawn: dict[int, Any] = {}
        return -second_pass(block, lambda acts: self._sharpness(acts, drawn), maps=True)

    def _sharpness(self, acts: Activations, drawn: dict[int, Any]) -> Tensor:
        import torch

        names = self._names(acts)
        outputs = [self._output(acts, name) for name in names]
        first = len(names) - 2 if self.last else 0
        found = []
        for i in range(first, len(names) - 1):
            end = self._cut(outputs[i + 1])
            if i not in drawn:
                drawn[i] = self._directions(end, i)
            found.append(sum(self._pulled(outputs[i], end, v, names[i : i + 2]) for v in drawn[i]))
        return torch.stack(found).mean(0)

    def _directions(self, end: Tensor, i: int) -> Tensor:
        """Directions (draws, *shape of a row): the squared lengths of what they pull back sum to the squared norm."""
        import torch

        shape = tuple(end.shape[1:])
        if self.exact:
            return torch.eye(end[0].numel(), dtype=end.dtype, device=end.device).reshape(-1, *shape)
        v = as_seed(self.random_state, i).normal(size=(self.draws, *shape)) / self.draws**0.5
        return torch.as_tensor(v, dtype=end.dtype, device=end.device)

    def _pulled(self, start: Tensor, end: Tensor, v: Tensor, names: Sequence[str]) -> Tensor:
        import torch

        slope = None
        if start.requires_grad and end.requires_grad:
            # rows do not mix in evaluation mode: the slope of the sum is that of each row
            (slope,) = torch.autograd.grad((v * end).sum(), start, retain_graph=True, allow_unused=True)
        if slope is None:
            raise BadInput(f"layer {names[1]!r} does not depend on layer {names[0]!r}; name layers in order of depth")
        return self._cut(slope).double().flatten(1).square().sum(1)

    def _cut(self, values: Tensor) -> Tensor:
        return values if self.token is None or values.ndim != 3 else values[:, self.token]

    def _names(self, acts: Activations) -> list[str]:
        if self.layers is not None:
            names = list(self.layers)
        else:
            names = list(acts.layers)
            kept = any(acts.features is value for value in acts.layers.values())
            names += [] if acts.features is None or kept else [PENULTIMATE]
        if len(names) < 2:
            raise BadInput(f"BLOOD needs two layers or more, the network keeps {names}; read it with layers=[...]")
        return names

    def _output(self, acts: Activations, name: str) -> Tensor:
        if name == PENULTIMATE and acts.features is not None:
            return acts.features
        if name not in acts.layers:
            raise BadInput(f"the network keeps no layer {name!r}, only {list(acts.layers)}; read it with layers=")
        return acts.layers[name]
