"""Which ONNX operators does OpenVINO compute otherwise than ONNX Runtime?

    python tools/operator_sweep.py [--operators Resize,ReduceL1] [--opsets 9,17,23] [--seed 0]

Each operator that networks of images use is tried in a graph of its own, with each version of operators and the
attributes that change what it does (`tools/sweeping/cases.py`), free sizes and fixed ones. What differs is listed by
operator, its attributes and the versions; what OpenVINO refuses to read is no difference. `core/onnx_operators.py` has
what came of it, and why.

Exit codes: 0 nothing differs, 3 something does.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import onnxruntime
import openvino
from mattekit.infer import mend_graph
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime.capi import onnxruntime_pybind11_state  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
from sweeping.case import Case
from sweeping.cases import cases

OPSETS = (9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23)
_RELATIVE, _ABSOLUTE = 2e-3, 2e-3

_ORT_REFUSES = tuple(
    each for each in vars(onnxruntime_pybind11_state).values() if isinstance(each, type) and issubclass(each, Exception)
)


def graph_of(case: Case, opset: int, *, free: bool) -> ModelProto:
    """Return the ONNX model of a case, with or without lengths that are known before it runs."""
    names: list[str] = []
    inputs: list[Any] = []
    initializers: list[TensorProto] = []
    for number, value in enumerate(case.data):
        names.append(f"x{number}")
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        shape: list[int | str] = [f"d{number}_{axis}" if free else side for axis, side in enumerate(value.shape)]
        if free and value.ndim > 1 and value.shape[1] > 1:
            shape[1] = value.shape[1]
        inputs.append(helper.make_tensor_value_info(names[-1], kind, shape))
    for number, constant in enumerate(case.constants):
        if constant is None:
            names.append("")
            continue
        names.append(f"c{number}")
        initializers.append(numpy_helper.from_array(np.asarray(constant), names[-1]))
    while names and not names[-1]:
        names.pop()
    outputs = [f"y{number}" for number in range(case.outputs)]
    node = helper.make_node(case.kind, names, outputs, **case.attributes)
    infos = [onnx_value(name) for name in outputs]
    graph = helper.make_graph([node], "case", inputs, infos, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8 if opset < 21 else 10
    return model


def onnx_value(name: str) -> Any:
    """Return an output of any type and shape."""
    return helper.make_empty_tensor_value_info(name)


def opset_of(model: ModelProto) -> int:
    """Return the version of ONNX's own operators."""
    return model.opset_import[0].version


def witnessed(model: ModelProto, case: Case) -> list[NDArray[Any]] | None:
    """Return what ONNX Runtime answers; None where it refuses the case, which then is none."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    # What it rewrites could be wrong too: each operator by itself is what is compared with.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        found = session.run(None, {f"x{number}": value for number, value in enumerate(case.data)})
        return [np.asarray(value) for value in found]
    except (*_ORT_REFUSES, RuntimeError, ValueError):
        return None


def answered(core: openvino.Core, model: ModelProto, case: Case) -> list[NDArray[Any]] | None:
    """Return what OpenVINO answers, by the graph that mattekit would run; None where it refuses the case."""
    try:
        read = core.read_model(model.SerializeToString())
        mend_graph(read, opset_of(model))
        compiled = core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        found = compiled({f"x{number}": value for number, value in enumerate(case.data)})
        return [np.array(found[number]) for number in range(case.outputs)]
    except (RuntimeError, IndexError, TypeError):
        return None


def difference(expected: Sequence[NDArray[Any]], answer: Sequence[NDArray[Any]]) -> str:
    """Say how an answer differs; empty where it does not."""
    for one, other in zip(expected, answer, strict=True):
        if one.shape != other.shape and one.size != other.size:
            return f"shape {other.shape} for {one.shape}"
        if one.shape != other.shape and (one.ndim, other.ndim) != (0, 1):
            return f"shape {other.shape} for {one.shape}"
        far = ~np.isclose(
            other.reshape(one.shape).astype(np.float64), one.astype(np.float64), _RELATIVE, _ABSOLUTE, equal_nan=True
        )
        if far.any():
            most = np.abs(other.reshape(one.shape).astype(np.float64) - one.astype(np.float64)).max()
            return f"{far.mean():.0%} of the values, by up to {most:.3g}"
    return ""


def sweep(kind: str, opsets: Sequence[int], seed: int, *, refused: bool) -> int:
    """Try one operator, and print what differs; return in how many cases."""
    core = openvino.Core()
    core.set_property("CPU", {"INFERENCE_NUM_THREADS": 1})
    tried = differing = 0
    for case in cases(seed):
        if case.kind != kind:
            continue
        # Where OpenVINO dies, this is the last that is heard.
        print(case, file=sys.stderr, flush=True)
        found: defaultdict[str, list[int]] = defaultdict(list)
        for opset, free in product(opsets, (False, True)):
            if not case.since <= opset <= case.until:
                continue
            model = graph_of(case, opset, free=free)
            expected = witnessed(model, case)
            if expected is None:
                continue
            tried += 1
            answer = answered(core, model, case)
            if answer is None and refused:
                found["refused"].append(opset)
            how = difference(expected, answer) if answer is not None else ""
            if how:
                found[f"{'free' if free else 'fixed'}: {how}"].append(opset)
        for how, versions in found.items():
            print(f"{case}  opsets {', '.join(map(str, sorted(set(versions))))}  {how}", flush=True)
        differing += any(how != "refused" for how in found)
    print(f"{kind}: {tried} graphs, {differing} cases differ", flush=True)
    return differing


def main() -> int:
    """Sweep, and print what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operators", default="", help="these alone, by commas")
    parser.add_argument("--opsets", default=",".join(map(str, OPSETS)))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--refused", action="store_true", help="list what OpenVINO refuses, too")
    given = parser.parse_args()
    kinds = given.operators.split(",") if given.operators else sorted({case.kind for case in cases(given.seed)})
    if len(kinds) == 1:
        return (
            3
            if sweep(kinds[0], [int(each) for each in given.opsets.split(",")], given.seed, refused=given.refused)
            else 0
        )
    worst = 0
    for kind in kinds:
        # Each in a process of its own: some kill OpenVINO.
        options = ["--operators", kind, "--opsets", given.opsets, "--seed", str(given.seed)]
        options += ["--refused"] if given.refused else []
        ended = subprocess.run([sys.executable, __file__, *options], stderr=subprocess.PIPE, text=True, check=False)
        if ended.returncode < 0:
            print(f"{kind}: OpenVINO dies of {ended.stderr.strip().splitlines()[-1]}", flush=True)
        worst = worst or (3 if ended.returncode else 0)
    return worst


if __name__ == "__main__":
    sys.exit(main())
