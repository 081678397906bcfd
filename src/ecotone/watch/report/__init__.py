"""A monitor's run, drawn: one page that needs nothing else."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._page import run_page as run_page
    from ._timeline import timeline as timeline

__getattr__, __dir__ = attach(__name__, __file__)
