"""Trains the bench's workloads with JAX, the whole step (forward, loss, backward, Adam) one jitted function whose
state is donated: jax_peer.py HOW, where HOW is `call`, one call a step, or `scan`, 50 steps by lax.scan in one call.
It is asked as numpy_peer.py is, and reads what that reads.
"""
import functools
import sys

import numpy as np

from numpy_peer import Problem, serve

try:
    import jax
    import jax.numpy as jnp
except ImportError:
    sys.exit(1)  # the bench then runs without it

STEPS = 50  # of a scan


def loss_of(problem, inputs, labels, parameters, key):
    x, penalty = inputs, 0.0
    last = len(parameters) - 1
    for number, (weights, biases) in enumerate(parameters):
        x = x @ weights + biases
        if number < last:
            x = jax.nn.relu(x)
        if number == 0 and problem.l2 > 0:
            penalty = problem.l2 * (jnp.sum(weights**2) + jnp.sum(biases**2))
        if number == 0 and problem.dropout > 0:
            keep = 1 - problem.dropout
            x = jnp.where(jax.random.bernoulli(key, keep, x.shape), x / keep, 0)
    if problem.loss == 1:
        x = x[:, 0]
        data_loss = jnp.mean(jnp.maximum(x, 0) - x * labels + jnp.log1p(jnp.exp(-jnp.abs(x))))
    else:
        chosen = jnp.take_along_axis(x, labels[:, None], axis=1)[:, 0]
        data_loss = jnp.mean(jax.nn.logsumexp(x, axis=1) - chosen)
    return data_loss + penalty


def step_of(problem, inputs, labels, state):
    """The state after a step, and the loss before it."""
    count, key, parameters, momentums, cache = state
    key, drawn = jax.random.split(key) if problem.dropout > 0 else (key, key)
    loss, gradients = jax.value_and_grad(functools.partial(loss_of, problem, inputs, labels))(parameters, drawn)
    each = jax.tree.map
    momentums = each(lambda m, g: 0.9 * m + 0.1 * g, momentums, gradients)
    cache = each(lambda v, g: 0.999 * v + 0.001 * g * g, cache, gradients)
    rate = problem.learning_rate / (1 + problem.decay * count)
    of_m, of_v = 1 - 0.9 ** (count + 1), 1 - 0.999 ** (count + 1)
    parameters = each(lambda w, m, v: w - rate * (m / of_m) / (jnp.sqrt(v / of_v) + 1e-7),
                      parameters, momentums, cache)
    return (count + 1, key, parameters, momentums, cache), loss


class Model:
    """Compiles once; `start` gives the initial weights."""

    def __init__(self, problem, scan):
        self.problem, self.scan = problem, scan
        self.inputs = jnp.asarray(problem.inputs)
        labels = jnp.asarray(problem.labels.astype(np.float32 if problem.loss == 1 else np.int32))
        step = lambda inputs, labels, state: step_of(problem, inputs, labels, state)
        many = lambda inputs, labels, state: jax.lax.scan(
            lambda state, _: step(inputs, labels, state), state, length=STEPS)
        compiled = jax.jit(many if scan else step, donate_argnums=2)
        self.call = lambda state: compiled(self.inputs, labels, state)
        self.start()

    def start(self):
        parameters = [(jnp.array(w), jnp.zeros(w.shape[1], jnp.float32)) for w in self.problem.weights]
        zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
        self.state = (jnp.float32(0), jax.random.PRNGKey(0), parameters, zeros(), zeros())

    def advance(self, steps):
        """At least so many steps, of each the loss."""
        losses = []
        while len(losses) < steps:
            self.state, loss = self.call(self.state)
            losses += np.asarray(loss).ravel().tolist()
        return losses


class Training:
    """As numpy_peer.serve wants it. The times of a scan are those of whole scans."""

    def __init__(self, scan):
        self.scan, self.models = scan, {}
        self.name = f"JAX {jax.__version__}, " + (f"scan of {STEPS}" if scan else "one call a step")

    def load(self, name, problem):
        self.models = {name: Model(problem, self.scan)}

    def losses(self, name, steps):
        self.models[name].start()
        return self.models[name].advance(steps)[:steps]

    def stepper(self, name):
        model = self.models[name]
        model.start()
        if not self.scan:
            return lambda: model.advance(1), 1
        return lambda: model.advance(STEPS), STEPS


if __name__ == "__main__":
    serve(Training(sys.argv[1] == "scan"))
