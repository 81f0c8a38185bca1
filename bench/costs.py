#!/usr/bin/env python3
"""costs.py BUILD [--json FILE]: what programs cost beside their steps, of xtape, libtorch, PyTorch and JAX, those that
are there: processor time and memory to compile a small program, its size without symbols and that of the libraries it loads from
outside of the system, time from its start to the end of a first training step, and the memory it then had.

BUILD is a build folder with the benchmark in it. Medians of interleaved rounds.
"""
import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers"))
from first_step import STEPS  # noqa: E402


def run(command, **options):
    """Seconds by the clock and of the processor, and the MB that it had at most. By way of `time`, which is small: what
    Python starts itself counts as if it had had Python's memory."""
    with tempfile.NamedTemporaryFile("r") as told:
        begin = time.perf_counter()
        subprocess.run(["time", "--format=%U %S %M", f"--output={told.name}", *command],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        seconds = time.perf_counter() - begin
        user, system, kilobytes = map(float, told.read().split())
    return seconds, user + system, kilobytes / 1024


def compilation(build, source):
    """The command that compiles the source here, its result thrown away; nothing if it is not of the build."""
    with open(os.path.join(build, "compile_commands.json")) as file:
        for entry in json.load(file):
            if entry["file"].endswith("/" + source):
                words = shlex.split(entry["command"])
                words[words.index("-o") + 1] = "/dev/null"
                return words, entry["directory"]
    return None


def stripped_size(program):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "program")
        subprocess.run(["strip", "-o", out, program], check=True)
        return os.path.getsize(out) / 2**20


def libraries_size(program):
    """MB of shared libraries but those of the C and C++ runtime, which every program loads."""
    text = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    paths = {os.path.realpath(line.split(" => ")[1].split()[0]) for line in text.splitlines() if " => /" in line}
    runtime = ("libc.", "libm.", "libstdc++.", "libgcc_s.", "libpthread.", "libdl.", "librt.", "ld-linux")
    return sum(os.path.getsize(path) for path in paths if not os.path.basename(path).startswith(runtime)) / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--json")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    of = lambda name: os.path.join(options.build, "bench", name)
    rows, first, trained = {}, {}, {}
    for name, program, source, once, thousand in (
            ("xtape", of("bench_user_program"), "bench/user_program.cpp",
             [of("bench_engine"), "--task", "one-step"], [of("bench_engine"), "--task", "memory"]),
            ("libtorch", of("bench_libtorch_program"), "peers/libtorch_program.cpp",
             [of("bench_libtorch_program"), "1"], [of("bench_libtorch_program"), "1000"])):
        if not os.path.exists(program):
            continue
        rows[name] = {"program MB": stripped_size(program), "libraries MB": libraries_size(program)}
        command, folder = compilation(options.build, source)
        compiled = []
        while len(compiled) < 3 and sum(seconds for _, seconds, _ in compiled) < 20:
            compiled.append(run(command, cwd=folder, env=dict(os.environ, CCACHE_DISABLE="1")))
        rows[name]["compile s"] = statistics.median(seconds for _, seconds, _ in compiled)
        rows[name]["compile MB"] = statistics.median(megabytes for _, _, megabytes in compiled)
        first[name], trained[name] = once, thousand
    for name, step in STEPS.items():
        command = [sys.executable, "-c", step]
        try:
            run(command)
        except subprocess.CalledProcessError:
            continue
        rows[name], first[name] = {}, command
    times = {name: [] for name in first}
    for _ in range(options.rounds):
        for name, command in first.items():
            times[name].append(run(command))
    for name, measured in times.items():
        clock, processor, megabytes = zip(*measured)
        rows[name] |= {"first step ms": 1e3 * statistics.median(clock),
                       "first step, processor ms": 1e3 * statistics.median(processor),
                       "first step MB": statistics.median(megabytes)}
    for name, command in trained.items():
        rows[name]["1000 steps MB"] = run(command)[2]
    for name, row in rows.items():
        print(name + "".join(f"; {what} {value:.1f}" for what, value in row.items()))
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"rows": [{"name": name, **row} for name, row in rows.items()]}, file, indent=1)


if __name__ == "__main__":
    main()
