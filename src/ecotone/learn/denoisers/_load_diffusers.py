"""A denoiser from a U-Net that the diffusers library saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ecotone.contracts import BadInput
from ecotone.learn import Condition, Prediction
from ecotone.learn.processes import DiscreteVP

from ._diffusers_unet import DiffusersUNet
from ._network_denoiser import NetworkDenoiser

_OLD = {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0."}
_ONLY = {  # settings that change the arithmetic, and the values that this reads
    "time_embedding_type": ("positional",),
    "center_input_sample": (False,),
    "mid_block_scale_factor": (1,),
    "downsample_padding": (0, 1),
    "downsample_type": ("conv",),
    "upsample_type": ("conv",),
    "act_fn": ("silu",),
    "resnet_time_scale_shift": ("default", "scale_shift"),
    "attn_norm_num_groups": (None,),
    "class_embed_type": (None,),
    "mid_block_type": ("UNetMidBlock2D", None),
}


def load_diffusers(path: str | Path) -> DiscreteDenoiser:
    """Read a ``UNet2DModel`` and its noise schedule as a Denoiser.

    Weights come from safetensors and settings from JSON, so that reading can not run code. Read are the blocks
    ``DownBlock2D``, ``AttnDownBlock2D`` and their counterparts, class embeddings, the schedules ``linear``,
    ``scaled_linear`` and ``squaredcos_cap_v2``, and predictions of the noise, of the data or of v. The scheduler's
    clipping of predictions is left to the sampler.

    Parameters
    ----------
    path : path
        A pipeline's folder (with ``unet`` and ``scheduler`` in it), or one with ``config.json``,
        ``diffusion_pytorch_model.safetensors`` and, where it is not the library's default, ``scheduler_config.json``.

    Returns
    -------
    DiscreteDenoiser
        A NetworkDenoiser of a :class:`DiscreteVP`, for rows ``(channels, height, width)``, in evaluation mode.

    Raises
    ------
    BadInput
        For files that are missing or damaged, settings outside those above, or weights that do not fit them.

    Examples
    --------
    >>> load_diffusers("no/such/folder")
    Traceback (most recent call last):
    ecotone.contracts.BadInput: no/such/folder/config.json: no such file; give the folder of a saved UNet2DModel
    """
    folder = Path(path)
    unet = folder / "unet" if (folder / "unet").is_dir() else folder
    described = folder / "scheduler" if (folder / "scheduler").is_dir() else unet
    config = _json(unet / "config.json")
    found = described / "scheduler_config.json"
    times = _json(found) if found.exists() else {}
    network = _network(config, str(unet / "config.json"))
    fill(network, _weights(unet / "diffusion_pytorch_model.safetensors"), str(unet))
    size = config.get("sample_size")
    if size is None:
        raise BadInput(f"{unet}/config.json: it has no sample_size; add the height and width of images")
    shape = (config.get("in_channels", 3), *((size, size) if isinstance(size, int) else size))
    kinds = {"epsilon": "noise", "sample": "x0", "v_prediction": "v"}
    kind = times.get("prediction_type", "epsilon")
    if kind not in kinds:
        raise BadInput(f"{found}: prediction_type {kind!r} is not one of {', '.join(kinds)}")
    classes = config.get("num_class_embeds")
    condition = Condition(levels=list(range(classes))) if classes else None
    made = DiscreteDenoiser(network, _process(times, str(found)), shape, kinds[kind], condition)
    made.eval()
    return made


class DiscreteDenoiser(NetworkDenoiser):
    """A network that is told the number of a step, counted from 0, as a denoiser in continuous time."""

    process: DiscreteVP

    def __init__(
        self,
        network: nn.Module,
        process: DiscreteVP,
        shape: tuple[int, ...],
        kind: str = "noise",
        condition: Condition | None = None,
    ) -> None:
        super().__init__(network, process, shape, predicts="x0" if kind == "x0" else "noise", condition=condition)
        self.kind = kind

    def forward(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        """The prediction for rows ``(n, *shape)`` at ``t``; a step k of the network is at time (k + 1) / T."""
        if self.condition is not None and (given is None or bool((given < 0).any())):
            raise BadInput("this network was trained with a class for every row; give one")
        if self.kind != "v":
            return super().forward(x_t, t, given)
        alpha, sigma = self.process.coefficients(t, x_t)
        return Prediction(alpha * x_t - sigma * self._run(x_t, self._time(t, x_t), given))

    def _time(self, t: Tensor | float, x: Tensor) -> Tensor:
        steps = len(self.process._integral) - 1
        at = torch.as_tensor(t, dtype=torch.float64, device=x.device) * steps - 1
        nearest = torch.round(at)  # a time of the grid is that step, without the rounding of its float
        return torch.where((at - nearest).abs() < 1e-6, nearest, at).clamp(min=0).expand(len(x))


def fill(network: nn.Module, weights: Mapping[str, Tensor], where: str) -> None:
    """Put weights in place; raises ``BadInput`` that names the first one which is missing, left over or misshapen."""
    own = network.state_dict()
    if missing := sorted(set(own) - set(weights)):
        raise BadInput(f"{where}: weights without {missing[0]!r} ({len(missing)} missing); is it another architecture?")
    if over := sorted(set(weights) - set(own)):
        raise BadInput(f"{where}: weights with {over[0]!r} that the settings have no place for ({len(over)} such)")
    for name, value in own.items():
        if value.shape != weights[name].shape:
            raise BadInput(
                f"{where}: {name} has shape {tuple(weights[name].shape)}, the settings ask for {tuple(value.shape)}"
            )
    network.load_state_dict(dict(weights))


def _network(config: Mapping[str, Any], where: str) -> DiffusersUNet:
    if config.get("_class_name", "UNet2DModel") != "UNet2DModel":
        raise BadInput(f"{where}: a {config['_class_name']} can not be read, only a UNet2DModel")
    for name, allowed in _ONLY.items():
        if config.get(name, allowed[-1] if name == "downsample_padding" else allowed[0]) not in allowed:
            raise BadInput(f"{where}: {name} is {config[name]!r}; only {' or '.join(map(repr, allowed))} can be read")
    attends = []
    for way in ("down", "up"):
        kinds = config.get(f"{way}_block_types", ())
        known = {f"{way.title()}Block2D": False, f"Attn{way.title()}Block2D": True}
        if wrong := [kind for kind in kinds if kind not in known]:
            raise BadInput(f"{where}: {wrong[0]} can not be read, only {' and '.join(known)}")
        attends.append([known[kind] for kind in kinds])
    widths = list(config.get("block_out_channels", (224, 448, 672, 896)))
    if not len(widths) == len(attends[0]) == len(attends[1]) >= 1:
        raise BadInput(f"{where}: block_out_channels, down_block_types and up_block_types must be as many")
    return DiffusersUNet(
        (config.get("in_channels", 3), config.get("out_channels", 3)), widths, (attends[0], attends[1]),
        depth=config.get("layers_per_block", 2), groups=config.get("norm_num_groups", 32),
        eps=config.get("norm_eps", 1e-5), head=config.get("attention_head_dim", 8),
        middle=config.get("mid_block_type", "") is not None, middle_attends=config.get("add_attention", True),
        padding=config.get("downsample_padding", 1),
        scale_shift=config.get("resnet_time_scale_shift", "default") == "scale_shift",
        classes=config.get("num_class_embeds") or 0, flip=config.get("flip_sin_to_cos", True),
        shift=config.get("freq_shift", 0), condition=config.get("time_embedding_dim") or 4 * widths[0],
    )  # fmt: skip


def _process(times: Mapping[str, Any], where: str) -> DiscreteVP:
    if times.get("rescale_betas_zero_snr"):
        raise BadInput(f"{where}: betas rescaled to no signal at the end can not be read")
    betas = times.get("trained_betas")
    return DiscreteVP(
        steps=times.get("num_train_timesteps", 1000), beta_start=times.get("beta_start", 1e-4),
        beta_end=times.get("beta_end", 0.02), schedule=times.get("beta_schedule", "linear"),
        betas=None if betas is None else tuple(betas),
    )  # fmt: skip


def _json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; give the folder of a saved UNet2DModel") from None
    except (ValueError, OSError, TypeError) as error:
        raise BadInput(f"{path} can not be read: {error}") from None


def _weights(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = load_file(path)
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; save the model with safe_serialization=True") from None
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{path} can not be read: {error}") from None
    for old, new in _OLD.items():
        found = {name.replace(old, new) if "attentions" in name else name: v for name, v in found.items()}
    return found
