"""The target that reads checkpoints."""

from __future__ import annotations

import io
import random
from pathlib import Path

from fuzzing.kinds import Target, from_bytes
from fuzzing.mutate import damaged, damaged_archive, damaged_safetensors

__all__ = ["checkpoint_seeds", "checkpoints"]

_PICKLE_TOKENS = (b"cposix\nsystem\n", b"ctorch\nTensor\n", b"\x8c\x06system", b"(lp0\n", b"}", b"R", b"b", b"Q", b".")


def checkpoint_seeds() -> dict[str, bytes]:
    """Return a small state dict as torch.save writes it today and before 1.6, wrapped, sharing storage; safetensors."""
    import torch
    from safetensors.torch import save

    state = {
        "conv.weight": torch.arange(24, dtype=torch.float32).reshape(2, 3, 2, 2),
        "conv.bias": torch.ones(2, dtype=torch.float16),
        "count": torch.tensor(3),
    }
    view = {"a": state["conv.weight"].transpose(0, 1), "b": state["conv.weight"][0]}

    def saved(content: object, *, zipped: bool = True) -> bytes:
        target = io.BytesIO()
        torch.save(content, target, _use_new_zipfile_serialization=zipped)
        return target.getvalue()

    return {
        "zip": saved(state),
        "zip-wrapped": saved({"params_ema": {f"module.{name}": value for name, value in state.items()}, "epoch": 3}),
        "zip-views": saved(view),
        "legacy": saved(state, zipped=False),
        "legacy-wrapped": saved({"state_dict": state, "lr": 0.1}, zipped=False),
        "safetensors": save(state),
    }


def checkpoints() -> Target:
    """Read a checkpoint; one in twenty that can be read is compared with a network of the zoo."""
    seeds = checkpoint_seeds()
    others = list(seeds.values())

    def prepare() -> None:
        import torch
        from mattekit.convert import zoo
        from mattekit.convert.checkpoint import load_state_dict, matching_models

        torch.set_num_threads(1)
        for name, data in seeds.items():
            path = Path(f"seed{_suffix(name)}")
            path.write_bytes(data)
            matching_models(load_state_dict(path))
        assert zoo.get("srlite-x2")

    def make(rng: random.Random) -> dict[str, bytes]:
        name = rng.choice(list(seeds))
        data = seeds[name]
        if name.startswith("zip") and rng.random() < 0.8:
            data = damaged_archive(data, rng)
        elif name == "safetensors" and rng.random() < 0.7:
            data = damaged_safetensors(data, rng)
        else:
            data = damaged(data, rng, tokens=_PICKLE_TOKENS, others=others)
        return {f"checkpoint{_suffix(name)}": data}

    def act(rng: random.Random) -> str | None:
        from mattekit.convert import load_module, zoo
        from mattekit.convert.checkpoint import load_state_dict

        (path,) = Path().glob("checkpoint.*")
        try:
            load_state_dict(path)
            if rng.random() < 0.05:
                load_module(zoo.get("srlite-x2"), path)
        finally:
            path.unlink()
        return None

    return Target("checkpoints", prepare, from_bytes("checkpoints", make), act)


def _suffix(name: str) -> str:
    return ".safetensors" if name == "safetensors" else ".pth"
