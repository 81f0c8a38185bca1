#!/usr/bin/env python3
"""Writes pictures of all forms of PNG and JPEG, and what is in them, into tests/data/images.

Usage: python3 -P tests/reference/image_files.py    needs NumPy, Pillow and PyTorch
"""
import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

folder = pathlib.Path(__file__).parent.parent / "data/images"
folder.mkdir(exist_ok=True)
expected = {}
rng = np.random.RandomState(3)
height, width = 9, 13
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def lines(samples, bits):
    """Rows of samples [h, w, c], each behind the byte that says they are not filtered."""
    out = b""
    for row in samples:
        if bits == 16:
            row = row.astype(">u2").tobytes()
        elif bits == 8:
            row = row.astype(np.uint8).tobytes()
        else:
            row = np.packbits(np.unpackbits(row.astype(np.uint8).reshape(-1, 1), axis=1)[:, -bits:].ravel()).tobytes()
        out += b"\0" + row
    return out


def png(name, samples, colour, bits, want, interlaced=False, before=b"", after=b""):
    samples = samples.reshape(height, width, -1)
    if interlaced:  # Adam7
        parts = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)]
        data = b"".join(lines(samples[a::b, c::d], bits) for a, b, c, d in parts if samples[a::b, c::d].size)
    else:
        data = lines(samples, bits)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    file = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(data, 9)) + after
            + chunk(b"IEND", b""))
    (folder / (name + ".png")).write_bytes(file)
    expected[name + ".png"] = want.reshape(height, width, -1).astype(np.uint8)


def drawn(channels, bits=8):
    return rng.randint(0, 1 << bits, (height, width, channels))


for bits in (1, 2, 4, 8):
    x = drawn(1, bits)
    png(f"grey{bits}", x, GREY, bits, x * 255 // ((1 << bits) - 1))
    colours = rng.randint(0, 256, (1 << bits, 3)).astype(np.uint8)
    x = drawn(1, bits)
    png(f"palette{bits}", x, PALETTE, bits, colours[x[..., 0]], before=chunk(b"PLTE", colours.tobytes()))
for name, colour, channels in (("grey", GREY, 1), ("grey_alpha", GREY_ALPHA, 2), ("rgb", RGB, 3), ("rgba", RGBA, 4)):
    x = drawn(channels, 16)
    png(name + "16", x, colour, 16, np.round(x * 255 / 65535))
    x = drawn(channels)
    png(name + "8_interlaced", x, colour, 8, x, interlaced=True)
    if channels > 1:
        x = drawn(channels)
        png(name + "8", x, colour, 8, x)
x = drawn(1, 1)
png("grey1_interlaced", x, GREY, 1, x * 255, interlaced=True)
x = drawn(1, 2)
colours = rng.randint(0, 256, (4, 3)).astype(np.uint8)
alpha = np.array([0, 100, 255, 255])
png("palette2_transparent", x, PALETTE, 2, np.concatenate([colours[x[..., 0]], alpha[x]], 2),
    before=chunk(b"PLTE", colours.tobytes()) + chunk(b"tRNS", bytes([0, 100])))
x = drawn(1, 4)
png("grey4_transparent", x, GREY, 4, np.concatenate([x * 17, np.where(x == 5, 0, 255)], 2),
    before=chunk(b"tRNS", struct.pack(">H", 5)))
x = drawn(3)
png("rgb8_transparent", x, RGB, 8,
    np.concatenate([x, np.where((x == x[2, 3]).all(2, keepdims=True), 0, 255)], 2),
    before=chunk(b"tRNS", struct.pack(">HHH", *x[2, 3])))


def damaged(name, width, height, bits, colour, data, before=b"", interlaced=False):
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before
                                + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b""))


damaged("damaged/palette8.png", 4, 1, 8, PALETTE, bytes([0, 0, 1, 200, 255]), chunk(b"PLTE", bytes([255] * 6)))
damaged("damaged/palette1_interlaced.png", 1, 1, 1, PALETTE, bytes([0, 128]), chunk(b"PLTE", bytes([255] * 3)), True)
damaged("wide/grey8.png", 2000000, 1, 8, GREY, bytes(2000001))


def exif(orientation, order="<"):
    return ((b"II" if order == "<" else b"MM") + struct.pack(order + "HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0))


for name in sorted(expected):  # Pillow agrees
    if "16" not in name and "transparent" not in name:
        with Image.open(folder / name) as image:
            seen = np.asarray(image.convert({"P": "RGB", "1": "L"}.get(image.mode, image.mode)))
        assert (seen.reshape(expected[name].shape) == expected[name]).all(), name

x = drawn(3)
for order, after in (("<", False), (">", True)):
    block = chunk(b"eXIf", exif(6, order))
    name = "turned_after" if after else "turned"
    png(name, x, RGB, 8, x, **{"after" if after else "before": block})
    expected[name + ".png"] = np.rot90(x, -1).astype(np.uint8)  # 6: by 90 degrees to the right

# Smooth, as JPEG wants it.
rows, columns = np.mgrid[0:height, 0:width]
smooth = np.stack([rows * 25, columns * 18, 255 - rows * 10 - columns * 9], 2).astype(np.uint8)
for name, image, options in (
        ("grey", Image.fromarray(smooth[..., 1]), {}), ("rgb", Image.fromarray(smooth), {}),
        ("rgb444", Image.fromarray(smooth), {"subsampling": 0, "quality": 95}),
        ("progressive", Image.fromarray(smooth), {"progressive": True}),
        ("cmyk", Image.fromarray(smooth).convert("CMYK"), {})):
    image.save(folder / (name + ".jpg"), **options)
for orientation in range(1, 9):
    saved = Image.Exif()
    saved[0x0112] = orientation
    Image.fromarray(smooth).save(folder / f"orientation{orientation}.jpg", exif=saved, quality=50)
for path in sorted(folder.glob("*.jpg")):
    if path.stem != "cmyk":
        with Image.open(path) as image:
            seen = np.asarray(ImageOps.exif_transpose(image))
        expected[path.name] = seen.reshape(seen.shape[0], seen.shape[1], -1)
with Image.open(folder / "rgb444.jpg") as image:
    expected["rgb444.jpg as grey"] = np.asarray(image.convert("L"))[..., None]

# Pictures in other sizes.
import torch  # noqa: E402

x = rng.rand(11, 17, 3)
expected["picture"] = x
for h, w in ((5, 6), (11, 40), (23, 4), (1, 1)):
    of = torch.tensor(x).permute(2, 0, 1)[None]
    y = torch.nn.functional.interpolate(of, (h, w), mode="bilinear", antialias=True, align_corners=False)
    expected[f"picture {h} {w}"] = y[0].permute(1, 2, 0).contiguous().numpy()
np.savez_compressed(folder / "expected.npz", **{k: v.astype(np.int64) if v.dtype == np.uint8 else v for k, v in expected.items()})
