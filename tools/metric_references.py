"""Write tests/data/metric_pairs.npz and metric_figures.json: what independent implementations say of the same masks.

Run it in an environment of its own, which mattekit does not need:

    python -m venv /tmp/references
    /tmp/references/bin/pip install pysodmetrics==1.6.2 scikit-learn
    git clone https://github.com/PeterL1n/RobustVideoMatting && git -C RobustVideoMatting checkout 17d1774
    /tmp/references/bin/python tools/metric_references.py RobustVideoMatting/evaluation/evaluate_lr.py

PySODMetrics gives MAE, F-, weighted F-, S- and E-measure (without its min-max normalisation), scikit-learn IoU and
Dice, SciPy's erosion the boundary IoU, and the matting figures are those of Robust Video Matting's evaluation code.
"""

# pyright: basic, reportMissingImports=false, reportArgumentType=false

import ast
import json
import sys
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import py_sod_metrics as sod
from scipy import ndimage
from sklearn.metrics import f1_score, jaccard_score

HERE = Path(__file__).resolve().parent.parent / "tests" / "data"


def pairs():
    """Make (prediction, truth) pairs, uint16 0-65535: ordinary ones first, then the corners of the definitions."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:72, 0:96]

    def blob(cy, cx, ry, rx, soft):
        return np.clip((1 - np.hypot((y - cy) / ry, (x - cx) / rx)) / soft + 0.5, 0, 1)

    eight_bit = lambda array: np.rint(array * 255).astype(np.uint16) * 257  # noqa: E731
    sixteen_bit = lambda array: np.rint(array * 65535).astype(np.uint16)  # noqa: E731
    smooth = ndimage.gaussian_filter(rng.random(y.shape), 3)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    hair = np.zeros(y.shape)
    for start in range(10, 90, 7):
        hair[np.arange(5, 60), np.clip(start + (np.arange(55) // 6), 0, 95)] = 1
    hair_soft = np.clip(ndimage.gaussian_filter(hair, 0.8) * 2, 0, 1)
    soft_disc = blob(36.13, 48.29, 22.07, 30.11, 0.31)
    disc = (soft_disc >= 0.5).astype(float)
    moved = blob(40.17, 44.31, 25.03, 26.19, 0.41)
    dots = (rng.random(y.shape) < 0.05).astype(float)
    corner = np.zeros(y.shape)
    corner[:20, :30] = 1
    one = np.zeros(y.shape)
    one[30, 40] = 1
    zero, full = np.zeros(y.shape), np.ones(y.shape)
    return {
        "soft prediction": (eight_bit(soft_disc), eight_bit(disc)),
        "moved": (sixteen_bit(moved), eight_bit(disc)),
        "dim prediction": (eight_bit(moved * 0.8), eight_bit(disc)),
        "smooth noise": (sixteen_bit(smooth), eight_bit(disc)),
        "soft truth": (sixteen_bit(moved), sixteen_bit(soft_disc)),
        "hair": (eight_bit(hair_soft), eight_bit(hair)),
        "hair, soft truth": (sixteen_bit(smooth * hair_soft), sixteen_bit(hair_soft)),
        "dots, many ties": (eight_bit(smooth), eight_bit(dots)),
        "in the corner": (eight_bit(np.roll(corner, 5, axis=1)), eight_bit(corner)),
        "one pixel": (eight_bit(blob(30, 40, 3, 3, 0.5)), eight_bit(one)),
        "identical": (eight_bit(disc), eight_bit(disc)),
        "inverted": (eight_bit(1 - disc), eight_bit(disc)),
        "empty prediction": (eight_bit(zero), eight_bit(disc)),
        "full prediction": (eight_bit(full), eight_bit(disc)),
        "empty truth": (eight_bit(soft_disc), eight_bit(zero)),
        "full truth": (eight_bit(soft_disc), eight_bit(full)),
        "both empty": (eight_bit(zero), eight_bit(zero)),
        "both full": (eight_bit(full), eight_bit(full)),
    }


def rvm(source: str) -> dict[str, Any]:
    """Take the metric classes out of the evaluation script, without its imports of other packages."""
    tree = ast.parse(Path(source).read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Metric")]
    setattr(np, "int", int)  # noqa: B010 - the script is older than NumPy 1.24
    space: dict[str, Any] = {"np": np, "cv2": cv2}
    exec(compile(tree, source, "exec"), space)
    return space


def saliency(prediction, truth):
    """Ask PySODMetrics."""
    measures = {
        "mae": sod.MAE(),
        "f": sod.Fmeasure(),
        "weighted": sod.WeightedFmeasure(),
        "s": sod.Smeasure(),
        "e": sod.Emeasure(),
    }
    for measure in measures.values():
        measure.step(prediction, truth, normalize=False)
    f, e = measures["f"].get_results()["fm"], measures["e"].get_results()["em"]
    return {
        "mae": measures["mae"].get_results()["mae"],
        "max_f_beta": f["curve"].max(),
        "mean_f_beta": f["curve"].mean(),
        "adaptive_f_beta": f["adp"],
        "weighted_f_beta": measures["weighted"].get_results()["wfm"],
        "s_measure": measures["s"].get_results()["sm"],
        "max_e_measure": e["curve"].max(),
        "mean_e_measure": e["curve"].mean(),
        "adaptive_e_measure": e["adp"],
    }


def boundary_iou(a, b):
    """Erode as the authors do, with SciPy."""
    reach = max(1, round(0.02 * np.hypot(*a.shape)))
    bands = []
    for mask in (a, b):
        eroded = ndimage.binary_erosion(np.pad(mask, 1), np.ones((3, 3)), iterations=reach)[1:-1, 1:-1]
        bands.append(np.logical_and(mask, np.logical_not(eroded)))
    union = (bands[0] | bands[1]).sum()
    return (bands[0] & bands[1]).sum() / union if union else 1.0


def on_a_threshold(array):
    """Tell whether a value is a multiple of 0.05, which the reference compares with 0.1 + 0.1 + ... as it rounds."""
    inner = array[(array > 0) & (array < 1)] * 20
    return bool((np.abs(inner - np.rint(inner)) < 1e-9).any())


def main():
    """Write both files."""
    warnings.simplefilter("ignore")
    made, matting = pairs(), rvm(sys.argv[1])
    figures = {}
    for name, (prediction16, truth16) in made.items():
        prediction, truth = prediction16 / 65535, truth16 / 65535
        real = truth >= 0.5
        found = saliency(prediction, real)
        found["mae"] = np.abs(prediction - truth).mean() if "soft truth" in name else found["mae"]
        found["iou"] = jaccard_score(real.ravel(), prediction.ravel() >= 0.5, zero_division=1.0)
        found["dice"] = f1_score(real.ravel(), prediction.ravel() >= 0.5, zero_division=1.0)
        found["boundary_iou"] = boundary_iou(prediction >= 0.5, real)
        found["sad"] = matting["MetricMAD"]()(prediction, truth) * truth.size / 1e6
        found["mse"] = matting["MetricMSE"]()(prediction, truth) / 1e3
        if np.ptp(truth) == np.ptp(prediction) == 1:  # elsewhere its min-max normalisation changes the matte
            found["gradient"] = matting["MetricGRAD"]()(prediction, truth)
        if not any(on_a_threshold(array) for array in (prediction, truth)):
            found["connectivity"] = matting["MetricCONN"]()(prediction, truth)
        figures[name] = {key: float(value) for key, value in found.items()}
    names = list(made)
    one, two = (made["moved"], made["soft truth"])
    clip = matting["MetricDTSSD"]()(*(part / 65535 for part in (one[0], made["smooth noise"][0], one[1], two[1])))
    versions = {name: metadata.version(name) for name in ("pysodmetrics", "scikit-learn", "scipy", "numpy")}
    versions["RobustVideoMatting"] = "17d1774b032fd503bfe53c57d295db719f9e3da1"
    content = {"versions": versions, "figures": figures, "dtssd": float(clip)}
    HERE.mkdir(parents=True, exist_ok=True)
    (HERE / "metric_figures.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    arrays = {f"{role}{i}": made[name][j] for i, name in enumerate(names) for j, role in enumerate(("p", "t"))}
    np.savez_compressed(HERE / "metric_pairs.npz", names=np.array(names), **arrays)


if __name__ == "__main__":
    main()
