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
    from ._evidence import examine as examine
    from ._feed import Fed as Fed
    from ._feed import feed as feed
    from ._loss_estimate import LossEstimate as LossEstimate
    from ._monitor import Monitor as Monitor
    from ._settings import WatchSettings as WatchSettings
    from ._source_rows import SourceRows as SourceRows
    from ._status import Episode as Episode
    from ._status import Leading as Leading
    from ._status import Risk as Risk
    from ._status import Status as Status
    from ._status import status_json as status_json
    from ._store import MonitorStore as MonitorStore
    from ._words import alarm_line as alarm_line
    from ._words import break_line as break_line
    from ._words import status_lines as status_lines

__getattr__, __dir__ = attach(__name__, __file__)
