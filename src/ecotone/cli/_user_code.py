"""A user's own code: pickles and functions. Whatever they raise is theirs, and said in a sentence."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecotone.contracts import BadInput, foreign


def unpickled(path: Path, option: str) -> Any:
    """What a pickle that is trusted holds; whatever opening it raises is a ``BadInput``."""
    if not path.is_file():
        raise BadInput(f"{option} {path} is not a file that is there; give one that joblib.dump wrote")
    import joblib

    with foreign(
        lambda raised: (
            f"{option} {path} cannot be opened ({raised}); save it with joblib.dump under the same library versions"
        )
    ):
        return joblib.load(path)


def fitted_model(path: Path | None, *, trust: bool) -> Any:
    """The path of an ONNX file, or what a pickle holds (with ``--trust`` alone); None where none is named."""
    if path is None:
        return None
    if path.suffix == ".onnx":
        return path
    if not trust:
        raise BadInput(f"--model {path} is a pickle and opening it can run code; add --trust if you made it")
    found = unpickled(path, "--model")
    if found is None:
        raise BadInput(f"--model {path} holds nothing (None); save the fitted model with joblib.dump")
    return found


def called(words: str, option: str) -> Any:
    """What a user's function gives."""
    found = function_named(words, option)
    with foreign(lambda raised: f"{option} {words}() raised {raised}; mend the function"):
        return found()


def function_named(words: str, option: str) -> Callable[..., Any]:
    """The function ``package:function`` of a user."""
    package, _, name = words.partition(":")
    if not package or not name or package.startswith("."):
        raise BadInput(f"{option} {words!r} must be package:function")
    if "" not in sys.path:
        sys.path.insert(0, "")  # a module beside the user, as `python -m` has it
    with foreign(lambda raised: f"{option} {words}: {raised}; give a function that Python can import from here"):
        found: Callable[..., Any] = getattr(importlib.import_module(package), name)  # which runs a user's own lines
        return found


def guarded(function: Callable[[Any], Any], words: str) -> Callable[[Any], Any]:
    """A user's function, whose own errors are said to be its own."""

    def prepared(inputs: Any) -> Any:
        with foreign(lambda raised: f"--preprocess {words} raised {raised}; mend the function"):
            return function(inputs)

    return prepared
