"""An engine by its name."""

from __future__ import annotations

from ecotone.contracts import BadInput

from ._engine import Engine

ENGINES = ("local", "ray")


def open_engine(name: str, *, address: str | None = None, workers: int | None = None) -> Engine:
    """An engine, ready to work.

    Parameters
    ----------
    name : {"local", "ray"}
        ``local``: processes of this machine. ``ray``: the workers of a Ray cluster (the ``ray`` extra).
    address : str or None
        Of a running cluster: ``host:port`` of its head, ``ray://host:port`` of its client server, or ``auto`` for the
        one that this machine belongs to. None starts one on this machine, for as long as the engine is open.
    workers : int or None
        Items to work on at the same time: by default the cores of this machine, or of the cluster.

    Raises
    ------
    BadInput
        Another name; an address for ``local``; no cluster at the address, or one of another version of Python or Ray.

    Examples
    --------
    >>> from ecotone.data.engines import open_engine
    >>> with open_engine("local", workers=2) as engine:
    ...     sorted(engine.map(abs, [-1, 2, -3]))
    [(0, 1), (1, 2), (2, 3)]
    """
    if workers is not None and workers < 1:
        raise BadInput(f"workers must be at least 1, got {workers}; leave it out for one on each core")
    if name == "local":
        if address is not None:
            raise BadInput(f"address {address!r} is that of a cluster; add engine ray (--engine ray), or leave it out")
        from ._local_engine import LocalEngine

        return LocalEngine(workers)
    if name == "ray":
        from ._ray_engine import RayEngine

        return RayEngine(address, workers)
    raise BadInput(f"engine must be one of {', '.join(ENGINES)}, got {name!r}")
