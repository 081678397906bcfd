"""A user's own code: pickles and functions. Whatever they raise is theirs, and said in a sentence."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecotone.contracts import BadInput


def unpickled(path: Path, option: str) -> Any:
    """What a pickle that is trusted holds; whatever opening it raises is a ``BadInput``."""
    if not path.is_file():
        raise BadInput(f"{option} {path} is not a file that is there; give one that joblib.dump wrote")
    import joblib

    try:
        return joblib.load(path)
    except (Exception, SystemExit) as error:  # a pickle can raise anything
        raise BadInput(
            f"{option} {path} cannot be opened ({type(error).__name__}: {error}); "
            "save it with joblib.dump under the same library versions"
        ) from None


def called(words: str, option: str) -> Any:
    """What a user's function gives."""
    found = function_named(words, option)
    try:
        return found()
    except (Exception, SystemExit) as error:  # whatever a user's own function raises
        raise BadInput(f"{option} {words}() raised {type(error).__name__}: {error}") from None


def function_named(words: str, option: str) -> Callable[..., Any]:
    """The function ``package:function`` of a user."""
    package, _, name = words.partition(":")
    if not package or not name or package.startswith("."):
        raise BadInput(f"{option} {words!r} must be package:function")
    if "" not in sys.path:
        sys.path.insert(0, "")  # a module beside the user, as `python -m` has it
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(package), name)
        return found
    except (Exception, SystemExit) as error:  # importing runs a user's own lines
        what = str(error) if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: {error}"
        raise BadInput(f"{option} {words}: {what}; give a function that Python can import from here") from None


def guarded(function: Callable[[Any], Any], words: str) -> Callable[[Any], Any]:
    """A user's function, whose own errors are said to be its own."""

    def prepared(inputs: Any) -> Any:
        try:
            return function(inputs)
        except (Exception, SystemExit) as error:
            raise BadInput(f"--preprocess {words} raised {type(error).__name__}: {error}") from None

    return prepared
