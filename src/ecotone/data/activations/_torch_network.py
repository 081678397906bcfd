"""A torch module as a network whose layers can be read and that can be run again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ecotone.contracts import Activations, BadInput, Head

from ._blocks import digest

PENULTIMATE = "penultimate"


class TorchNetwork:
    """A torch module and what to read of it.

    Parameters
    ----------
    module : torch.nn.Module
        Put into evaluation mode. Its output is the logits ``(n, classes)``.
    layers : sequence of str
        Names of submodules (``module.named_modules()``) whose outputs to keep; ``"penultimate"`` is what enters the
        head, which is kept anyway.
    head : str, optional
        Name of the last linear layer; by default the ``nn.Linear`` whose output is the network's.
    preprocess : callable, optional
        A block of inputs to the tensor that enters the module; by default floats as they are, and bytes divided
        by 255.

    Raises
    ------
    BadInput
        For a layer or a head that the module does not have.

    Examples
    --------
    >>> module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> acts = TorchNetwork(module, layers=["0"])(torch.zeros(5, 3))
    >>> tuple(acts.features.shape), tuple(acts.logits.shape), list(acts.layers)
    ((5, 4), (5, 2), ['0'])
    """

    differentiable = True

    def __init__(
        self, module: nn.Module, layers: Sequence[str] = (), head: str | None = None, preprocess: Any = None
    ) -> None:
        self.module = module.eval()
        self.layers = tuple(name for name in layers if name != PENULTIMATE)
        self.head = head
        self.preprocess = preprocess
        known = dict(module.named_modules())
        for name in (*self.layers, *([head] if head else [])):
            if name not in known:
                listed = ", ".join(n for n in known if n)
                raise BadInput(f"the network has no layer {name!r}; its layers are {listed[:600]}")
        if head and not isinstance(known[head], nn.Linear):
            raise BadInput(f"head {head!r} is a {type(known[head]).__name__}; name the last nn.Linear")
        self._modules = known

    @property
    def device(self) -> torch.device:
        """Where the module's weights are."""
        return next((p.device for p in self.module.parameters()), torch.device("cpu"))

    def __call__(self, inputs: Any, *, maps: bool = False) -> Activations:
        """Run one block of inputs."""
        acts = self.forward(self.tensor(inputs), maps=maps)
        object.__setattr__(acts, "inputs", inputs)
        return acts

    def tensor(self, inputs: Any) -> Tensor:
        """A block of inputs as the tensor that enters the module: preprocessed, on its device, in its precision."""
        if self.preprocess is not None:
            x = self.preprocess(inputs)
        else:
            x = inputs if isinstance(inputs, Tensor) else torch.tensor(inputs)
            x = x.float() / 255 if x.dtype == torch.uint8 else x
        weight = next((p for p in self.module.parameters()), None)
        if weight is None:
            return torch.as_tensor(x)
        return x.to(weight.device, weight.dtype) if x.is_floating_point() else x.to(weight.device)

    def forward(self, x: Tensor, *, maps: bool = False) -> Activations:
        """Run the module on what :meth:`tensor` gives; hangs on the graph where that requires gradients."""
        kept: dict[str, Tensor] = {}
        entered: dict[str, tuple[Tensor, Tensor]] = {}
        heads = [self.head] if self.head else [n for n, m in self._modules.items() if isinstance(m, nn.Linear)]
        handles = [self._modules[name].register_forward_hook(_keeper(kept, name)) for name in self.layers]
        handles += [self._modules[name].register_forward_hook(_gate(entered, name)) for name in heads]
        try:
            logits = self.module(x)
        finally:
            for handle in handles:
                handle.remove()
        self._check(kept, logits)
        name = next((n for n in reversed(entered) if entered[n][1] is logits), None)
        if self.head and name is None:
            raise BadInput(f"head {self.head!r} does not give the network's output; name the last linear layer")
        features = entered[name][0] if name else None
        layers = {n: kept[n] if maps else pooled(kept[n]) for n in self.layers}
        return Activations.unchecked(
            features=features, logits=logits, layers=layers, head=self._head(name), inputs=x, network=self
        )

    def settings(self) -> dict[str, Any]:
        """What decides the values beside the data, for readings that go on later: weights by their fingerprint."""
        weights = {name: value.float() for name, value in self.module.state_dict().items()}
        prepared = getattr(self.preprocess, "__qualname__", type(self.preprocess).__name__)
        return {
            "module": type(self.module).__name__, "weights": digest(weights), "layers": list(self.layers),
            "head": self.head, "preprocess": None if self.preprocess is None else prepared,
        }  # fmt: skip

    def _head(self, name: str | None) -> Head | None:
        if name is None:
            return None
        layer: Any = self._modules[name]
        bias = layer.bias if layer.bias is not None else layer.weight.new_zeros(len(layer.weight))
        return Head(layer.weight.detach(), bias.detach())

    def _check(self, kept: dict[str, Tensor], logits: Any) -> None:
        if not isinstance(logits, Tensor) or logits.ndim != 2:
            shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise BadInput(f"the network gave {shape}, not logits of shape (n, classes); wrap it so that it does")
        unused = [name for name in self.layers if name not in kept]
        if unused:
            raise BadInput(f"layer {unused[0]!r} did not run in the forward pass; name one that does")


def pooled(values: Tensor) -> Tensor:
    """Averages over places: ``(n, c, *space)`` to ``(n, c)``; tokens ``(n, length, c)`` over their length."""
    if values.ndim == 3:
        return values.mean(1)
    return values.flatten(2).mean(2) if values.ndim > 3 else values


def _keeper(kept: dict[str, Tensor], name: str) -> Any:
    def hook(module: nn.Module, arguments: Any, output: Any) -> None:
        kept[name] = output[0] if isinstance(output, tuple) else output

    return hook


def _gate(entered: dict[str, tuple[Tensor, Tensor]], name: str) -> Any:
    def hook(module: nn.Module, arguments: Any, output: Any) -> None:
        if arguments and arguments[0].ndim == 2:
            entered[name] = (arguments[0], output)

    return hook
