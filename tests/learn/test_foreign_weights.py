"""Weights of other libraries: small ones with the outputs that those libraries gave (diffusers 0.42.1, EDM's code)."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ecotone.contracts import BadInput
from ecotone.learn.denoisers import load_diffusers, load_edm
from ecotone.learn.processes import VP, DiscreteVP
from ecotone.learn.samplers import Heun
from ecotone.learn.schedules import Karras

FOREIGN = Path(__file__).parent / "foreign"
LABELS = {"plain": None, "classes": torch.tensor([2, 0, 1])}


@pytest.mark.parametrize("name", LABELS)
def test_a_diffusers_unet_computes_what_it_did_there(name):
    denoiser, given = load_diffusers(FOREIGN / name), LABELS[name]
    want = load_file(FOREIGN / name / "expected.safetensors")
    steps = denoiser.process.steps
    t = (want["step"].double() + 1) / steps
    assert torch.allclose(denoiser.process.alpha(t) ** 2, want["alphas"], rtol=1e-4, atol=1e-7)
    with torch.no_grad():
        told = None if given is None else torch.eye(3)[given]
        assert torch.allclose(denoiser.network(want["x"], want["step"], told), want["out"], atol=1e-5)
        found = denoiser(want["x"].double(), t, given).x0
        assert torch.allclose(found, want["x0"].double(), rtol=1e-5, atol=1e-5)
        one = denoiser(want["x"][1:2].double(), float(t[1]), None if given is None else given[1:2]).x0
        assert torch.allclose(one, found[1:2], atol=1e-6)
        x = Heun().sample(denoiser, denoiser.process, 3, Karras(5), given=given, seed=0)
    assert x.shape == want["x"].shape and torch.isfinite(x).all()


def test_an_edm_unet_computes_what_it_did_there(tmp_path):
    want, weights = load_file(FOREIGN / "edm" / "expected.safetensors"), FOREIGN / "edm" / "weights.safetensors"
    torch.save(load_file(weights), tmp_path / "edm.pt")
    for path in (weights, tmp_path / "edm.pt"):
        denoiser = load_edm(path)
        assert denoiser.shape == (2, 8, 8) and denoiser.condition.levels == [0, 1, 2]
        with torch.no_grad():
            x, sigma = want["x"].double(), want["sigma"].double()
            found = denoiser(x, sigma, want["label"]).x0
            assert torch.allclose(found, want["x0"].double(), rtol=1e-5, atol=1e-6)
            assert torch.allclose(denoiser(x, sigma).x0, want["x0_without"].double(), rtol=1e-5, atol=1e-6)
            drawn = Heun().sample(denoiser, denoiser.process, 2, Karras(4), given=torch.tensor([0, 2]), seed=0)
    assert drawn.shape == (2, 2, 8, 8) and torch.isfinite(drawn).all()


def test_older_names_of_attention_are_understood(tmp_path):
    shutil.copytree(FOREIGN / "plain", tmp_path / "old")
    path = tmp_path / "old" / "unet" / "diffusion_pytorch_model.safetensors"
    new = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    weights = load_file(path)
    for name, old in new.items():
        weights = {k.replace(f".{name}.", f".{old}."): v for k, v in weights.items()}
    save_file(weights, path)
    x = torch.randn(1, 1, 8, 8)
    assert torch.equal(load_diffusers(tmp_path / "old")(x, 0.5).x0, load_diffusers(FOREIGN / "plain")(x, 0.5).x0)


def test_folders_that_can_not_be_read(tmp_path):
    def changed(**settings):
        shutil.rmtree(tmp_path / "m", ignore_errors=True)
        shutil.copytree(FOREIGN / "classes", tmp_path / "m")
        path = tmp_path / "m" / "unet" / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | settings))
        return tmp_path / "m"

    for settings, words in (
        ({"down_block_types": ["AttnDownBlock2D", "SkipDownBlock2D"]}, "SkipDownBlock2D can not be read"),
        ({"act_fn": "gelu"}, "act_fn is 'gelu'"),
        ({"layers_per_block": 2}, "missing"),
        ({"num_class_embeds": 4}, "class_embedding.weight has shape"),
        ({"num_class_embeds": None}, "no place for"),
        ({"_class_name": "UNet2DConditionModel"}, "only a UNet2DModel"),
    ):
        with pytest.raises(BadInput, match=words):
            load_diffusers(changed(**settings))
    folder = changed()
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(BadInput, match="can not be read"):
        load_diffusers(folder)
    path.unlink()
    with pytest.raises(BadInput, match="no such file"):
        load_diffusers(folder)
    with pytest.raises(BadInput, match="class for every row"):
        load_diffusers(FOREIGN / "classes")(torch.zeros(1, 2, 8, 4), 0.5)


def test_edm_files_that_can_not_be_read(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "object.pkl")  # a pickled network: it could run code
    with pytest.raises(BadInput, match="not opened"):
        load_edm(tmp_path / "object.pkl")
    save_file({"model.enc.64x64_conv2.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    with pytest.raises(BadInput, match="DDPM"):
        load_edm(tmp_path / "other.safetensors")
    weights = load_file(FOREIGN / "edm" / "weights.safetensors")
    del weights["model.map_layer0.weight"]
    save_file(weights, tmp_path / "short.safetensors")
    with pytest.raises(BadInput, match="map_layer0"):
        load_edm(tmp_path / "short.safetensors")


@pytest.mark.oracle("DiscreteVP")
def test_discrete_steps_are_the_products_of_betas_and_continuous_between():
    process = DiscreteVP(steps=50, beta_start=0.01, beta_end=0.2)
    betas = torch.linspace(0.01, 0.2, 50, dtype=torch.float64)
    k = torch.arange(1, 51, dtype=torch.float64)
    bar = torch.cumprod(1 - betas, 0)
    assert torch.allclose(process.alpha(k / 50) ** 2, bar) and torch.allclose(process.sigma(k / 50) ** 2, 1 - bar)
    half = torch.sqrt(bar[9] * bar[10])  # log-linear
    assert torch.allclose(process.alpha(torch.tensor(10.5 / 50).double()) ** 2, half)
    fine = torch.linspace(0.01, 1, 400, dtype=torch.float64)
    assert torch.allclose(process.time(process.ratio(fine)), fine)
    middle = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    same = DiscreteVP(betas=tuple((1 - torch.exp(-0.001 * (0.1 + 19.9 * middle))).tolist()))
    assert torch.allclose(same.alpha(fine), VP().alpha(fine), atol=1e-5)
    with pytest.raises(BadInput, match="beta"):
        DiscreteVP(beta_end=1.5)
    with pytest.raises(BadInput, match="schedule"):
        DiscreteVP(schedule="sigmoid")
