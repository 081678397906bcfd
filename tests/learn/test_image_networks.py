"""The U-Net and the transformer against their arithmetic written out."""

import numpy as np
import pytest
import torch
from torch.nn import functional as f

from ecotone.contracts import BadInput
from ecotone.learn import EDM, Training
from ecotone.learn.networks import DiT, UNet


def _shaken(module):
    torch.manual_seed(1)
    for p in module.parameters():
        torch.nn.init.normal_(p, std=0.3)
    return module.eval()


def _unet_by_hand(w, x, time, given):
    """A forward pass of UNet(4, (1, 2), depth=1) from the state dict alone."""

    def norm(name, h):
        groups = {4: 4, 8: 8, 12: 4, 16: 8}[h.shape[1]]
        return f.group_norm(h, groups, w[name + ".weight"], w[name + ".bias"])

    def conv(name, h, **how):
        return f.conv2d(h, w[name + ".weight"], w[name + ".bias"], **how)

    def block(name, h):
        scale, shift = f.linear(c, w[name + ".shift.weight"], w[name + ".shift.bias"])[:, :, None, None].chunk(2, 1)
        inner = norm(name + ".norm2", conv(name + ".conv1", f.silu(norm(name + ".norm1", h)), padding=1))
        out = conv(name + ".conv2", f.silu(inner * (1 + scale) + shift), padding=1)
        return out + (conv(name + ".pass_on", h) if name + ".pass_on.weight" in w else h)

    rates = 0.25 * 256 ** torch.linspace(0, 1, 32)
    c = torch.cat([torch.sin(time[:, None] * rates), torch.cos(time[:, None] * rates), given], 1)
    for i in (0, 2):
        c = f.silu(f.linear(c, w[f"condition.{i}.weight"], w[f"condition.{i}.bias"]))
    one = block("down.0.0", conv("first", x, padding=1))
    two = block("down.1.0", conv("shrink.0", one, padding=1, stride=2))
    h = block("middle.0", two)
    q, k, v = conv("attend.ask", norm("attend.norm", h)).flatten(2).chunk(3, 1)
    seen = torch.softmax(torch.einsum("nci,ncj->nij", q, k) / q.shape[1] ** 0.5, 2)
    h = h + conv("attend.answer", torch.einsum("nij,ncj->nci", seen, v).reshape(h.shape))
    h = block("up.0.0", torch.cat([block("middle.1", h), two], 1))
    h = conv("grow.0", h.repeat_interleave(2, 2).repeat_interleave(2, 3), padding=1)
    h = block("up.1.0", torch.cat([h, one], 1))
    return conv("last", f.silu(norm("norm", h)), padding=1)


@pytest.mark.oracle("UNet")
def test_unet_is_its_arithmetic():
    module = UNet(width=4, factors=(1, 2)).build((2, 6, 8), width=3)
    x, time, given = torch.randn(3, 2, 6, 8), torch.rand(3), torch.eye(3)
    assert not module(x, time, given).any(), "it starts at zero"
    _shaken(module)
    want = _unet_by_hand(module.state_dict(), x, time, given)
    assert torch.allclose(module(x, time, given), want, rtol=1e-4, atol=1e-4)


@pytest.mark.oracle("DiT")
def test_dit_starts_as_the_identity_and_only_its_last_layer_learns_at_first():
    module = DiT(patch=2, width=16, depth=3, heads=2).build((2, 4, 6), width=3)
    x, time, given = torch.randn(5, 2, 4, 6), torch.rand(5), torch.eye(3)[[0, 1, 2, 0, 1]]
    h = torch.randn(5, 6, 16)
    for block in module.blocks:
        assert torch.equal(block(h, torch.randn(5, 16)), h)
    assert not module(x, time, given).any()
    module(x, time, given).square().sum().backward()
    (module(x, time, given) - 1).square().sum().backward()
    moved = {name for name, p in module.named_parameters() if p.grad is not None and p.grad.any()}
    assert moved == {"last.weight", "last.bias"}


@pytest.mark.oracle("DiT")
def test_dit_patches_go_back_to_their_places_and_tokens_are_exchangeable():
    from ecotone.learn.networks._dit import sin_cos_positions, unpatchify

    image = torch.randn(2, 3, 4, 6)
    cut = [image[:, :, i : i + 2, j : j + 2].permute(0, 2, 3, 1).flatten(1) for i in (0, 2) for j in (0, 2, 4)]
    assert torch.equal(unpatchify(torch.stack(cut, 1), 2, (2, 3)), image)
    place = sin_cos_positions(2, 3, 8)[4]  # row 1, column 1
    rates = np.array([1.0, 0.01])
    assert np.allclose(place, [*np.sin(rates), *np.cos(rates), *np.sin(rates), *np.cos(rates)])
    module = _shaken(DiT(patch=2, width=16, depth=2, heads=4).build((1, 4, 4)))
    module.positions.zero_()
    x, time = torch.randn(3, 1, 4, 4), torch.rand(3)
    swapped = torch.cat([x[:, :, 2:], x[:, :, :2]], 2)  # without positions, the order of patches means nothing
    out = module(x, time)
    assert torch.allclose(module(swapped, time), torch.cat([out[:, :, 2:], out[:, :, :2]], 2), rtol=1e-4, atol=1e-4)


