"""The command line: one verb a file."""

from ._main import app as app
from ._main import main as main
