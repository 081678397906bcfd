"""Streams of rows against a reference: a monitor whose false alarms keep a stated budget."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._alarm import Alarm as Alarm
    from ._alarm import Break as Break
    from ._alarm import ChangePoint as ChangePoint
    from ._alarm import Update as Update
    from ._chunk_column import ChunkColumn as ChunkColumn
    from ._chunks import Chunk as Chunk
    from ._monitor import Monitor as Monitor
    from ._settings import WatchSettings as WatchSettings
    from ._status import Episode as Episode
    from ._status import Leading as Leading
    from ._status import Risk as Risk
    from ._status import Status as Status
    from ._store import MonitorStore as MonitorStore

__getattr__, __dir__ = attach(__name__, __file__)
