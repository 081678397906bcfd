"""The token that a client shows: read from a file, compared in a time that does not depend on it."""

from __future__ import annotations

import base64
import binascii
import hmac
from pathlib import Path

from ecotone.contracts import BadInput

from ._refused import Refused

_LEAST = 16  # of base64: 96 bits


def read_token(path: Path) -> str:
    """The first line of a file.

    Raises
    ------
    BadInput
        Where it cannot be read, or is shorter than 16 characters or not plain ASCII.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not ASCII text"
        raise BadInput(f"--token-file {path} cannot be read ({reason}); write a token of ASCII into it") from None
    token = lines[0].strip() if lines else ""
    if len(token) < _LEAST or not token.isprintable() or " " in token:
        raise BadInput(
            f"--token-file {path} holds a token of {len(token)} characters; give {_LEAST} or more without spaces, "
            "such as `openssl rand -hex 32` prints"
        )
    return token


def check_token(token: str, method: str, authorization: bytes) -> None:
    """Raise :class:`Refused` unless a request's ``Authorization`` shows the token.

    ``Bearer TOKEN`` always does; ``Basic`` with the token as the password does where nothing is changed, so that a
    browser can look at the page: browsers send it by themselves, also for a form on another site.
    """
    kind, _, value = authorization.partition(b" ")
    shown = value.strip()
    if kind.lower() == b"basic" and method in ("GET", "HEAD"):
        shown = _password(shown)
    elif kind.lower() != b"bearer":
        shown = b""
    if not hmac.compare_digest(shown, token.encode()):
        what = "a token that is not this service's" if shown else "no token"
        headers = {"WWW-Authenticate": 'Bearer realm="ecotone", Basic realm="ecotone", charset="UTF-8"'}
        if method not in ("GET", "HEAD"):
            headers["Connection"] = "close"  # a body of any length may follow, and nobody reads it
        raise Refused(401, f"the request shows {what}; send the header Authorization: Bearer TOKEN", headers)


def _password(encoded: bytes) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
