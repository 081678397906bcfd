"""The main job: the verbs put together, the advice, the report."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._check import check as check
    from ._check_schema import check_schema as check_schema
    from ._result import CheckResult as CheckResult
    from ._result_protocol import Result as Result
    from .quality._contract import Contract as Contract
    from .quality._contract_write import contract_of as contract_of

__getattr__, __dir__ = attach(__name__, __file__)
