"""The workloads of bench/models.hpp with a peer: models_peer.py WHO THREADS, where WHO is torch, compiled, jax, numpy or
onnxruntime. It is asked as the programs of bench/peer.hpp are, but draws data and weights itself, from the stream that
bench/net_models.cpp draws them from; `none` answers for a workload that this peer does not have.
    usage NAME K     ->  page faults of each of K steps, and the MB by which the process has grown at most since it began
                         to answer
"""
import sys

import numpy as np

from numpy_peer import measured, megabytes


def numbers(shape, seed):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)


def classes(count, shape, seed):
    return np.floor(np.random.RandomState(seed).uniform(0, count, shape)).astype(np.int64)


def perceptron_weights(*widths):
    """Of dense layers, in PyTorch's layout and in the order of names in which the stream gives them."""
    stream = np.random.RandomState(1)
    result = []
    for inputs, outputs in zip(widths, widths[1:]):
        bias = stream.uniform(-0.1, 0.1, outputs)
        bound = (3 / inputs) ** 0.5
        result.append((stream.uniform(-bound, bound, (outputs, inputs)).astype(np.float32), bias.astype(np.float32)))
    return result


def numpy_models(_):
    def inference():
        (w1, b1), (w2, b2), (w3, b3) = perceptron_weights(784, 128, 128, 10)
        x = numbers((1, 784), 0)
        return lambda: float(
            (np.maximum(np.maximum(x @ w1.T + b1, 0) @ w2.T + b2, 0) @ w3.T + b3)[0, 0])

    return "NumPy " + np.__version__, {"i": inference}


def onnxruntime_models(threads):
    import onnx
    import onnxruntime
    from onnx import helper, numpy_helper

    def inference():
        nodes, constants, name = [], [], "x"
        for i, (w, b) in enumerate(perceptron_weights(784, 128, 128, 10)):
            constants += [numpy_helper.from_array(w, f"w{i}"), numpy_helper.from_array(b, f"b{i}")]
            nodes.append(helper.make_node("Gemm", [name, f"w{i}", f"b{i}"], [f"y{i}"], transB=1))
            name = f"y{i}"
            if i < 2:
                nodes.append(helper.make_node("Relu", [name], [f"z{i}"]))
                name = f"z{i}"
        put = lambda name, *shape: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        graph = helper.make_graph(nodes, "i", [put("x", 1, 784)], [put(name, 1, 10)], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        feed = {"x": numbers((1, 784), 0)}
        return lambda: float(session.run(None, feed)[0][0, 0])

    return "onnxruntime " + onnxruntime.__version__, {"i": inference}


def torch_models(threads, compiled=False):
    import torch
    from layers_peer import initialised, lenet_5
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(threads)
    tensor = torch.from_numpy
    built = torch.compile if compiled else lambda f: f

    def training(module, loss_of):
        initialised(module)
        optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, eps=1e-7, fused=True)
        loss_of = built(loss_of)

        def step():
            loss = loss_of(module)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    def transformer():
        layers = [nn.TransformerEncoderLayer(128, 4, 512, dropout=0, batch_first=True) for _ in range(4)]
        net = nn.Sequential(nn.Embedding(256, 128), *layers, nn.Linear(128, 256))
        tokens, following = tensor(classes(256, (16, 64), 0)), tensor(classes(256, 1024, 1))
        return training(net, lambda net: functional.cross_entropy(net(tokens).reshape(-1, 256), following))

    def inference():
        net = initialised(nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10)))
        x, call = tensor(numbers((1, 784), 0)), built(net)

        def step():
            with torch.inference_mode():
                return call(x)[0, 0].item()

        return step

    def lstm():
        net = nn.ModuleDict({"lstm": nn.LSTM(128, 128, batch_first=True), "out": nn.Linear(128, 10)})
        x, labels = tensor(numbers((32, 50, 128), 0)), tensor(classes(10, 32, 1))
        return training(net, lambda net: functional.cross_entropy(net["out"](net["lstm"](x)[0][:, -1]), labels))

    def lenet():
        x, labels = tensor(numbers((64, 1, 28, 28), 0)), tensor(classes(10, 64, 1))
        return training(lenet_5(), lambda net: functional.cross_entropy(net(x), labels))

    def penalty():
        net = nn.Sequential(nn.Linear(64, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 1))
        x = tensor(numbers((128, 64), 0)).requires_grad_(True)

        def loss_of(net):
            score = net(x)
            slope, = torch.autograd.grad(score.sum(), x, create_graph=True)
            return functional.softplus(-score).mean() + slope.square().sum(1).mean()

        return training(net, loss_of)

    def swept(value, *parameters):
        by = [torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in parameters]

        def step():
            y = value(*by)
            return y.item() + sum(slope.item() for slope in torch.autograd.grad(y, by))

        return step

    table = {"h": transformer, "i": inference, "j": lstm, "k": lenet, "l": penalty}
    if compiled:  # it neither differentiates twice nor ends with a loop of a thousand scalars
        del table["l"]
    else:
        table["m"] = lambda: swept(chain(lambda n, f, y: repeated(n, f, y)), 0.999, 0.001)
        table["m-rk4"] = lambda: swept(
            pendulum(torch.sin, repeated, lambda x: torch.tensor(x, dtype=torch.float64)), 9.81, 0.3)
    return f"torch {torch.__version__.split('+')[0]}" + (" compiled" if compiled else ""), table


