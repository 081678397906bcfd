"""Multiple testing and e-values: which of many numbers to act on."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._auc_effect import Effect as Effect
    from ._auc_effect import auc_effect as auc_effect
    from ._benjamini_hochberg import benjamini_hochberg as benjamini_hochberg
    from ._benjamini_yekutieli import benjamini_yekutieli as benjamini_yekutieli
    from ._checks import as_level as as_level
    from ._checks import as_pvalues as as_pvalues
    from ._e_benjamini_hochberg import e_benjamini_hochberg as e_benjamini_hochberg
    from ._e_to_p import e_to_p as e_to_p
    from ._fcr_level import fcr_level as fcr_level
    from ._holm import holm as holm
    from ._merge_evalues import merge_evalues as merge_evalues
    from ._minimum_effect import minimum_effect_test as minimum_effect_test
    from ._minimum_effect import smallest_detectable as smallest_detectable
    from ._p_to_e import p_to_e as p_to_e
    from ._reject import reject as reject
    from ._reject import step_up_count as step_up_count
    from ._storey import storey as storey
    from ._weighted_bonferroni import weighted_bonferroni as weighted_bonferroni
    from ._westfall_young import westfall_young as westfall_young

__getattr__, __dir__ = attach(__name__, __file__)
