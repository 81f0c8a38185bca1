"""PROGRAM [ARGUMENTS]: how long processes take from their start to the end of a first training step:
the program's, and one each of those libraries that this Python has.

`bench_engine --task one-step` is such a program. Rounds are interleaved; printed are the medians of
wall clock and processor time, and the least of the latter, which others on the machine disturb least.
"""

import os
import statistics
import subprocess
import sys
import time

STEPS = {
    "PyTorch": """
import torch
x, y = torch.randn(300, 2), torch.randint(0, 3, (300,))
model = torch.nn.Sequential(torch.nn.Linear(2, 64), torch.nn.ReLU(), torch.nn.Linear(64, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
torch.nn.functional.cross_entropy(model(x), y).backward()
optimizer.step()
""",
    "JAX": """
import jax, jax.numpy as jnp
def loss(p, x, y):
    scores = jnp.maximum(x @ p[0] + p[1], 0) @ p[2] + p[3]
    return -jnp.mean(jax.nn.log_softmax(scores)[jnp.arange(300), y])
key = jax.random.PRNGKey(0)
p = [jax.random.normal(key, (2, 64)), jnp.zeros(64), jax.random.normal(key, (64, 3)), jnp.zeros(3)]
step = jax.jit(lambda p, x, y: [w - 0.05 * g for w, g in zip(p, jax.grad(loss)(p, x, y))])
jax.block_until_ready(step(p, jnp.ones((300, 2)), jnp.zeros(300, dtype=int)))
""",
}


def run(command):
    """Seconds by the clock, and of the processor."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"failed: {command}")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime


def main():
    commands = {"program": sys.argv[1:]}
    for name, step in STEPS.items():
        command = [sys.executable, "-c", step]
        try:
            run(command)
        except RuntimeError:
            print(f"{name} is not there")
            continue
        commands[name] = command
    times = {name: [run(command)] for name, command in commands.items()}
    for _ in range(6):
        for name, command in commands.items():
            times[name].append(run(command))
    for name, both in times.items():
        wall, processor = zip(*both)
        print(f"{name:8} {statistics.median(wall) * 1e3:9.1f} ms, of the processor "
              f"{statistics.median(processor) * 1e3:.1f}, least {min(processor) * 1e3:.1f}")


if __name__ == "__main__":
    main()
