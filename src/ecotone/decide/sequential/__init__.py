"""Sequential decisions: alarms and bounds that may be looked at after every row."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._bets import Bets as Bets
    from ._bets import column_bets as column_bets
    from ._bets import level_bets as level_bets
    from ._bets import pair_bets as pair_bets
    from ._cell_table import CellTable as CellTable
    from ._cell_table import uniform_draws as uniform_draws
    from ._e_detectors import EDetectors as EDetectors
    from ._e_detectors import thresholds as thresholds
    from ._e_detectors import update_together as update_together
    from ._rank_cells import PairBlocks as PairBlocks
    from ._rank_cells import RankCells as RankCells
    from ._risk_detector import RiskDetector as RiskDetector
    from ._risk_detector import risk_limit as risk_limit
    from ._risk_sequence import RiskSequence as RiskSequence
    from ._running_mean_sequence import RunningMeanSequence as RunningMeanSequence

__getattr__, __dir__ = attach(__name__, __file__)
