"""Replay a package's golden vectors: python check.py [FOLDER] [DEVICE]. Needs numpy and openvino alone."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import openvino

__all__ = ["altered_files", "main", "replay"]


def altered_files(folder: Path) -> list[str]:
    """Return the names of the files that are missing or are not the ones that were packaged."""
    manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    hashes = {name: hashlib.sha256(_inside(folder, name).read_bytes()).hexdigest() for name in _there(folder, manifest)}
    return [name for name, expected in manifest["files"].items() if hashes.get(name) != expected]


def replay(folder: Path, device: str = "CPU") -> list[dict[str, object]]:
    """Run every golden input on a device.

    Returns:
        For each input and output: `input`, `output`, `mean` and `max` (absolute differences from what was recorded, in
        the output's own unit), `limit_mean`, `limit_max`, `arithmetic` and `passed`.
    """
    manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    core = openvino.Core()
    model = core.compile_model(core.read_model(_inside(folder, manifest["model_file"])), device)
    arithmetic = str(model.get_property("INFERENCE_PRECISION_HINT").to_string())
    limits = manifest["tolerance"].get(arithmetic, manifest["tolerance"]["reduced"])
    rows: list[dict[str, object]] = []
    for vector in manifest["golden"]:
        answer = model(np.load(_inside(folder, vector["input"]), allow_pickle=False))
        for name, file in vector["outputs"].items():
            expected = np.load(_inside(folder, file), allow_pickle=False)
            row: dict[str, object] = {"input": vector["input"], "output": name, "arithmetic": arithmetic}
            unit = 1.0 if expected.dtype == np.uint8 else 1 / 255
            row |= {"mean": float("inf"), "max": float("inf")}
            row |= {"limit_mean": limits["mean"] * unit, "limit_max": limits["max"] * unit}
            if answer[name].shape == expected.shape:
                difference = np.abs(answer[name].astype(np.float64) - expected)
                row |= {"mean": float(difference.mean()), "max": float(difference.max())}
            row["passed"] = row["mean"] <= row["limit_mean"] and row["max"] <= row["limit_max"]  # pyright: ignore
            rows.append(row)
    return rows


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{folder / 'package.json'}: the file name {name!r} leads out of the folder")
    return path


def _there(folder: Path, manifest: dict[str, dict[str, str]]) -> list[str]:
    return [name for name in manifest["files"] if _inside(folder, name).is_file()]


def main() -> int:
    """Check the folder that is named first (or lies around this file) on the device that is named second."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    altered = altered_files(folder)
    rows = replay(folder, sys.argv[2] if len(sys.argv) > 2 else "CPU") if not altered else []
    for name in altered:
        print(f"ALTERED {name}")
    for row in rows:
        verdict = "ok" if row["passed"] else "DIFFERS"
        print(f"{verdict:7} {row['input']} {row['output']}: mean {row['mean']:.4f}, largest {row['max']:.4f}")
    return 0 if rows and all(row["passed"] for row in rows) else 3


if __name__ == "__main__":
    sys.exit(main())
