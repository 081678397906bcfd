"""Joining a Ray cluster, and noticing that it is gone."""

from __future__ import annotations

import logging
import socket
from typing import Any

from ecotone.contracts import BadInput

_PATIENCE = 5.0  # seconds for a first answer
_MISSES = 3
_CLIENT = "ray://"


def joined(address: str | None, workers: int | None) -> tuple[Any, bool]:
    """The ``ray`` module, connected, and whether this call connected it.

    Raises
    ------
    BadInput
        As :class:`RayEngine` says.
    """
    try:
        import ray
    except ImportError:
        raise BadInput("engine ray needs Ray, which is not installed; pip install 'ecotone[ray]'") from None
    if ray.is_initialized():  # the user's own script, or a second engine
        return ray, False
    if address not in (None, "auto"):
        _answers(str(address))
    try:
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if address is None:
            ray.init(address="local", num_cpus=workers, include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except Exception as error:  # of many kinds, by the way in which a cluster does not answer
        raise BadInput(_why_not(address, error)) from None
    return ray, True


def _why_not(address: str | None, error: Exception) -> str:
    said = " ".join(str(error).split())[:300]
    where = "a Ray cluster on this machine" if address is None else f"the Ray cluster at {address}"
    if "ersion mismatch" in said:
        return f"{where} has other versions ({said}); install the same Python and Ray on both"
    if isinstance(error, ImportError):
        return f"{where} needs Ray's client, which is not installed ({said}); pip install 'ecotone[ray]'"
    remedy = "leave --engine out" if address is None else "start it (ray start --head) and check --address"
    return f"{where} cannot be joined ({type(error).__name__}: {said}); {remedy}"


def _answers(address: str) -> None:
    """Raise ``BadInput`` where nothing listens: Ray itself would try for minutes."""
    host, _, port = address.removeprefix(_CLIENT).rpartition(":")
    if not host or not port.isdigit() or "://" in host:
        raise BadInput(f"address {address!r} is none of a Ray cluster; give HOST:PORT, ray://HOST:PORT or auto")
    if (reason := _refused(host, int(port))) is not None:
        raise BadInput(
            f"there is no Ray cluster at {address} ({reason}); start it (ray start --head) and check --address: "
            "ray:// goes to the client's port, 10001 by default, HOST:PORT to the head's, 6379"
        )


def _refused(host: str, port: int) -> str | None:
    try:
        socket.create_connection((host, port), _PATIENCE).close()
        return None
    except OSError as error:
        return error.strerror or str(error)


class Pulse:
    """Whether a cluster's head still answers; Ray itself waits a minute and then ends this process.

    Parameters
    ----------
    ray : module
        Connected.
    address : str or None
        As it was given.
    """

    def __init__(self, ray: Any, address: str | None) -> None:
        client = address is not None and address.startswith(_CLIENT)
        self._address = str(address).removeprefix(_CLIENT) if client else ray.get_runtime_context().gcs_address
        self._missed = 0

    def feel(self) -> None:
        """Raise ``BadInput`` after several looks in a row without an answer."""
        host, _, port = self._address.rpartition(":")
        reason = _refused(host, int(port))
        self._missed = 0 if reason is None else self._missed + 1
        if self._missed >= _MISSES:
            raise BadInput(
                f"the Ray cluster at {self._address} is gone ({reason}); nothing was written: start it again, and run "
                "again"
            )
