"""Recurrent nets and attention, by PyTorch."""
import torch
import torch.nn.functional as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from derivatives import Use, uniform


def of(function, *shapes):
    return Use([uniform(-1, 1, *shape) for shape in shapes], function)


def recurrent(kind, lengths=None, reverse=False):
    """The net of `kind` over x, or, for reverse, the second direction of one with equal weights in both."""
    def apply(x, w_ih, w_hh, b_ih, b_hh, *states):
        directions = 2 if reverse else 1
        weights, width = [w_ih, w_hh, b_ih, b_hh] * directions, w_hh.shape[1]
        given = [state.expand(directions, *state.shape) for state in states]
        given = tuple(given) if len(given) > 1 else given[0]
        options = (True, 1, 0.0, False, reverse)
        if lengths is None:
            y, *last = getattr(torch._VF, kind)(x, given, weights, *options, False)
        else:
            packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=True)
            data, *last = getattr(torch._VF, kind)(packed.data, packed.batch_sizes, given, weights, *options)
            y = pad_packed_sequence(packed._replace(data=data), total_length=len(x))[0]
        return (y[..., -width:], *[state[-1] for state in last])
    return apply


def net(gates, states, kind, steps=4, batch=3, inputs=2, width=3, **options):
    rows = gates * width
    return of(recurrent(kind, **options), (steps, batch, inputs), (rows, inputs), (rows, width), (rows,), (rows,),
              *[(batch, width)] * states)


def attention(**options):
    return lambda q, k, v, *mask: nn.scaled_dot_product_attention(
        q, k, v, **({"attn_mask": mask[0]} if mask else {}), **options)


def turned(x, neighbours, base=10000.0, first=0):
    """As a product of complex numbers."""
    pairs = x.shape[-1] // 2
    angles = torch.outer(torch.arange(x.shape[-2]).double() + first, base ** (-torch.arange(pairs).double() / pairs))
    turn = torch.polar(torch.ones_like(angles), angles)
    pairs_of = x.unflatten(-1, (pairs, 2)) if neighbours else x.unflatten(-1, (2, pairs)).transpose(-1, -2)
    y = torch.view_as_real(torch.view_as_complex(pairs_of.contiguous()) * turn)
    return (y if neighbours else y.transpose(-1, -2)).flatten(-2)


chosen = torch.tensor([[1, 0, 1, 1, 0], [1, 1, 1, 1, 1], [0, 1, 1, 0, 1]]) == 1

uses = {
    "rnn: tanh": net(1, 1, "rnn_tanh"),
    "rnn: relu, in reverse": net(1, 1, "rnn_relu", reverse=True),
    "gru: all steps": net(3, 1, "gru"),
    "gru: lengths": net(3, 1, "gru", lengths=[4, 2, 1]),
    "gru: lengths, in reverse": net(3, 1, "gru", lengths=[4, 2, 1], reverse=True),
    "lstm: all steps": net(4, 2, "lstm"),
    "lstm: lengths": net(4, 2, "lstm", lengths=[4, 3, 1]),
    "lstm: lengths, in reverse": net(4, 2, "lstm", lengths=[4, 3, 1], reverse=True),
    "scaled_dot_product_attention: heads": of(attention(), (2, 2, 3, 4), (2, 2, 5, 4), (2, 2, 5, 3)),
    "scaled_dot_product_attention: causal, a scale": of(
        attention(is_causal=True, scale=0.75), (2, 4, 3), (2, 4, 3), (2, 4, 6)),
    "scaled_dot_product_attention: a boolean mask": of(
        lambda q, k, v: nn.scaled_dot_product_attention(q, k, v, attn_mask=chosen), (3, 3, 4), (3, 5, 4), (3, 5, 5)),
    "scaled_dot_product_attention: numbers added": of(attention(), (3, 3, 4), (3, 5, 4), (3, 5, 5), (3, 5)),
    "scaled_dot_product_attention: numbers added to all queries, more keys than a register": of(
        attention(), (2, 2, 3), (2, 37, 3), (2, 37, 2), (1, 37)),
    "rotary_positions: halves": of(lambda x: turned(x * x, False), (2, 4, 6)),
    "rotary_positions: neighbours, from the fifth on": of(lambda x: turned(x * x, True, 100.0, 4), (2, 4, 6)),
}
