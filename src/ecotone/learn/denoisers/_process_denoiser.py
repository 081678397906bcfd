"""What transforms of denoisers ask of them."""

from __future__ import annotations

from typing import Any, Protocol

from ecotone.learn import Denoiser


class ProcessDenoiser(Denoiser, Protocol):
    """A Denoiser that knows its process, a Gaussian one."""

    process: Any
