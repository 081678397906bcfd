"""A real cluster of two nodes on this machine: the same bits, and one sentence for what fails."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ecotone.cli._main import run
from ecotone.contracts import BadInput
from ecotone.data import profile
from ecotone.data.engines import Engine, RayEngine, open_engine

ray = pytest.importorskip("ray", reason="the ray extra is not installed")


@pytest.fixture
def engine(cluster: str) -> Iterator[Engine]:
    with open_engine("ray", address=cluster) as opened:
        ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
        yield opened


@dataclass(frozen=True)
class DiesOnce:
    """Work whose worker is killed the first time that it takes one of two items."""

    work: Callable[[Any], Any]
    folder: Path

    def __call__(self, item: tuple[int, Any]) -> Any:
        at, what = item
        if at in (1, 2) and not (self.folder / str(at)).exists():
            (self.folder / str(at)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.work(what)


@dataclass
class Killing:
    """An engine whose workers are killed twice."""

    engine: Engine
    folder: Path
    name: str = "ray"

    @property
    def workers(self) -> int:
        return self.engine.workers

    def map(self, work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        return self.engine.map(DiesOnce(work, self.folder), list(enumerate(items)))


def test_two_nodes_and_two_killed_workers_change_no_bit(engine: Engine, stored: Path, tmp_path: Path) -> None:
    assert engine.workers == 2 and len({node["NodeID"] for node in ray.nodes()}) == 2
    whole = profile(stored)
    whole.save(tmp_path / "local.profile")
    folder = tmp_path / "deaths"
    folder.mkdir()
    profile(stored, engine=Killing(engine, folder), partitions=3).save(tmp_path / "ray.profile")
    assert sorted(p.name for p in folder.iterdir()) == ["1", "2"]
    assert (tmp_path / "ray.profile").read_bytes() == (tmp_path / "local.profile").read_bytes()


def test_the_command(cluster: str, stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there, here = tmp_path / "there.profile", tmp_path / "here.profile"
    options = ["--engine", "ray", "--address", cluster, "--partitions", "2", "--no-rows"]
    assert run(["profile", str(stored), "-o", str(there), *options]) == 0
    assert run(["profile", str(stored), "-o", str(here), "--no-rows"]) == 0
    assert there.read_bytes() == here.read_bytes()
    assert not ray.is_initialized()


def dies(item: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuses(item: int) -> None:
    raise BadInput(f"column 'x' has {item}; give another")


def lacks(item: int) -> None:
    import no_such_package  # noqa: F401


def test_what_goes_wrong_on_workers(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match=r"^column 'x' has 7; give another$"):
        list(engine.map(refuses, [7]))
    with pytest.raises(BadInput, match=r"lack a package .*no_such_package.*; install"):
        list(engine.map(lacks, [7]))
    with pytest.raises(BadInput, match="died 4 times on one part"):
        list(engine.map(dies, [7]))
    here = dict(sys.modules["ecotone.data.engines._ray_engine"].versions()) | {"ecotone": "9.9"}
    monkeypatch.setattr("ecotone.data.engines._ray_engine.versions", lambda: here)
    with pytest.raises(BadInput, match=r"a worker has ecotone \S+ and this machine 9.9.*install the same on both"):
        list(engine.map(abs, [7]))


def closed_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def test_a_cluster_that_is_not_there() -> None:
    for scheme in ("", "ray://"):
        with pytest.raises(BadInput, match=r"there is no Ray cluster at .*refused.*ray start --head"):
            RayEngine(f"{scheme}127.0.0.1:{closed_port()}")
    with pytest.raises(BadInput, match="give HOST:PORT"):
        RayEngine("nowhere")


VERSIONS = RuntimeError("Version mismatch: The cluster was started with:\n Ray: 2.1 Python: 3.9")


def test_a_cluster_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: object) -> None:
        raise VERSIONS

    monkeypatch.setattr(ray, "init", init)
    with socket.create_server(("127.0.0.1", 0)) as held, pytest.raises(BadInput, match=r"other versions .*Ray: 2\.1"):
        RayEngine(f"127.0.0.1:{held.getsockname()[1]}")


def test_a_cluster_that_dies(tmp_path: Path) -> None:
    """In a process of its own, whose cluster's head is killed while its workers sleep."""
    script = tmp_path / "dies.py"
    script.write_text(DIES)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert "nothing was written: start it again" in done.stdout, done.stdout + done.stderr


DIES = """
import threading, time
from ray.cluster_utils import Cluster
from ecotone.contracts import BadInput
from ecotone.data.engines import open_engine

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
engine = open_engine("ray", address=cluster.address)
threading.Timer(3, lambda: cluster.head_node.kill_gcs_server(check_alive=False)).start()
try:
    list(engine.map(time.sleep, [60, 60]))
except BadInput as error:
    print(error, flush=True)
cluster.head_node.kill_all_processes(check_alive=False, allow_graceful=False)
import os; os._exit(0)
"""


def test_importing_ecotone_does_not_notice_ray() -> None:
    code = "import sys, ecotone, ecotone.data, ecotone.data.engines, ecotone.cli; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_ray_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BadInput, match=r"pip install 'ecotone\[ray\]'"):
        open_engine("ray")


def test_a_listener_cancels_what_runs(engine: Engine) -> None:
    from ecotone.data.engines import run_parts

    def stop(stage: str, done: float | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run_parts(engine, abs, range(50), what="numbers", progress=stop))
    assert sorted(engine.map(abs, [-1, -2])) == [(0, 1), (1, 2)]