def repeated(n, f, state):
    for _ in range(n):
        state = f(state)
    return state


def chain(repeat):
    return lambda a, b: repeat(500, lambda y: a * y + b, b)


def pendulum(sin, repeat, constant):
    """As bench/scalar_models.cpp has it."""
    def value(stiffness, damping):
        h = 0.01
        slope = lambda at: (at[1], -(stiffness * sin(at[0])) - damping * at[1])
        moved = lambda at, k, by: (at[0] + by * k[0], at[1] + by * k[1])

        def step(at):
            k1 = slope(at)
            k2 = slope(moved(at, k1, h / 2))
            k3 = slope(moved(at, k2, h / 2))
            k4 = slope(moved(at, k3, h))
            at = moved(moved(at, k1, h / 6), k2, h / 3)
            return moved(moved(at, k3, h / 3), k4, h / 6)

        return repeat(100, step, (constant(1.0), constant(0.0)))[0]

    return value


def models_of_jax(_):
    import jax
    import jax.numpy as jnp
    import jax_models
    jax.config.update("jax_enable_x64", True)  # the scalars are float64
    of = lambda array: jnp.asarray(array, jnp.int32 if array.dtype == np.int64 else jnp.float32)

    def forward(weights, x, activation):
        for w, b in weights[:-1]:
            x = activation(x @ w.T + b)
        w, b = weights[-1]
        return x @ w.T + b

    def inference():
        weights, x = perceptron_weights(784, 128, 128, 10), jnp.asarray(numbers((1, 784), 0))
        call = jax.jit(lambda x: forward(weights, x, jax.nn.relu)[0, 0])
        return lambda: float(call(x))

    def penalty():
        weights, x = perceptron_weights(64, 128, 128, 1), jnp.asarray(numbers((128, 64), 0))

        def loss_of(weights):
            score = lambda x: forward(weights, x, jnp.tanh)
            slope = jax.grad(lambda x: score(x).sum())(x)
            return jax.nn.softplus(-score(x)).mean() + (slope**2).sum(1).mean()

        return jax_models.training(jax.tree.map(jnp.asarray, weights), loss_of)

    def swept(value, *parameters):
        call = jax.jit(jax.value_and_grad(value, tuple(range(len(parameters)))))

        def step():
            y, slopes = call(*parameters)
            return float(y) + sum(map(float, slopes))

        return step

    scan = lambda n, f, state: jax.lax.scan(lambda at, _: (f(at), None), state, length=n)[0]
    return "JAX " + jax.__version__, {
        "h": lambda: jax_models.transformer(of(classes(256, (16, 64), 0)), of(classes(256, 1024, 1))),
        "i": inference, "j": lambda: jax_models.lstm(of(numbers((32, 50, 128), 0)), of(classes(10, 32, 1))),
        "k": lambda: jax_models.lenet(of(numbers((64, 1, 28, 28), 0)), of(classes(10, 64, 1))), "l": penalty, "m": lambda: swept(chain(scan), 0.999, 0.001),
        "m-rk4": lambda: swept(pendulum(jnp.sin, scan, jnp.float64), 9.81, 0.3)}


def main():
    who, threads = sys.argv[1], int(sys.argv[2])
    try:
        name, models = {"torch": torch_models, "jax": models_of_jax, "numpy": numpy_models, "onnxruntime": onnxruntime_models,
                        "compiled": lambda threads: torch_models(threads, compiled=True)}[who](threads)
    except ImportError:
        sys.exit(1)  # the bench then runs without it
    running = {}  # a model compiles once
    before = megabytes("VmRSS")
    for line in sys.stdin:
        command, key, steps = (line.split() + ["", "0"])[:3]
        if command == "version":
            answer = name
        elif key not in models:
            answer = "none"
        elif command == "losses":
            step = models[key]()
            answer = " ".join(f"{step():.9g}" for _ in range(int(steps)))
        else:
            if key not in running:
                running = {key: models[key]()}
            microseconds, faults = measured(running[key], 1, int(steps))
            grown = megabytes("VmHWM") - before
            answer = f"{microseconds:.3f}" if command == "step" else f"{faults:.2f} {grown:.1f}"
        print(answer, flush=True)


if __name__ == "__main__":
    main()
