"""What the scripts that judge exported models share: reading them, and telling how far results are apart. Ends with
77 where onnx, onnxruntime or safetensors are not installed."""
import sys

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


def loaded(path):
    """A model that onnx finds right, and the tensors beside it."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    return model, load_file(path.with_suffix(".safetensors"))


def metadata(path):
    with safe_open(path.with_suffix(".safetensors"), "numpy") as file:
        return file.metadata() or {}


def by_runtime(model, *inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return only(session.run(None, named(model, inputs)))


def by_reference(model, *inputs):
    return only(ReferenceEvaluator(model).run(None, named(model, inputs)))


def named(model, inputs):
    assert len(inputs) == len(model.graph.input), f"{len(model.graph.input)} inputs, not {len(inputs)}"
    return {place.name: x for place, x in zip(model.graph.input, inputs)}


def only(results):
    """The result, or a list of several."""
    return results[0] if len(results) == 1 else results


def same_form(got, y, what):
    assert got.shape == y.shape and got.dtype == y.dtype, f"{what}: {got.dtype}{got.shape}, not {y.dtype}{y.shape}"


def apart(got, y, scale):
    """The greatest difference in terms of `scale`, a number or one for each of y; 0 of equal infinities and of NaN to
    NaN, infinite of NaN to a number."""
    a, b = got.astype(np.float64), y.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        by = np.abs(a - b) / scale
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0, np.where(np.isnan(by), np.inf, by)).max(initial=0)


def judge(paths, check, told, what):
    """Checks each, tells of those that fail, and ends: with 0 if there are some and none fails."""
    failed = 0
    for path in paths:
        try:
            check(path)
        except Exception as error:  # each is told of
            print(told(path, error))
            failed += 1
    print(f"{len(paths) - failed} of {len(paths)} {what} agree")
    sys.exit(1 if failed or not paths else 0)
