"""A denoiser from the weights of an EDM checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.learn import Condition
from ecotone.learn.processes import EDMProcess

from ._load_diffusers import fill
from ._network_denoiser import NetworkDenoiser
from ._song_unet import SongUNet


def load_edm(path: str | Path, *, data_std: float = 0.5) -> NetworkDenoiser:
    """Read the weights of an ``EDMPrecond`` with the DDPM++ U-Net as a Denoiser.

    The official checkpoints are pickles of objects with code in them, which are not opened here. Write their weights
    once, where the official code is installed and trusted::

        net = pickle.load(open("edm-cifar10-32x32-cond-vp.pkl", "rb"))["ema"]
        torch.save(net.state_dict(), "edm.pt")      # or safetensors.torch.save_file

    The architecture is taken from the names and shapes of the weights. The input for augmentation, which is only used
    in training, is left out.

    Parameters
    ----------
    path : path
        A file of safetensors, or one that ``torch.save`` made of a dictionary of tensors, which is read with
        ``weights_only=True``.
    data_std : float
        ``sigma_data`` of the checkpoint.

    Returns
    -------
    NetworkDenoiser
        Of an :class:`EDMProcess`, for images ``(channels, height, width)`` in [-1, 1], in evaluation mode.

    Raises
    ------
    BadInput
        For a file that is missing, damaged, holds more than tensors, or another network's weights (NCSN++ and ADM are
        not read).

    References
    ----------
    Karras, Aittala, Aila and Laine (2022), https://arxiv.org/abs/2206.00364, appendix F; the network: Song,
    Sohl-Dickstein, Kingma, Kumar, Ermon and Poole (2021), https://arxiv.org/abs/2011.13456

    Examples
    --------
    >>> load_edm("no/such/file.pt")
    Traceback (most recent call last):
    ecotone.contracts.BadInput: no/such/file.pt: no such file
    """
    found = {name.removeprefix("model."): value for name, value in _read(Path(path)).items()}
    found = {
        name: value.float()
        for name, value in found.items()
        if not name.endswith("resample_filter") and not name.startswith("map_augment.")
    }
    network = SongUNet(found, str(path))
    fill(network, found, str(path))
    condition = Condition(levels=list(range(network.classes))) if network.classes else None
    shape = (network.channels, network.size, network.size)
    made = NetworkDenoiser(network, EDMProcess(), shape, data_std=data_std, condition=condition)
    made.eval()
    return made


def _read(path: Path) -> dict[str, Tensor]:
    """A dictionary of tensors; nothing else can be in it."""
    import pickle

    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.exists():
        raise BadInput(f"{path}: no such file")
    try:
        found: Any = load_file(path)
    except (SafetensorError, OSError):
        try:
            found = torch.load(path, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
            raise BadInput(
                f"{path} is neither safetensors nor a dictionary of tensors; a pickled network is not opened, since "
                f"that can run code: save its state_dict() ({str(error).splitlines()[0][:100]})"
            ) from None
    if not isinstance(found, dict) or not all(isinstance(v, Tensor) for v in found.values()):
        raise BadInput(f"{path} holds more than named tensors; save the network's state_dict()")
    return found
