"""A request that is refused, with the status that fits."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    status : int
        Of HTTP.
    detail : str
        One sentence with the remedy.
    headers : mapping of str to str
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})
