"""Code that is a user's own: whatever it raises is said to be its own, but for Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ._bad_input import BadInput

_LONGEST = 300


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, told apart from what code raises by the name of ``KeyboardInterrupt``."""


@contextmanager
def foreign(words: Callable[[str], str]) -> Iterator[None]:
    """Run code that is not ours; what it raises is a ``BadInput`` that says ``words(what was raised)``.

    That holds for ``SystemExit``, ``KeyboardInterrupt`` and all other kinds. A ``BadInput`` passes, and so does Ctrl-C.
    """
    ours = False
    try:
        with _own_interrupt() as ours:
            yield
    except (BadInput, Interrupted):
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and not ours:  # it may be Ctrl-C
            raise
        said = " ".join(str(error).split())[:_LONGEST]
        raise BadInput(words(f"{type(error).__name__}: {said}" if said else type(error).__name__)) from error


@contextmanager
def _own_interrupt() -> Iterator[bool]:
    """Whether Ctrl-C raises :class:`Interrupted`, is ignored (in the background), or reaches another thread alone."""
    main = threading.current_thread() is threading.main_thread()
    now = signal.getsignal(signal.SIGINT)
    if not main or now is not signal.default_int_handler:
        yield not main or now in (_interrupt, signal.SIG_IGN)
        return
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield True
    finally:
        if signal.getsignal(signal.SIGINT) is _interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt(number: int, frame: Any) -> None:
    raise Interrupted
