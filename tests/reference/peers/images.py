"""Signals, images, windows and normalizations, by PyTorch."""
import torch
import torch.nn.functional as nn

from derivatives import Use, uniform


def of(function, *shapes):
    return Use([uniform(-2, 2, *shape) for shape in shapes], function)


def signals(a, b, padding):
    """The correlation of the rows of a with those of b."""
    rows = [nn.conv1d(x[None, None], y[None, None], padding=padding) for x, y in zip(a, b)]
    return torch.cat(rows)[:, 0]


def same(x, w):
    return nn.conv2d(x, w, padding="same", dilation=(1, 2))


uses = {
    "convolve: full": of(lambda a, b: signals(a, b.flip(1), 4), (3, 14), (3, 5)),
    "correlate: valid": of(lambda a, b: signals(a, b, 0), (3, 17), (3, 4)),
    "correlate: same": of(lambda a, b: signals(a, b, 2), (3, 15), (3, 5)),
    "fftconvolve: same": of(lambda a, b: signals(a, b.flip(1), 1), (3, 14), (3, 3)),
    "convolution: groups, strides, padding, a bias": of(
        lambda x, w, b: nn.conv1d(x, w, b, stride=2, padding=2, groups=2), (2, 4, 11), (6, 2, 3), (6,)),
    "convolution: an image, padded to the same": of(same, (2, 3, 5, 6), (4, 3, 2, 3)),
    "convolution: strides of two axes": of(
        lambda x, w: nn.conv2d(x, w, stride=(2, 3), padding=(1, 0)), (1, 2, 7, 9), (3, 2, 3, 2)),
    "convolution: three axes": of(lambda x, w: nn.conv3d(x, w, padding=1), (1, 2, 3, 4, 3), (2, 2, 2, 3, 2)),
    "convolution: each channel by itself": of(
        lambda x, w: nn.conv2d(x, w, padding=1, groups=3), (2, 3, 5, 5), (6, 1, 3, 3)),
    "transposed_convolution: strides, a bias": of(
        lambda x, w, b: nn.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=(1, 0)),
        (1, 3, 3, 4), (3, 2, 3, 4), (2,)),
    "transposed_convolution: groups, dilated": of(
        lambda x, w: nn.conv_transpose1d(x, w, dilation=2, groups=2), (2, 4, 6), (4, 2, 3)),
    "unfold: strides": of(
        lambda x: nn.unfold(x * x, (2, 3), stride=2, padding=1), (2, 2, 5, 6)),
    "fold: overlapping": of(lambda x: nn.fold(x * x, (4, 5), (2, 3)), (1, 12, 9)),
    "max_pool: overlapping": of(
        lambda x: nn.max_pool2d(x * x, 3, stride=2, padding=1), (2, 2, 6, 7)),
    "max_pool_with_indices: dilated": of(
        lambda x: nn.max_pool1d(x * x, 3, stride=2, dilation=2), (2, 3, 12)),
    "average_pool: beyond the end": of(
        lambda x: nn.avg_pool2d(x * x, 3, stride=2, padding=1, ceil_mode=True), (2, 2, 6, 7)),
    "adaptive_max_pool: uneven": of(lambda x: nn.adaptive_max_pool2d(x * x, (2, 3)), (2, 2, 5, 7)),
    "adaptive_average_pool: uneven": of(
        lambda x: nn.adaptive_avg_pool2d(x * x, (2, 3)), (2, 2, 5, 7)),
    "standardize: a channel": of(
        lambda x: nn.batch_norm(x, None, None, training=True, eps=0.01), (5, 2, 6)),
    "layer_norm: with weights": of(
        lambda x, w, b: nn.layer_norm(x, (3, 4), w, b, eps=0.01), (4, 3, 4), (3, 4), (3, 4)),
    "rms_norm: with a weight": of(lambda x, w: nn.rms_norm(x, (6,), w, eps=0.01), (8, 6), (6,)),
    "batch_norm: with weights": of(
        lambda x, w, b: nn.batch_norm(x, None, None, w, b, training=True, eps=0.01), (5, 3, 6), (3,), (3,)),
    "group_norm: with weights": of(
        lambda x, w, b: nn.group_norm(x, 2, w, b, eps=0.01), (3, 4, 5), (4,), (4,)),
    "group_norm: two groups": of(lambda x: nn.group_norm(x, 2, eps=0.01), (3, 4, 5)),
    "block: two rows": of(
        lambda a, b, c: torch.cat([torch.cat([a * a, b], 1), torch.cat([c, c * b.sum()], 1)], 0),
        (4, 5), (4, 3), (2, 4)),
    "upsample_nearest: one axis": of(lambda x: nn.interpolate(x * x, 9, mode="nearest"), (3, 4, 6)),
    "upsample_nearest: two axes": of(lambda x: nn.interpolate(x * x, (6, 5), mode="nearest"), (2, 2, 3, 5)),
    "upsample_nearest: three axes": of(lambda x: nn.interpolate(x * x, (4, 3, 3), mode="nearest"), (1, 2, 2, 3, 5)),
    "upsample_linear: one axis": of(lambda x: nn.interpolate(x * x, 9, mode="linear"), (3, 4, 6)),
    "upsample_linear: two axes": of(lambda x: nn.interpolate(x * x, (7, 3), mode="bilinear"), (2, 2, 3, 5)),
    "upsample_linear: two axes, corners aligned": of(
        lambda x: nn.interpolate(x * x, (7, 9), mode="bilinear", align_corners=True), (2, 2, 3, 5)),
    "upsample_linear: three axes, corners aligned": of(
        lambda x: nn.interpolate(x * x, (1, 4, 7), mode="trilinear", align_corners=True), (1, 2, 2, 3, 5)),
    "pixel_shuffle: images": of(lambda x: nn.pixel_shuffle(x * x, 2), (2, 8, 2, 3)),
    "pixel_unshuffle: images": of(lambda x: nn.pixel_unshuffle(x * x, 2), (2, 2, 4, 6)),
}
