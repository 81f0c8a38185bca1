#!/usr/bin/env python3
"""Runs exported models by ONNX Runtime, in batches of 0, 1 and 5, and compares with what the library made.

Usage: python3 tests/reference/onnx_models.py PROGRAM
                                     PROGRAM is tests/export/onnx_models.cpp; ends with 77 where onnx,
                                     onnxruntime or safetensors are not installed
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx.reference import ReferenceEvaluator
    from safetensors import safe_open
    from safetensors.numpy import load_file
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def run(path, model, x):
    # ONNX Runtime 1.32 ends the process for an LSTM or GRU of no rows.
    name = model.graph.input[0].name
    if x.size == 0 and {node.op_type for node in model.graph.node} & {"LSTM", "GRU"}:
        return ReferenceEvaluator(model).run(None, {name: x})[0]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {name: x})[0]


def apart(got, y, relative=False):
    """The greatest difference, by the size of y or by that of 1 if it is more; of integers and truths 0 or 1."""
    if y.dtype.kind != "f":
        return float(not np.array_equal(got, y))
    a, b = got.astype(np.float64), y.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):  # of equal infinities, and zeros
        by = np.abs(a - b) / (np.abs(b) if relative else np.maximum(1, np.abs(b)))
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0, np.where(np.isnan(by), np.inf, by)).max(initial=0)


def check(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    tensors = load_file(path.with_suffix(".safetensors"))
    if path.stem.startswith("otherwise_"):  # the table of docs/deployment.md
        got = run(path, model, tensors["x"])
        assert apart(got, tensors["y"], relative=True) > 1e-3, "is no longer computed otherwise"
        return
    for rows in ("",) if "x" in tensors else (0, 1, 5):
        x, y = tensors[f"x{rows}"], tensors[f"y{rows}"]
        got = run(path, model, x)
        assert got.shape == y.shape and got.dtype == y.dtype, f"{rows} rows: {got.dtype}{got.shape}, not {y.dtype}{y.shape}"
        far = apart(got, y, relative=path.stem.startswith("precise_"))
        assert far <= 1e-5, f"{rows} rows: {far} apart"


def name_of(path):
    with safe_open(path.with_suffix(".safetensors"), "numpy") as file:
        return (file.metadata() or {}).get("name", path.stem)


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder], check=True)
        paths = sorted(pathlib.Path(folder).glob("*.onnx"))
        failed = 0
        for path in paths:
            try:
                check(path)
            except Exception as error:  # each model is told of
                print(f"{name_of(path)}: {error}")
                failed += 1
    print(f"{len(paths) - failed} of {len(paths)} models agree")
    sys.exit(1 if failed or not paths else 0)


if __name__ == "__main__":
    main(sys.argv[1])
