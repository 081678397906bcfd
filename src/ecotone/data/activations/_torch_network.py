"""A torch module as a network whose layers can be read and that can be run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from ecotone.contracts import Activations, BadInput, Head

from ._arrow_rows import is_arrow, matrix
from ._blocks import digest
from ._torch_parts import AUTOCAST, Compiled, device_of, logits_of, tapped

PENULTIMATE = "penultimate"


class TorchNetwork:
    """A torch module and what to read of it.

    Parameters
    ----------
    module : torch.nn.Module
        Put into evaluation mode. Its output is the logits ``(n, classes)``, a mapping or an object with ``logits``, or
        a tuple that begins with them.
    layers : sequence of str
        Names of submodules (``module.named_modules()``) whose outputs to keep; ``"penultimate"`` is what enters the
        head, which is kept anyway. Outputs ``(n, c, *space)`` are averaged over their places, tokens
        ``(n, length, c)`` over their length.
    head : str, optional
        Name of the last linear layer; by default the ``nn.Linear`` whose output is the network's.
    preprocess : callable, optional
        A block of inputs to the tensor that enters the module, or to a mapping of tensors that enter it by name; by
        default floats and integers (tokens) as they are, and bytes divided by 255.
    device : str, optional
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``: the module is moved there; by default it stays where it is.
    autocast : {"bfloat16", "float16"}, optional
        Precision of the forward pass, by ``torch.autocast``; what is kept is still ``dtype`` of the reading.
    channels_last : bool
        Images and weights in memory with the channels last.
    compile : bool or str
        Run passes without gradients through ``torch.compile``; a word is its backend.

    Raises
    ------
    BadInput
        For a layer or a head that the module does not have, or an output that holds no logits.

    Notes
    -----
    What pays depends on the network and the machine. Time of a pass relative to a plain one, measured on one thread
    of a server's CPU: a ResNet-18 on 32 x 32 images 0.47 with ``autocast="bfloat16"``, 1.5 with ``channels_last``, 0.7
    compiled (and a minute to compile); three small convolutions on 28 x 28 images 0.64, 0.73 and 0.77.

    Examples
    --------
    >>> module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> acts = TorchNetwork(module, layers=["0"])(torch.zeros(5, 3))
    >>> tuple(acts.features.shape), tuple(acts.logits.shape), list(acts.layers)
    ((5, 4), (5, 2), ['0'])
    """

    differentiable = True

    def __init__(
        self,
        module: nn.Module,
        layers: Sequence[str] = (),
        head: str | None = None,
        preprocess: Any = None,
        *,
        device: str | torch.device | None = None,
        autocast: str | None = None,
        channels_last: bool = False,
        compile: bool | str = False,
    ) -> None:
        if autocast is not None and autocast not in AUTOCAST:
            raise BadInput(f"autocast must be 'bfloat16', 'float16' or None, got {autocast!r}")
        self.layers = tuple(name for name in layers if name != PENULTIMATE)
        self.head, self.preprocess = head, preprocess
        self.autocast, self.channels_last, self.compile = autocast, channels_last, compile
        self._compiled: dict[bool, Compiled] = {}
        self._modules = dict(module.named_modules())
        self._check_names()
        self._place = device_of(device)
        self.module = module.eval()
        if self._place is not None:
            self.module = self.module.to(self._place)
        if channels_last:
            moved: Any = self.module
            self.module = moved.to(memory_format=torch.channels_last)

    @property
    def device(self) -> torch.device:
        """Where the module's weights are."""
        return next((p.device for p in self.module.parameters()), self._place or torch.device("cpu"))

    def __call__(self, inputs: Any, *, maps: bool = False) -> Activations:
        """Run one block of inputs."""
        acts = self.forward(self.tensor(inputs), maps=maps)
        object.__setattr__(acts, "inputs", inputs)
        return acts

    def tensor(self, inputs: Any) -> Any:
        """A block of inputs as the tensor that enters the module: preprocessed, on its device, in its precision."""
        x = inputs if self.preprocess is None else self.preprocess(inputs)
        if isinstance(x, Mapping):
            return {name: self._placed(value) for name, value in x.items()}
        return self._placed(x)

    def _placed(self, value: Any) -> Tensor:
        x = value if isinstance(value, Tensor) else _as_tensor(value)
        if x.dtype == torch.uint8 and self.preprocess is None:
            x = x.float() / 255
        weight = next((p for p in self.module.parameters() if p.is_floating_point()), None)
        precision = weight.dtype if weight is not None and x.is_floating_point() else x.dtype
        x = x.to(self.device, precision)
        if self.channels_last and x.ndim == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        return x

    def forward(self, x: Any, *, maps: bool = False) -> Activations:
        """Run the module on what :meth:`tensor` gives; hangs on the graph where that requires gradients."""
        heads = [self.head] if self.head else [n for n, m in self._modules.items() if isinstance(m, nn.Linear)]
        if self.compile and not torch.is_grad_enabled():
            if maps not in self._compiled:
                backend = self.compile if isinstance(self.compile, str) else "inductor"
                self._compiled[maps] = Compiled(self.module, self.layers, heads, maps, backend)
            with self._precision():
                output, taps = self._compiled[maps](x)
        else:
            with tapped(self._modules, self.layers, heads, maps) as taps, self._precision():
                output = self.module(**x) if isinstance(x, Mapping) else self.module(x)
        logits = logits_of(output)
        taps.check(self.layers)
        name = next((n for n in reversed(taps.entered) if taps.entered[n][1] is logits), None)
        if self.head and name is None:
            raise BadInput(f"head {self.head!r} does not give the network's output; name the last linear layer")
        return Activations.unchecked(
            features=taps.entered[name][0] if name else None, logits=logits, head=self._head(name),
            layers={n: taps.kept[n] for n in self.layers}, inputs=x, network=self,
        )  # fmt: skip

    def settings(self) -> dict[str, Any]:
        """What decides the values beside the data, for readings that go on later: weights by their fingerprint."""
        weights = {name: value.float() for name, value in self.module.state_dict().items()}
        prepared = getattr(self.preprocess, "__qualname__", type(self.preprocess).__name__)
        return {
            "module": type(self.module).__name__, "weights": digest(weights), "layers": list(self.layers),
            "head": self.head, "preprocess": None if self.preprocess is None else prepared, "autocast": self.autocast,
        }  # fmt: skip

    def _precision(self) -> AbstractContextManager[Any]:
        if self.autocast is None:
            return nullcontext()
        context: AbstractContextManager[Any] = torch.autocast(self.device.type, AUTOCAST[self.autocast])
        return context

    def _check_names(self) -> None:
        for name in (*self.layers, *([self.head] if self.head else [])):
            if name not in self._modules:
                listed = ", ".join(n for n in self._modules if n)
                raise BadInput(f"the network has no layer {name!r}; its layers are {listed[:600]}")
        if self.head and not isinstance(self._modules[self.head], nn.Linear):
            raise BadInput(
                f"head {self.head!r} is a {type(self._modules[self.head]).__name__}; name the last nn.Linear"
            )

    def _head(self, name: str | None) -> Head | None:
        if name is None:
            return None
        layer: Any = self._modules[name]
        bias = layer.bias if layer.bias is not None else layer.weight.new_zeros(len(layer.weight))
        return Head(layer.weight.detach(), bias.detach())


def _as_tensor(value: Any) -> Tensor:
    value = matrix(value) if is_arrow(value) else value
    try:
        return torch.tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        line = str(error).split("\n")[0][:200]
        raise BadInput(
            f"inputs of type {type(value).__name__} are no tensor ({line}); give arrays of one shape, or preprocess="
        ) from None
