#!/usr/bin/env python3
"""Takes tensors to NumPy by DLPack and back, and to PyTorch where that is installed.

Usage: python3 tests/reference/dlpack_exchange.py LIBRARY
                                     LIBRARY is tests/export/dlpack_module.cpp; ends with 77 where NumPy 2.1 is
                                     not installed
"""
import ctypes
import sys

try:
    import numpy as np

    if not hasattr(np, "from_dlpack") or tuple(map(int, np.__version__.split(".")[:2])) < (2, 1):
        raise ImportError("NumPy 2.1 is needed")
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
try:
    import torch

    if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 8):
        raise ImportError("PyTorch 2.8 is needed")
except ImportError as error:
    print(f"without PyTorch: {error}")
    torch = None

new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype, new_capsule.argtypes = ctypes.py_object, [ctypes.c_void_p] * 3
pointer_in = ctypes.pythonapi.PyCapsule_GetPointer
pointer_in.restype, pointer_in.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_void_p]
rename = ctypes.pythonapi.PyCapsule_SetName
rename.argtypes = [ctypes.py_object, ctypes.c_void_p]
# A capsule keeps the address of its name.
BUFFERS = {name: ctypes.create_string_buffer(name.encode()) for name in ("dltensor", "used_dltensor", "dltensor_versioned", "used_dltensor_versioned")}
NAMES = {name: ctypes.addressof(buffer) for name, buffer in BUFFERS.items()}


class Given:
    """A tensor of the library, as Python's libraries take one."""

    def __init__(self, library, dtype):
        self.capsule = new_capsule(library.give(dtype.encode()), NAMES["dltensor_versioned"], None)

    def __dlpack__(self, **_):
        return self.capsule

    def __dlpack_device__(self):
        return (1, 0)


def taken(library, x):
    capsule = x.__dlpack__(max_version=(1, 0))
    name = "dltensor_versioned" if "dltensor_versioned" in repr(capsule) else "dltensor"
    text = library.take(pointer_in(capsule, NAMES[name]), name != "dltensor").decode()
    if "[" in text and "from_dlpack" not in text:
        rename(capsule, NAMES["used_" + name])
    return text


def main(path):
    library = ctypes.CDLL(path)
    library.give.restype, library.give.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    library.take.restype, library.take.argtypes = ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_bool]
    wanted = np.array([[0, 2], [4, 6], [8, 10]])
    for dtype in ("int64", "float32", "float64"):
        x = np.from_dlpack(Given(library, dtype))
        assert x.dtype == dtype and (x == wanted).all() and not x.flags.writeable, x
        if torch is None:
            continue
        y = torch.from_dlpack(Given(library, dtype))
        assert str(y.dtype) == f"torch.{dtype}" and (y.numpy() == wanted).all(), y
    numbers = np.arange(6.0).reshape(2, 3)
    cases = {
        "float64[2, 3] 15": numbers,
        "float64[3, 2] 15": numbers[::-1, ::-1].T,
        "int64[4] 6": np.arange(4, dtype=np.uint16),
        "boolean[3] 2": np.array([True, False, True]),
        "int64[] 7": np.array(7),
    }
    if torch is not None:
        numbers = torch.arange(6.0).reshape(2, 3)
        cases |= {
            "float32[2, 3] 15": numbers,
            "float32[3, 2] 15": numbers.T,
            "float32[4] 6": torch.arange(4, dtype=torch.bfloat16),
        }
    for text, x in cases.items():
        assert taken(library, x) == text, (taken(library, x), text)
    refused = taken(library, np.array([1j]))
    assert "code 5 of 128 bits" in refused, refused
    print("NumPy agrees" if torch is None else "NumPy and PyTorch agree")


if __name__ == "__main__":
    main(sys.argv[1])
