#!/usr/bin/env python3
"""Random programs that are exported: onnx must find their files right, and ONNX Runtime (or, where it has no
kernel of a dtype, the reference evaluator of onnx) must compute what the library does.

Usage: python3 tests/reference/onnx_programs.py PROGRAM [--count N] [--first SEED] [--folder DIR]
                                     PROGRAM is tests/fuzz/onnx_programs.cpp; ends with 77 where onnx,
                                     onnxruntime or safetensors are not installed
"""
import argparse
import collections
import pathlib
import subprocess
import tempfile

from exported import apart, by_reference, by_runtime, judge, loaded, metadata, np, same_form

ENOUGH = {"float32": 2e-3, "float64": 1e-6}  # of the largest: programs lose digits on their way
judges = collections.Counter()


def run(model, x):
    """What a model gives, and who says so."""
    try:
        return by_runtime(model, x), "ONNX Runtime"
    except Exception as error:
        if "NOT_IMPLEMENTED" not in str(error) and "not support double" not in str(error):
            raise
    try:
        return by_reference(model, x), "the reference evaluator"
    except Exception:  # it has faults of its own: a Softsign, say, gives another dtype than it is to
        return None, "the checker alone"


def check(path):
    model, tensors = loaded(path)
    y = tensors["y"]
    got, by = run(model, tensors["x"])
    if got is not None:
        same_form(got, y, by)
        if metadata(path)["finite"] == "yes":
            far = apart(got, y, max(1.0, np.abs(y.astype(np.float64)).max(initial=0)))
            assert far <= ENOUGH[y.dtype.name], f"{by}: {far:.3g} apart\n  got {got}\n  not {y}"
        else:
            by += ", shapes"
    judges[by] += 1


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
        try:
            judge(sorted(pathlib.Path(folder).glob("*.onnx"), key=lambda path: int(path.stem)), check,
                  lambda path, error: f"seed {path.stem}: {error}\n{metadata(path)['program']}", "programs")
        finally:
            print(dict(judges))


if __name__ == "__main__":
    main()
