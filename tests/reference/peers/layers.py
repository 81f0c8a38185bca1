"""Layers of sequences as functions of their inputs and parameters, by PyTorch. Weights of dense layers lie the
other way round there."""
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from derivatives import Use, uniform


def layer(module, *shapes, results=None, **options):
    """`module` of inputs of these shapes, and then of its parameters: both sides have its own first, then those of
    its parts."""
    module = module.double()
    own = {name: parameter for name, parameter in module.named_parameters()}
    dense = {name for name in own if len(own[name].shape) == 2 and is_dense(module, name)}

    def apply(*values):
        inputs, parameters = values[:len(shapes)], values[len(shapes):]
        given = {name: value.T if name in dense else value for name, value in zip(own, parameters)}
        with sdpa_kernel(SDPBackend.MATH):  # the others have no second derivative
            y = torch.func.functional_call(module, given, inputs, options)
        return results(y) if results else y

    own_shapes = [own[name].T.shape if name in dense else own[name].shape for name in own]
    drawn = [uniform(-1, 1, *shape) for shape in shapes] + [uniform(-1, 1, *shape) for shape in own_shapes]
    return Use(drawn, apply)


class Called(torch.nn.Module):
    """`of`, called otherwise: as `call(of, ...)`"""

    def __init__(self, of, call):
        super().__init__()
        self.of, self.call = of, call

    def forward(self, *values):
        return self.call(self.of, *values)


def is_dense(module, name):
    return isinstance(module.get_submodule(name.rpartition(".")[0]), torch.nn.Linear)


def flat(y):
    """output, hidden and cell as a list"""
    output, states = y
    return [output, *(states if isinstance(states, tuple) else [states])]


def masked(*shape):
    """true in every third place, but not in the first"""
    return (torch.arange(torch.Size(shape).numel()) % 3 == 2).reshape(shape)


# The eps keeps the second derivatives from growing with what little four numbers differ.
encoder = dict(dim_feedforward=3, dropout=0.0, batch_first=True, layer_norm_eps=0.25)

uses = {
    "RNN: two layers": layer(torch.nn.RNN(2, 3, 2, batch_first=True), (2, 3, 2), results=flat),
    "GRU: both directions": layer(
        torch.nn.GRU(2, 2, bidirectional=True), (3, 2, 2), results=flat),
    "LSTM: two layers, both directions, no biases": layer(
        torch.nn.LSTM(2, 2, 2, bias=False, bidirectional=True, batch_first=True), (2, 3, 2), results=flat),
    "LSTM: one sequence": layer(torch.nn.LSTM(2, 3), (5, 2), results=flat),
    "RNNCell: relu": layer(torch.nn.RNNCell(2, 4, nonlinearity="relu"), (3, 2), (3, 4)),
    "GRUCell: one": layer(torch.nn.GRUCell(2, 3), (2,), (3,)),
    "LSTMCell: two": layer(torch.nn.LSTMCell(2, 3), (2, 2), results=list),
    "MultiheadAttention: to itself": layer(
        torch.nn.MultiheadAttention(4, 2, batch_first=True), (2, 3, 4), (2, 3, 4), (2, 3, 4), results=list),
    "MultiheadAttention: other widths, masks, weights of each head": layer(
        torch.nn.MultiheadAttention(4, 2, kdim=3, vdim=2, bias=False), (2, 2, 4), (3, 2, 3), (3, 2, 2),
        results=list, attn_mask=masked(2, 3), key_padding_mask=masked(2, 3), average_attn_weights=False),
    "MultiheadAttention: keys of its own, masks": layer(
        torch.nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True, batch_first=True),
        (2, 2, 4), (2, 3, 4), (2, 3, 4), results=list, attn_mask=masked(2, 3), key_padding_mask=masked(2, 3)),
    "MultiheadAttention: a learnt key, causal": layer(
        Called(torch.nn.MultiheadAttention(4, 2, add_bias_kv=True, batch_first=True),
               lambda of, x: of(x, x, x, attn_mask=torch.triu(torch.ones(3, 3), 1) == 1)[0]), (2, 3, 4)),
    "MultiheadAttention: zeros, other widths, numbers added": layer(
        Called(torch.nn.MultiheadAttention(4, 2, kdim=3, vdim=2, add_zero_attn=True, batch_first=True),
               lambda of, q, k, v, mask: of(q, k, v, attn_mask=mask)[0]), (1, 2, 4), (1, 3, 3), (1, 3, 2), (2, 3)),
    "TransformerEncoderLayer: normalised behind": layer(
        torch.nn.TransformerEncoderLayer(4, 2, **encoder), (2, 3, 4)),
    "TransformerEncoderLayer: normalised first, gelu": layer(
        torch.nn.TransformerEncoderLayer(4, 2, activation="gelu", norm_first=True, **encoder), (1, 3, 4),
        src_mask=torch.triu(torch.ones(3, 3), 1) == 1),
    "TransformerDecoderLayer: causal": layer(
        torch.nn.TransformerDecoderLayer(4, 2, **encoder), (1, 3, 4), (1, 2, 4),
        tgt_mask=torch.triu(torch.ones(3, 3), 1) == 1),
}
