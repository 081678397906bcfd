"""What is read of a torch module while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from ecotone.contracts import BadInput

AUTOCAST = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class Taps:
    """What layers gave and what entered linear layers, of one forward pass."""

    def __init__(self, maps: bool) -> None:
        self.maps = maps
        self.kept: dict[str, Tensor] = {}
        self.entered: dict[str, tuple[Tensor, Tensor]] = {}
        self.versions: dict[str, int] = {}

    def layer(self, name: str) -> Any:
        """A hook that keeps the output of a layer: averaged at once, for what follows may overwrite it."""

        def hook(module: nn.Module, arguments: Any, output: Any) -> None:
            value = _first_tensor(output)
            if value is None:
                raise BadInput(f"layer {name!r} gives {type(output).__name__}, no tensor; name another")
            found = value if self.maps else pooled(value)
            if found is value and not value.requires_grad:
                found = value.clone()
            elif found is value:  # gradients by it are wanted, so it stays itself
                self.versions[name] = value._version
            self.kept[name] = found

        return hook

    def linear(self, name: str) -> Any:
        """A hook that keeps what enters and leaves a linear layer."""

        def hook(module: nn.Module, arguments: Any, output: Any) -> None:
            if arguments and isinstance(arguments[0], Tensor) and arguments[0].ndim == 2:
                self.entered[name] = (arguments[0], output)

        return hook

    def check(self, layers: Sequence[str]) -> None:
        """Raise ``BadInput`` for a layer that did not run or whose output is no longer there."""
        for name in layers:
            if name not in self.kept:
                raise BadInput(f"layer {name!r} did not run in the forward pass; name one that does")
        for name, version in self.versions.items():
            if self.kept[name]._version != version:
                raise BadInput(
                    f"the module overwrites the output of layer {name!r} after it ran (inplace=True, or +=), so that "
                    "there are no gradients by it; set inplace=False there, or name the layer that overwrites it"
                )


@contextmanager
def tapped(modules: Mapping[str, nn.Module], layers: Sequence[str], heads: Sequence[str], maps: bool) -> Iterator[Taps]:
    """Hooks for as long as one forward pass takes."""
    taps = Taps(maps)
    handles = [modules[name].register_forward_hook(taps.layer(name)) for name in layers]
    handles += [modules[name].register_forward_hook(taps.linear(name)) for name in heads]
    try:
        yield taps
    finally:
        for handle in handles:
            handle.remove()


class Compiled:
    """The module as ``torch.compile`` makes it, with its hooks in it, on a copy that shares the weights."""

    def __init__(
        self, module: nn.Module, layers: Sequence[str], heads: Sequence[str], maps: bool, backend: str
    ) -> None:
        shared = {id(value): value for value in (*module.parameters(), *module.buffers())}
        copy = deepcopy(module, shared)  # hooks that came and went would be compiled anew each time
        self.taps, modules = Taps(maps), dict(copy.named_modules())
        for name in layers:
            modules[name].register_forward_hook(self.taps.layer(name))
        for name in heads:
            modules[name].register_forward_hook(self.taps.linear(name))
        self.run: Any = torch.compile(copy, backend=backend)

    def __call__(self, x: Any) -> tuple[Any, Taps]:
        """The module's output, and what was read on the way."""
        self.taps.kept, self.taps.entered = {}, {}
        for value in x.values() if isinstance(x, Mapping) else (x,):
            torch._dynamo.maybe_mark_dynamic(value, 0)  # the last block has fewer rows
        return (self.run(**x) if isinstance(x, Mapping) else self.run(x)), self.taps


def pooled(values: Tensor) -> Tensor:
    """Averages over places: ``(n, c, *space)`` to ``(n, c)``; tokens ``(n, length, c)`` over their length."""
    if values.ndim == 3:
        return values.mean(1)
    return values.flatten(2).mean(2) if values.ndim > 3 else values


def logits_of(output: Any) -> Tensor:
    """The logits in what a module gave: a tensor, a mapping or an object with ``logits``, or the first of a tuple."""
    found = output
    if isinstance(found, Mapping):
        if "logits" not in found and len(found) != 1:
            raise BadInput(f"the network gave a mapping of {', '.join(map(str, found))}; one of them must be 'logits'")
        found = found["logits"] if "logits" in found else next(iter(found.values()))
    elif hasattr(found, "logits"):
        found = found.logits
    elif isinstance(found, tuple | list) and found:
        return logits_of(found[0])
    if not isinstance(found, Tensor) or found.ndim != 2:
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise BadInput(f"the network gave {shape}, not logits of shape (n, classes); wrap it so that it does")
    return found


def device_of(name: str | torch.device | None) -> torch.device | None:
    """A device by name; ``"auto"`` is the fastest one that is there."""
    if name is None:
        return None
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        line = str(error).split("\n")[0][:200]
        raise BadInput(f"device {name!r} cannot be used ({line}); give 'auto', 'cpu', 'cuda' or 'mps'") from None


def _first_tensor(output: Any) -> Tensor | None:
    if isinstance(output, Tensor):
        return output
    values = output.values() if isinstance(output, Mapping) else output if isinstance(output, tuple | list) else ()
    return next((value for value in values if isinstance(value, Tensor)), None)
