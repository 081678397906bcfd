"""The command line: one verb a file."""

from ._app import app as app
from ._main import main as main