@pytest.mark.oracle("DiT")
def test_dit_block_is_its_arithmetic():
    block = _shaken(DiT(patch=2, width=8, depth=1, heads=2).build((1, 4, 4))).blocks[0]
    h, c = torch.randn(2, 5, 8), torch.randn(2, 8)
    b1, a1, g1, b2, a2, g2 = (part[:, None] for part in block.steer(c).split(8, dim=1))
    attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    attention.load_state_dict(
        {
            "in_proj_weight": block.ask.weight, "in_proj_bias": block.ask.bias,
            "out_proj.weight": block.answer.weight, "out_proj.bias": block.answer.bias,
        }
    )  # fmt: skip
    z = f.layer_norm(h, (8,), eps=1e-6) * (1 + a1) + b1
    mid = h + g1 * attention(z, z, z)[0]
    z = f.layer_norm(mid, (8,), eps=1e-6) * (1 + a2) + b2
    want = mid + g2 * block.outer(f.gelu(block.inner(z), approximate="tanh"))
    assert torch.allclose(block(h, c), want, atol=1e-5)


@pytest.mark.parametrize(
    "network", [UNet(width=8, factors=(1, 2)), UNet(8, (1,), patch=2), DiT(patch=2, width=16, depth=1, heads=2)]
)
def test_images_are_learned_sampled_and_saved(network, tmp_path):
    from ecotone.learn import load

    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 120)
    x = rng.normal(size=(120, 1, 4, 4)) + 3 * label[:, None, None, None]
    model = EDM(
        network, training=Training(steps=12, eval_every=12, batch_size=16, validation_fraction=0.0, device="cpu")
    ).fit(x, given=label)
    drawn = model.sample(6, given=1, seed=0)
    assert drawn.shape == (6, 1, 4, 4) and np.isfinite(drawn).all()
    model.save(tmp_path / "m")
    assert np.allclose(load(tmp_path / "m").sample(6, given=1, seed=0), drawn, atol=1e-5)


def test_squares_of_pixels_as_channels():
    torch.manual_seed(0)
    module = UNet(width=4, factors=(1, 2), patch=2).build((1, 7, 6), width=3)
    for p in module.parameters():
        torch.nn.init.normal_(p, std=0.3) if p.ndim > 1 else None
    x, time, given = torch.randn(2, 1, 7, 6), torch.rand(2), torch.eye(3)[:2]
    out = module(x, time, given)
    squares = torch.zeros(2, 4, 4, 3)
    for i in range(7):
        for j in range(6):
            squares[:, 2 * (i % 2) + j % 2, i // 2, j // 2] = x[:, 0, i, j]
    inside = module.inside(squares, time, given)
    for i, j in [(0, 0), (3, 5), (6, 2)]:
        assert torch.allclose(out[:, 0, i, j], inside[:, 2 * (i % 2) + j % 2, i // 2, j // 2], atol=1e-5)
    assert out.shape == x.shape


def test_networks_that_can_not_be_built():
    with pytest.raises(BadInput, match="multiples of 3"):
        DiT(patch=3).build((1, 8, 8))
    with pytest.raises(BadInput, match="multiple of 4 and of heads"):
        DiT(width=10).build((1, 8, 8))
    with pytest.raises(BadInput, match="factors"):
        UNet(factors=(1, 0)).build((1, 8, 8))


def test_large_rows_are_drawn_fewer_at_a_time():
    x = np.random.default_rng(0).normal(size=(4, 1, 64, 64))
    settings = Training(steps=1, batch_size=2, validation_fraction=0.0, device="cpu")
    model = EDM(UNet(width=4, factors=(1,), attention=False), training=settings).fit(x)
    seen = []

    class Recorder:
        def sample(self, denoiser, process, rng, schedule, *, given=None):
            seen.append(len(rng))
            return torch.zeros(len(rng), 1, 64, 64)

    assert model.sample(600, sampler=Recorder(), seed=0).shape == (600, 1, 64, 64) and seen == [256, 256, 88]
    model.sample(600, sampler=Recorder(), seed=0, batch_size=600)
    assert seen[3:] == [600]
