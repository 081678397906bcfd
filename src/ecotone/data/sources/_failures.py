"""What goes wrong in reading a file, said in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa

from ecotone.contracts import BadInput


class Mistyped(pa.ArrowInvalid):
    """A cell is not of the type that the cells before it suggested.

    Parameters
    ----------
    column : str or None
        None where the reader does not say which one.
    """

    def __init__(self, column: str | None, message: str) -> None:
        super().__init__(message)
        self.column = column

    def __reduce__(self) -> tuple[type[Mistyped], tuple[str | None, str]]:
        return Mistyped, (self.column, str(self))


@contextmanager
def reading(file: object, name: str) -> Iterator[None]:
    """Raise ``BadInput`` in the place of what a reader raises for a file that is damaged or of another kind."""
    try:
        yield
    except (BadInput, Mistyped):
        raise
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise BadInput(f"{name}: {file} cannot be read ({first_line(error)}); {_remedy(str(error))}") from None


_REMEDIES = (
    (
        ("ACCESS_DENIED", "InvalidAccessKeyId", "SignatureDoesNotMatch", "PERMISSION_DENIED", "AuthorizationFailure"),
        "the store refuses: check the credentials (of every worker), and that they may list and read",
    ),
    (
        ("NETWORK_CONNECTION", "Timeout was reached", "curlCode", "REQUEST_TIMEOUT", "SLOW_DOWN", "UNAVAILABLE"),
        "the store does not answer: check the endpoint, the region and the network, and run again",
    ),
    (("NO_SUCH_BUCKET", "Bucket does not exist"), "check the bucket and the endpoint"),
    (
        ("libhdfs", "libjvm", "without support"),
        "this Arrow cannot reach such a store; copy the files to another",
    ),
)


def _remedy(said: str) -> str:
    """What to do about an error, by the words that Arrow has for it."""
    known = (remedy for words, remedy in _REMEDIES if any(word in said for word in words))
    return next(known, "is the file whole and of the kind its ending says?")


def first_line(error: BaseException) -> str:
    """The first line of an error's message, cut."""
    return str(error).strip().split("\n")[0][:200]


def check_names(names: Iterable[str], where: str) -> None:
    """Raise ``BadInput`` for a table of no columns, or of two of one name."""
    seen: set[str] = set()
    for column in names:
        if column in seen:
            raise BadInput(f"{where} has two columns named {column!r}; rename one of them")
        seen.add(column)
    if not seen:
        raise BadInput(f"{where} has no columns; give a table with at least one")
