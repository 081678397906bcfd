"""How well scores tell what lies outside, in the field's figures, protocols and files."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._image_lists import ImageList as ImageList
    from ._image_lists import read_image_list as read_image_list
    from ._image_lists import write_image_list as write_image_list
    from ._ood_metrics import OODMetrics as OODMetrics
    from ._ood_metrics import ood_metrics as ood_metrics
    from ._ood_table import OODTable as OODTable
    from ._ood_table import evaluate_ood as evaluate_ood
    from ._ood_table import read_openood as read_openood
    from ._pseudo_outliers import pseudo_outliers as pseudo_outliers
    from ._recommend import Recommendation as Recommendation
    from ._recommend import recommend as recommend
    from ._splits import digest as digest
    from ._splits import hashed_split as hashed_split

__getattr__, __dir__ = attach(__name__, __file__)
