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

from exported import apart, by_reference, by_runtime, judge, loaded, metadata, np, same_form


def run(model, *inputs):
    # ONNX Runtime 1.32 ends the process for an LSTM or GRU of no rows.
    recurrent = {node.op_type for node in model.graph.node} & {"LSTM", "GRU"}
    return (by_reference if inputs[0].size == 0 and recurrent else by_runtime)(model, *inputs)


def far(got, y, relative=False):
    """By the size of y or by that of 1 if it is more; of integers and truths 0 or 1."""
    if y.dtype.kind != "f":
        return float(not np.array_equal(got, y))
    return apart(got, y, np.abs(y.astype(np.float64)) if relative else np.maximum(1, np.abs(y.astype(np.float64))))


def check_several(model, tensors):
    def listed(name):
        return [tensors[key] for key in sorted(tensors) if key.startswith(name + "_")]

    def agree(got, wanted, what):
        got = got if isinstance(got, list) else [got]
        assert len(got) == len(wanted), f"{what}: {len(got)} results"
        for i, (a, y) in enumerate(zip(got, wanted)):
            same_form(a, y, f"{what}: {i}")
            by = far(a, y)
            assert by <= 1e-5, f"{what}: {i}: {by} apart"
        return got

    for rows in (0, 1, 5):
        got = agree(run(model, *listed(f"x{rows}")), listed(f"y{rows}"), f"{rows} rows")
        if following := listed(f"next{rows}"):
            agree(run(model, *following, *got[1:]), listed(f"z{rows}"), f"{rows} rows, the next block")


def check(path):
    model, tensors = loaded(path)
    if path.stem.startswith("several_"):
        check_several(model, tensors)
        return
    if path.stem.startswith("otherwise_"):  # the table of docs/deployment.md
        got = run(model, tensors["x"])
        assert far(got, tensors["y"], relative=True) > 1e-3, "is no longer computed otherwise"
        return
    for rows in ("",) if "x" in tensors else (0, 1, 5):
        x, y = tensors[f"x{rows}"], tensors[f"y{rows}"]
        got = run(model, x)
        same_form(got, y, f"{rows} rows")
        by = far(got, y, relative=path.stem.startswith("precise_"))
        assert by <= 1e-5, f"{rows} rows: {by} apart"


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder], check=True)
        judge(sorted(pathlib.Path(folder).glob("*.onnx")), check,
              lambda path, error: f"{metadata(path).get('name', path.stem)}: {error}", "models")


if __name__ == "__main__":
    main(sys.argv[1])
