"""Streams of rows against a reference: a monitor whose false alarms keep a stated budget."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._alarm import Alarm as Alarm
    from ._alarm import Break as Break
    from ._alarm import ChangePoint as ChangePoint
    from ._alarm import Update as Update
    from ._monitor import Monitor as Monitor

__getattr__, __dir__ = attach(__name__, __file__)
