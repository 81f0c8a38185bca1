#!/usr/bin/env python3
"""Reads with TensorBoard's own reader what the library writes for it.

Usage: python3 tests/reference/tensorboard_reader.py PROGRAM
                                     PROGRAM is tests/report/events.cpp; ends with 77 where TensorBoard is not
                                     installed
"""
import math
import struct
import subprocess
import sys
import tempfile

try:
    from tensorboard.backend.event_processing import event_accumulator
    from tensorboard.util import tensor_util
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder], check=True)
        everything = {kind: 0 for kind in event_accumulator.STORE_EVERYTHING_SIZE_GUIDANCE}
        events = event_accumulator.EventAccumulator(folder, size_guidance=everything)
        events.Reload()
        tags = events.Tags()
        assert sorted(tags["scalars"]) == ["M\ufffdller", "loss", "none"], tags
        assert sorted(tags["histograms"]) == ["empty", "equal", "weights"], tags
        assert sorted(tags["images"]) == ["colour", "gray"], tags

        assert [(e.step, e.value) for e in events.Scalars("loss")] == [(10 * i, 0.5**i) for i in range(5)]
        assert math.isnan(events.Scalars("none")[0].value)

        histogram = events.Histograms("weights")[0]
        value = histogram.histogram_value
        assert histogram.step == 3 and value.num == 1001, value
        assert (value.min, value.max) == (-1, 1) and abs(value.sum) < 1e-5, value
        assert sum(value.bucket) == 1001 and max(value.bucket) <= 35, value
        assert all(a < b for a, b in zip(value.bucket_limit, value.bucket_limit[1:])), value
        assert sum(events.Histograms("equal")[0].histogram_value.bucket) == 4
        assert sum(events.Histograms("empty")[0].histogram_value.bucket) == 0

        for tag, step, width, height in (("gray", 1, 3, 2), ("colour", 2, 5, 4)):
            image = events.Images(tag)[0]
            assert (image.step, image.width, image.height) == (step, width, height), image
            assert image.encoded_image_string.startswith(b"\x89PNG")
            assert struct.unpack(">II", image.encoded_image_string[16:24]) == (width, height)

        latin = events.Tensors("latin")[0]
        assert [t.decode() for t in tensor_util.make_ndarray(latin.tensor_proto)] == ["caf\ufffd"]
        note = events.Tensors("note")[0]
        assert note.step == 4
        assert [t.decode() for t in tensor_util.make_ndarray(note.tensor_proto)] == ["**bold** and café"]


if __name__ == "__main__":
    main(sys.argv[1])
