"""Doctests of the service need what the service needs."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("fastapi") else ["ecotone/serve/*"]
