"""Trains the bench's workloads with NumPy, in the style of *Neural Networks from Scratch*: layers
that keep what their backward pass needs, an optimizer that walks over the layers. All in float32.

A line on standard input asks, a line on standard output answers:
    version          ->  NumPy and its version
    load NAME FILE   ->  ok
    losses NAME K    ->  the losses of the first K steps from the initial weights
    step NAME K      ->  microseconds of K steps, after untimed ones from the initial weights
    usage NAME K     ->  page faults of each of K steps, and the MB by which the process, since it
                         loaded the last problem, has grown at most
"""

import resource
import sys
import time

try:
    import numpy as np
except ImportError:
    sys.exit(1)  # the bench then runs without NumPy


class Layer_Dense:
    def __init__(self, weights, l2=0.0):
        self.weights = weights
        self.biases = np.zeros((1, weights.shape[1]), dtype=np.float32)
        self.l2 = l2

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.l2 > 0:
            self.dweights += 2 * self.l2 * self.weights
            self.dbiases += 2 * self.l2 * self.biases
        self.dinputs = np.dot(dvalues, self.weights.T)

    def regularization_loss(self):
        if self.l2 == 0:
            return 0.0
        return self.l2 * (np.sum(self.weights * self.weights) + np.sum(self.biases * self.biases))


class Layer_Dropout:
    def __init__(self, rate):
        self.rate = 1 - rate

    def forward(self, inputs):
        mask = np.random.binomial(1, self.rate, size=inputs.shape) / self.rate
        self.mask = mask.astype(np.float32)
        self.output = inputs * self.mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.mask


class Activation_ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class Activation_Softmax_Loss_CategoricalCrossentropy:
    """The two together: their joint gradient is the probabilities less the one-hot labels."""

    def forward(self, inputs, labels):
        exponentials = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exponentials / np.sum(exponentials, axis=1, keepdims=True)
        clipped = np.clip(self.output, 1e-7, 1 - 1e-7)
        return np.mean(-np.log(clipped[range(len(labels)), labels]))

    def backward(self, labels):
        samples = len(labels)
        self.dinputs = self.output.copy()
        self.dinputs[range(samples), labels] -= 1
        self.dinputs = self.dinputs / samples


class Activation_Sigmoid_Loss_BinaryCrossentropy:
    def forward(self, inputs, labels):
        self.output = 1 / (1 + np.exp(-inputs))
        clipped = np.clip(self.output, 1e-7, 1 - 1e-7)
        targets = self.targets(labels)
        return np.mean(-(targets * np.log(clipped) + (1 - targets) * np.log(1 - clipped)))

    def backward(self, labels):
        clipped = np.clip(self.output, 1e-7, 1 - 1e-7)
        targets = self.targets(labels)
        dvalues = -(targets / clipped - (1 - targets) / (1 - clipped)) / len(labels)
        self.dinputs = dvalues * (1 - self.output) * self.output

    @staticmethod
    def targets(labels):
        return labels.reshape(-1, 1).astype(np.float32)


class Optimizer:
    """The rate of a step, and the count of steps."""

    def __init__(self, learning_rate, decay):
        self.learning_rate = learning_rate
        self.decay = decay
        self.iterations = 0

    def pre_update_params(self):
        self.current_learning_rate = self.learning_rate / (1 + self.decay * self.iterations)

    def post_update_params(self):
        self.iterations += 1


class Optimizer_SGD(Optimizer):
    def __init__(self, learning_rate, decay, momentum=0.0):
        super().__init__(learning_rate, decay)
        self.momentum = momentum

    def update_params(self, layer):
        rate = self.current_learning_rate
        if self.momentum == 0:
            layer.weights += -rate * layer.dweights
            layer.biases += -rate * layer.dbiases
            return
        if not hasattr(layer, "weight_momentums"):
            layer.weight_momentums = np.zeros_like(layer.weights)
            layer.bias_momentums = np.zeros_like(layer.biases)
        layer.weight_momentums = self.momentum * layer.weight_momentums - rate * layer.dweights
        layer.bias_momentums = self.momentum * layer.bias_momentums - rate * layer.dbiases
        layer.weights += layer.weight_momentums
        layer.biases += layer.bias_momentums


class Optimizer_Adagrad(Optimizer):
    """The sum of the squared gradients; with `rho`, RMSprop's running mean of them."""

    def __init__(self, learning_rate, decay, epsilon=1e-7, rho=None):
        super().__init__(learning_rate, decay)
        self.epsilon = epsilon
        self.rho = rho

    def update_params(self, layer):
        if not hasattr(layer, "weight_cache"):
            layer.weight_cache = np.zeros_like(layer.weights)
            layer.bias_cache = np.zeros_like(layer.biases)
        layer.weight_cache = self.accumulate(layer.weight_cache, layer.dweights)
        layer.bias_cache = self.accumulate(layer.bias_cache, layer.dbiases)
        rate = self.current_learning_rate
        layer.weights += -rate * layer.dweights / (np.sqrt(layer.weight_cache) + self.epsilon)
        layer.biases += -rate * layer.dbiases / (np.sqrt(layer.bias_cache) + self.epsilon)

    def accumulate(self, cache, gradients):
        if self.rho is None:
            return cache + gradients**2
        return self.rho * cache + (1 - self.rho) * gradients**2


