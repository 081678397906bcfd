"""Frozen dataclasses as JSON, by one function for all of them."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._json_schema import json_schema as json_schema
    from ._json_values import OPTIONAL as OPTIONAL
    from ._json_values import Keys as Keys
    from ._json_values import finite as finite
    from ._json_values import finite_ends as finite_ends
    from ._json_values import jsonable as jsonable
    from ._json_values import keys_of as keys_of
    from ._json_values import strict_json as strict_json
    from ._json_values import to_dict as to_dict

__getattr__, __dir__ = attach(__name__, __file__)
