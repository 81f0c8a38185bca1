"""The layers of bench/layer_table.cpp in PyTorch; asked as operations_peer.py, WHO is torch or channels_last."""
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from operations_peer import Problem, serve, torch_call


class First(nn.Module):
    """The first result of a layer that has several."""

    def __init__(self, layer, call=lambda layer, x: layer(x)):
        super().__init__()
        self.layer, self.call = layer, call

    def forward(self, x):
        return self.call(self.layer, x)[0]


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential(*([nn.Conv2d(inputs, outputs, 1, stride)] if stride > 1 else []))

    def forward(self, x):
        y = self.norm2(self.conv2(functional.relu(self.norm1(self.conv1(x)))))
        return functional.relu(y + self.shortcut(x))


def recurrent(kind, width):
    return First(kind(width, width, batch_first=True))


def lenet_5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1568, 128), nn.ReLU(), nn.Linear(128, 10))


def resnet():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), Block(16, 16, 1), Block(16, 32, 2),
        Block(32, 64, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def attend(layer, x):
    return layer(x, x, x, need_weights=False)


def ctc(scores, labels):
    steps, lengths = [scores.shape[1]] * len(scores), [labels.shape[1]] * len(labels)
    return functional.ctc_loss(scores.log_softmax(-1).transpose(0, 1), labels, steps, lengths, reduction="sum")


modules = {
    "Conv2d(16, 16, 3)": lambda: nn.Conv2d(16, 16, 3, padding=1),
    "Conv2d(32, 32, 3)": lambda: nn.Conv2d(32, 32, 3, padding=1),
    "Conv2d(64, 64, 3)": lambda: nn.Conv2d(64, 64, 3, padding=1),
    "Conv2d(16, 32, 3), stride 2": lambda: nn.Conv2d(16, 32, 3, 2, 1),
    "Conv2d(64, 128, 1)": lambda: nn.Conv2d(64, 128, 1),
    "Conv2d(64, 64, 3), depthwise": lambda: nn.Conv2d(64, 64, 3, padding=1, groups=64),
    "Conv1d(32, 32, 5)": lambda: nn.Conv1d(32, 32, 5, padding=2),
    "ConvTranspose2d(32, 16, 4), stride 2": lambda: nn.ConvTranspose2d(32, 16, 4, 2, 1),
    "MaxPool2d(2)": lambda: nn.MaxPool2d(2), "AvgPool2d(2)": lambda: nn.AvgPool2d(2),
    "AdaptiveAvgPool2d(1)": lambda: nn.AdaptiveAvgPool2d(1), "BatchNorm2d(16)": lambda: nn.BatchNorm2d(16),
    "GroupNorm(4, 16)": lambda: nn.GroupNorm(4, 16), "Dense(256, 256)": lambda: nn.Linear(256, 256),
    "BatchNorm1d(256)": lambda: nn.BatchNorm1d(256), "LayerNorm(64)": lambda: nn.LayerNorm(64),
    "LayerNorm(512)": lambda: nn.LayerNorm(512), "RMSNorm(512)": lambda: nn.RMSNorm(512, eps=1e-5),
    "Embedding(5000, 64)": lambda: nn.Embedding(5000, 64),
    "Embedding(5000, 64), sparse": lambda: nn.Embedding(5000, 64, sparse=True), "LSTM(64, 64)": lambda: recurrent(nn.LSTM, 64),
    "LSTM(128, 128)": lambda: recurrent(nn.LSTM, 128), "GRU(64, 64)": lambda: recurrent(nn.GRU, 64),
    "GRU(128, 128)": lambda: recurrent(nn.GRU, 128),
    "MultiheadAttention(128, 4)": lambda: First(nn.MultiheadAttention(128, 4, batch_first=True), attend),
    "TransformerEncoderLayer(128, 4)": lambda: nn.TransformerEncoderLayer(128, 4, 512, dropout=0, batch_first=True),
    "LeNet-5": lenet_5, "lenet of the examples": lenet, "ResNet-8": resnet,
}
functions = {
    "attention, 16 x 4 x 32 x 16": functional.scaled_dot_product_attention,
    "attention, 4 x 4 x 512 x 32": functional.scaled_dot_product_attention,
    "cross_entropy": functional.cross_entropy, "mean_squared_error": functional.mse_loss,
    "binary_cross_entropy_with_logits": functional.binary_cross_entropy_with_logits,
    "smooth_l1_loss": functional.smooth_l1_loss,
    "kl_divergence": lambda log_q, p: functional.kl_div(log_q, p, reduction="batchmean"),
    "gaussian_nll_loss": functional.gaussian_nll_loss, "triplet_margin_loss": functional.triplet_margin_loss,
    "ctc_loss": ctc,
}


def initialised(module):
    """As `initialise` of bench/layer_table.cpp."""
    stream = np.random.RandomState(1)
    with torch.no_grad():
        for name, parameter in sorted(module.named_parameters()):
            bound = 0.1 if parameter.dim() == 1 else (3 * len(parameter) / parameter.numel()) ** 0.5
            middle = float(parameter.dim() == 1 and name.endswith("weight"))
            parameter.copy_(torch.tensor(middle + stream.uniform(-bound, bound, parameter.shape)))
    return module


def into_leaves(layer, x):
    y = layer(x)
    y.backward(torch.ones_like(y))
    layer.zero_grad()


class Layer(Problem):
    def __init__(self, name, dtype, *inputs):
        super().__init__(name, dtype, *inputs)
        self.known = {who: initialised(modules[name]()) for who in ("torch", "channels_last")} if name in modules else {}
        self.inputs = {"torch": self.tensors}
        if name.endswith("sparse"):  # the other one keeps a dense gradient
            self.known["channels_last"] = initialised(nn.Embedding(5000, 64))
            self.inputs["channels_last"] = self.tensors
        if self.known and self.tensors[0].dim() == 4:
            self.known["channels_last"].to(memory_format=torch.channels_last)
            x = self.tensors[0].detach().to(memory_format=torch.channels_last)
            self.inputs["channels_last"] = [x.requires_grad_(self.wanted[0])]

    def call(self, who, direction):
        if who not in self.inputs:
            return None
        layer = self.known.get(who, functions.get(self.name))
        parameters = layer.parameters() if self.known else ()
        if self.name.endswith("sparse") and direction == "both":
            return lambda: into_leaves(layer, *self.inputs[who])
        return torch_call(layer, self.inputs[who], direction, parameters)


if __name__ == "__main__":
    serve(Layer)