class Optimizer_Adam(Optimizer):
    def __init__(self, learning_rate, decay, epsilon=1e-7, beta_1=0.9, beta_2=0.999):
        super().__init__(learning_rate, decay)
        self.epsilon = epsilon
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def update_params(self, layer):
        if not hasattr(layer, "weight_cache"):
            layer.weight_momentums = np.zeros_like(layer.weights)
            layer.weight_cache = np.zeros_like(layer.weights)
            layer.bias_momentums = np.zeros_like(layer.biases)
            layer.bias_cache = np.zeros_like(layer.biases)
        layer.weight_momentums, layer.weight_cache = self.update(
            layer.weights, layer.dweights, layer.weight_momentums, layer.weight_cache)
        layer.bias_momentums, layer.bias_cache = self.update(
            layer.biases, layer.dbiases, layer.bias_momentums, layer.bias_cache)

    def update(self, values, gradients, momentums, cache):
        momentums = self.beta_1 * momentums + (1 - self.beta_1) * gradients
        cache = self.beta_2 * cache + (1 - self.beta_2) * gradients**2
        corrected_momentums = momentums / (1 - self.beta_1 ** (self.iterations + 1))
        corrected_cache = cache / (1 - self.beta_2 ** (self.iterations + 1))
        values += (-self.current_learning_rate * corrected_momentums
                   / (np.sqrt(corrected_cache) + self.epsilon))
        return momentums, cache


def make_optimizer(problem):
    rate, decay = problem.learning_rate, problem.decay
    return [lambda: Optimizer_Adam(rate, decay),
            lambda: Optimizer_SGD(rate, decay, problem.momentum),
            lambda: Optimizer_Adagrad(rate, decay),
            lambda: Optimizer_Adagrad(rate, decay, rho=0.999)][problem.rule]()


class Problem:
    """What the bench wrote to a file: one line of numbers, then inputs, labels and weights."""

    def __init__(self, path):
        with open(path, "rb") as file:
            header = file.readline().split()
            samples, self.loss, self.rule = map(int, header[:3])
            self.learning_rate, self.momentum, self.decay, self.l2, self.dropout = map(
                float, header[3:8])
            widths = [int(width) for width in header[8:]]
            read = lambda dtype, *shape: np.fromfile(file, dtype, np.prod(shape)).reshape(shape)
            self.inputs = read(np.float32, samples, widths[0])
            self.labels = read(np.int64, samples)
            self.weights = [read(np.float32, *shape) for shape in zip(widths, widths[1:])]


class Model:
    def __init__(self, problem):
        self.problem = problem
        self.layers = []
        for number, weights in enumerate(problem.weights):
            self.layers.append(Layer_Dense(weights.copy(), problem.l2 if number == 0 else 0.0))
            if number + 1 < len(problem.weights):
                self.layers.append(Activation_ReLU())
            if number == 0 and problem.dropout > 0:
                self.layers.append(Layer_Dropout(problem.dropout))
        self.dense = [layer for layer in self.layers if isinstance(layer, Layer_Dense)]
        self.loss = (Activation_Sigmoid_Loss_BinaryCrossentropy() if problem.loss == 1
                     else Activation_Softmax_Loss_CategoricalCrossentropy())
        self.optimizer = make_optimizer(problem)

    def step(self):
        values = self.problem.inputs
        for layer in self.layers:
            layer.forward(values)
            values = layer.output
        loss = self.loss.forward(values, self.problem.labels)
        loss += sum(layer.regularization_loss() for layer in self.dense)
        self.loss.backward(self.problem.labels)
        gradients = self.loss.dinputs
        for layer in reversed(self.layers):
            layer.backward(gradients)
            gradients = layer.dinputs
        self.optimizer.pre_update_params()
        for layer in self.dense:
            self.optimizer.update_params(layer)
        self.optimizer.post_update_params()
        return float(loss)


class Training:
    """What `serve` asks: of a workload the losses of first steps, and what makes a step from there."""

    name = "NumPy " + np.__version__

    def __init__(self):
        self.problems = {}

    def load(self, name, problem):
        self.problems[name] = problem

    def losses(self, name, steps):
        model = Model(self.problems[name])
        return [model.step() for _ in range(steps)]

    def stepper(self, name):
        """A function, and how many steps a call of it makes."""
        return Model(self.problems[name]).step, 1


def measured(step, at_once, steps):
    """Microseconds of so many steps, after untimed ones, and page faults of each."""
    for _ in range(4 if at_once == 1 else 1):
        step()
    calls = max(1, round(steps / at_once))
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    start = time.perf_counter()
    for _ in range(calls):
        step()
    elapsed = time.perf_counter() - start
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    return elapsed * 1e6 / (calls * at_once) * steps, faults / (calls * at_once)


def megabytes(name):
    """VmRSS is the memory that the process has, VmHWM the most that it had."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name + ":")) / 1024


def serve(training):
    for line in sys.stdin:
        command, name, argument = (line.split() + ["", ""])[:3]
        if command == "version":
            answer = training.name
        elif command == "load":
            before = megabytes("VmRSS")
            training.load(name, Problem(argument))
            answer = "ok"
        elif command == "losses":
            answer = " ".join(f"{loss:.9g}" for loss in training.losses(name, int(argument)))
        elif command == "step":
            answer = f"{measured(*training.stepper(name), int(argument))[0]:.3f}"
        elif command == "usage":
            faults = measured(*training.stepper(name), int(argument))[1]
            answer = f"{faults:.2f} {megabytes('VmHWM') - before:.1f}"
        else:
            answer = f"unknown command {command}"
        print(answer, flush=True)


if __name__ == "__main__":
    serve(Training())
