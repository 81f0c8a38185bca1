"""Fourier transforms and complex numbers, as pairs, by PyTorch."""
import torch

from derivatives import Use, uniform


def complex_of(function, *shape):
    """A function of complex numbers, as pairs, of their squares."""
    def of_pairs(x):
        y = torch.view_as_complex((x * x).contiguous())
        return torch.view_as_real(function(y))
    return Use([uniform(-2, 2, *shape, 2)], of_pairs)


def to_complex(function, *shape):
    return Use([uniform(-2, 2, *shape)], lambda x: torch.view_as_real(function(x * x)))


def from_complex(function, *shape):
    return Use([uniform(-2, 2, *shape, 2)], lambda x: function(torch.view_as_complex((x * x).contiguous())))


uses = {
    "fft: of 8": complex_of(torch.fft.fft, 3, 8),
    "fft: of 7, another axis, scaled": complex_of(lambda x: torch.fft.fft(x, dim=0, norm="ortho"), 7, 3),
    "ifft: of 12": complex_of(torch.fft.ifft, 2, 12),
    "rfft: even": to_complex(torch.fft.rfft, 5, 8),
    "rfft: odd": to_complex(torch.fft.rfft, 5, 9),
    "irfft: even": from_complex(torch.fft.irfft, 4, 6),
    "irfft: odd": from_complex(lambda x: torch.fft.irfft(x, n=9), 5, 5),
    "fftn: all axes": complex_of(torch.fft.fftn, 3, 4, 2),
    "ifftn: all axes": complex_of(torch.fft.ifftn, 3, 8),
    "fftshift: all axes": Use(
        [uniform(-2, 2, 5, 8)], lambda x: torch.fft.fftshift(x * x)),
    "ifftshift: an axis": Use([uniform(-2, 2, 5, 9)], lambda x: torch.fft.ifftshift(x * x, dim=1)),
    "complex_multiply: pairs": Use(
        [uniform(-2, 2, 5, 4, 2)] * 2,
        lambda a, b: torch.view_as_real(torch.view_as_complex(a) * torch.view_as_complex(b))),
    "complex_conj: pairs": complex_of(lambda x: x.conj().resolve_conj(), 20),
    "complex_abs: pairs": from_complex(torch.abs, 40),
}
