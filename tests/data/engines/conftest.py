"""One Ray cluster of two nodes for all tests of this folder, started when a test first asks for it."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ecotone


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The address of a cluster of two nodes, one core each, whose workers find this package."""
    pytest.importorskip("ray", reason="the ray extra is not installed")
    from ray.cluster_utils import Cluster

    source = str(Path(ecotone.__file__).parents[1])
    os.environ["PYTHONPATH"] = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    memory = {"num_cpus": 1, "object_store_memory": 100 << 20}
    held = Cluster(initialize_head=True, head_node_args=memory | {"include_dashboard": False})
    held.add_node(**memory)
    held.wait_for_nodes()
    yield held.address
    held.shutdown()


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six units of rows in two Parquet files whose row groups end elsewhere."""
    folder = tmp_path_factory.mktemp("big")
    table = big()
    pq.write_table(table.slice(0, 1_000_000), folder / "a.parquet", row_group_size=70_000)
    pq.write_table(table.slice(1_000_000), folder / "b.parquet", row_group_size=300_000)
    return folder


@pytest.fixture(scope="session")
def table() -> pa.Table:
    """The same in memory."""
    return big()


def big(rows: int = 2_700_000) -> pa.Table:
    rng = np.random.default_rng(3)
    x = rng.normal(size=rows).astype(np.float32)
    codes = rng.integers(0, 50, rows).astype(np.int8)
    return pa.table({"x": x, "k": codes, "t": pa.array(["a", "b", None] * (rows // 3))})
