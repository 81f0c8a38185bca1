"""The nets of bench/net_models.cpp in JAX, the whole training step one jitted function whose state is donated: weights
from the stream that bench/initialise.cpp draws from, named as PyTorch names them, Adam by hand.
"""
import jax
import jax.numpy as jnp
import numpy as np


def drawn(shapes):
    """A float32 array for each name, drawn in the order of the names."""
    stream, result = np.random.RandomState(1), {}
    for name, shape in sorted(shapes.items()):
        bound = 0.1 if len(shape) == 1 else (3 * shape[0] / np.prod(shape)) ** 0.5
        middle = float(len(shape) == 1 and name.endswith("weight"))
        result[name] = jnp.asarray((middle + stream.uniform(-bound, bound, shape)).astype(np.float32))
    return result


def dense_shapes(name, inputs, outputs):
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def dense(p, name, x):
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def cross_entropy(scores, labels):
    chosen = jnp.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(scores, axis=1) - chosen)


def training(parameters, loss_of):
    """A function that makes a step of Adam and gives the loss before it."""
    def step(state):
        count, p, m, v = state
        loss, g = jax.value_and_grad(loss_of)(p)
        each = jax.tree.map
        m = each(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = each(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        of_m, of_v = 1 - 0.9 ** (count + 1), 1 - 0.999 ** (count + 1)
        p = each(lambda w, m, v: w - 1e-3 * (m / of_m) / (jnp.sqrt(v / of_v) + 1e-7), p, m, v)
        return (count + 1, p, m, v), loss

    compiled = jax.jit(step, donate_argnums=0)
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    state = (jnp.float32(0), parameters, zeros(), zeros())

    def run():
        nonlocal state
        state, loss = compiled(state)
        return float(loss)

    return run


def transformer(tokens, following, layers=4, width=128, heads=4, inner=512, words=256):
    shapes = {"0.weight": (words, width), **dense_shapes(f"{layers + 1}", width, words)}
    for i in map(str, range(1, layers + 1)):
        shapes |= {f"{i}.self_attn.in_proj_weight": (3 * width, width), f"{i}.self_attn.in_proj_bias": (3 * width,),
                   **dense_shapes(f"{i}.self_attn.out_proj", width, width), **dense_shapes(f"{i}.linear1", width, inner),
                   **dense_shapes(f"{i}.linear2", inner, width)}
        for norm in f"{i}.norm1", f"{i}.norm2":
            shapes |= {f"{norm}.weight": (width,), f"{norm}.bias": (width,)}

    def norm(p, name, x):
        x = x - x.mean(-1, keepdims=True)
        x = x * jax.lax.rsqrt((x**2).mean(-1, keepdims=True) + 1e-5)
        return x * p[f"{name}.weight"] + p[f"{name}.bias"]

    def attention(p, name, x):
        batch, length, _ = x.shape
        both = x @ p[f"{name}.in_proj_weight"].T + p[f"{name}.in_proj_bias"]
        q, k, v = jnp.split(both.reshape(batch, length, 3 * heads, width // heads), 3, axis=2)
        scores = jnp.einsum("bihd,bjhd->bhij", q, k) * (width // heads) ** -0.5
        y = jnp.einsum("bhij,bjhd->bihd", jax.nn.softmax(scores, axis=-1), v)
        return dense(p, f"{name}.out_proj", y.reshape(batch, length, width))

    def loss_of(p):
        x = p["0.weight"][tokens]
        for i in map(str, range(1, layers + 1)):
            x = norm(p, f"{i}.norm1", x + attention(p, f"{i}.self_attn", x))
            x = norm(p, f"{i}.norm2", x + dense(p, f"{i}.linear2", jax.nn.relu(dense(p, f"{i}.linear1", x))))
        return cross_entropy(dense(p, f"{layers + 1}", x).reshape(-1, words), following)

    return training(drawn(shapes), loss_of)


def lstm(x, labels, width=128):
    """The product of the inputs for all times at once, the recurrence by lax.scan."""
    shapes = {"lstm.weight_ih_l0": (4 * width, width), "lstm.weight_hh_l0": (4 * width, width),
              "lstm.bias_ih_l0": (4 * width,), "lstm.bias_hh_l0": (4 * width,), **dense_shapes("out", width, 10)}
    batch = x.shape[0]

    def loss_of(p):
        of_x = x.transpose(1, 0, 2) @ p["lstm.weight_ih_l0"].T + p["lstm.bias_ih_l0"] + p["lstm.bias_hh_l0"]

        def advance(state, of_x):
            h, c = state
            i, f, g, o = jnp.split(of_x + h @ p["lstm.weight_hh_l0"].T, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        zero = jnp.zeros((batch, width), jnp.float32)
        (h, _), _ = jax.lax.scan(advance, (zero, zero), of_x)
        return cross_entropy(dense(p, "out", h), labels)

    return training(drawn(shapes), loss_of)


def lenet(x, labels):
    """Channels last, which XLA prefers; pools as the maximum over a reshaped image, whose gradient it does fast."""
    shapes = {"0.weight": (6, 1, 5, 5), "0.bias": (6,), "3.weight": (16, 6, 5, 5), "3.bias": (16,),
              **dense_shapes("7", 400, 120), **dense_shapes("9", 120, 84), **dense_shapes("11", 84, 10)}
    x = x.transpose(0, 2, 3, 1)

    def convolved(p, name, x, padding):
        weight = p[f"{name}.weight"].transpose(2, 3, 1, 0)
        y = jax.lax.conv_general_dilated(x, weight, (1, 1), [(padding, padding)] * 2,
                                         dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return jax.nn.relu(y + p[f"{name}.bias"])

    def pooled(x):
        batch, rows, columns, channels = x.shape
        return x.reshape(batch, rows // 2, 2, columns // 2, 2, channels).max((2, 4))

    def loss_of(p):
        y = pooled(convolved(p, "3", pooled(convolved(p, "0", x, 2)), 0))
        y = y.transpose(0, 3, 1, 2).reshape(len(y), -1)
        y = jax.nn.relu(dense(p, "9", jax.nn.relu(dense(p, "7", y))))
        return cross_entropy(dense(p, "11", y), labels)

    return training(drawn(shapes), loss_of)
