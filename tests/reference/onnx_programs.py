#!/usr/bin/env python3
"""Random programs that are exported: onnx must find their files right, and ONNX Runtime (or, where it has no
kernel of a dtype, the reference evaluator of onnx) must compute what the library does.

Usage: python3 tests/reference/onnx_programs.py PROGRAM [--count N] [--first SEED] [--folder DIR]
                                     PROGRAM is tests/fuzz/onnx_programs.cpp; ends with 77 where onnx,
                                     onnxruntime or safetensors are not installed
"""
import argparse
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

ENOUGH = {"float32": 2e-3, "float64": 1e-6}  # of the largest: programs lose digits on their way


def run(model, x):
    """What a model gives, and who says so."""
    name = model.graph.input[0].name
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return session.run(None, {name: x})[0], "ONNX Runtime"
    except Exception as error:
        if "NOT_IMPLEMENTED" not in str(error) and "not support double" not in str(error):
            raise
    try:
        return ReferenceEvaluator(model).run(None, {name: x})[0], "the reference evaluator"
    except Exception:  # it has faults of its own: a Softsign, say, gives another dtype than it is to
        return None, "the checker alone"


def apart(got, y):
    a, b = got.astype(np.float64), y.astype(np.float64)
    finite = b[np.isfinite(b)]
    scale = max(1.0, np.abs(finite).max(initial=0))
    with np.errstate(invalid="ignore"):
        by = np.abs(a - b) / scale
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0, np.where(np.isnan(by), np.inf, by)).max(initial=0)


def told(path):
    """The program as text, and whether all its values are finite."""
    with safe_open(path.with_suffix(".safetensors"), "numpy") as file:
        about = file.metadata()
    return about["program"], about["finite"] == "yes"


def check(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    tensors = load_file(path.with_suffix(".safetensors"))
    x, y = tensors["x"], tensors["y"]
    got, by = run(model, x)
    if got is None:
        return by
    assert got.shape == y.shape and got.dtype == y.dtype, f"{by}: {got.dtype}{got.shape}, not {y.dtype}{y.shape}"
    if not told(path)[1]:
        return by + ", shapes"
    far = apart(got, y)
    assert far <= ENOUGH[y.dtype.name], f"{by}: {far:.3g} apart\n  got {got}\n  not {y}"
    return by


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("--count", default="500")
    options.add_argument("--first", default="0")
    options.add_argument("--folder")
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = options.folder or folder
        subprocess.run([options.program, folder, options.count, options.first], check=True, stdout=subprocess.DEVNULL)
        paths = sorted(pathlib.Path(folder).glob("*.onnx"), key=lambda path: int(path.stem))
        failed, judges = 0, {}
        for path in paths:
            try:
                by = check(path)
                judges[by] = judges.get(by, 0) + 1
            except Exception as error:  # each program is told of
                print(f"seed {path.stem}: {error}\n{told(path)[0]}")
                failed += 1
    print(f"{len(paths) - failed} of {len(paths)} programs agree; {judges}")
    sys.exit(1 if failed or not paths else 0)


if __name__ == "__main__":
    main()
