"""REST over HTTP, metrics to scrape, a page to look at, the agent's door. Needs the extras ``serve`` and ``mcp``."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._agent import agent as agent
    from ._app import app as app
    from ._protocol import Protocol as Protocol
    from ._settings import Limits as Limits
    from ._settings import Settings as Settings
    from ._token import read_token as read_token

__getattr__, __dir__ = attach(__name__, __file__)
