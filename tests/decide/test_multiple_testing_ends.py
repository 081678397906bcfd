"""Multiple testing at the ends of its range: no p-values at all, e-values of zero and infinity."""

import numpy as np
import pytest

from ecotone.decide.multiple_testing import merge_evalues, storey


@pytest.mark.oracle("storey")
def test_no_pvalues_give_none():
    assert storey([]).shape == (0,)


@pytest.mark.oracle("merge_evalues")
def test_a_zero_ends_the_product_whatever_the_others_say():
    assert merge_evalues([0.0, np.inf], "product") == 0
    assert merge_evalues([2.0, np.inf], "product") == np.inf
