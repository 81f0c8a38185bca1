#!/usr/bin/env python3
"""Breaks one line of the library at a time and says which breaks no test notices.

    mutate.py BUILD [--count N] [--seed S] [--only WORD] [--log FILE] [--unchecked]

BUILD is a build in which xtape_tests is built and up to date; neither it nor a source changes: what is
broken is compiled beside them and linked in front of the library. A mutant that does not compile is not
counted. Exits 1 if less than 95 % are killed.
"""
import argparse
import fnmatch
import json
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOORS = ("core", "ops", "nn", "optim")
LEVEL = "x86-64-v2"  # of kernels, of which only this one is broken
WITHOUT_LINES = "--test-case-exclude=*the line of the program*"  # which debug information tells

# What may be broken, and how: a pattern, and what takes its place.
CHANGES = [
    ("sign", r" \+ ", " - "), ("sign", r" - ", " + "), ("sign", r"(?<=[(,] )-(?=[a-z])", ""),
    ("factor", r" \* ", " / "), ("factor", r" / ", " * "), ("factor", r"\b2 \*", "3 *"),
    ("factor", r"\b0\.5\b", "0.25"),
    ("missing sum", r"\bsum\((?=[a-z])", "mean("), ("missing sum", r"\bmean\((?=[a-z])", "sum("),
    ("wrong operand", r"\bg, a\b", "g, b"), ("wrong operand", r"\bg, b\b", "g, a"),
    ("wrong operand", r"\bsend\(0, ", "send(1, "), ("wrong operand", r"\bsend\(1, ", "send(0, "),
    ("wrong operand", r"\bx\[0\]", "x[1]"), ("wrong operand", r"\bmaximum\(", "minimum("),
    ("off by one", r" \+ 1\b", " + 2"), ("off by one", r" - 1\b", ""), ("off by one", r" = 0;", " = 1;"),
    ("comparison", r" < (?=[a-z0-9(])", " <= "), ("comparison", r" > (?=[a-z0-9(])", " >= "),
    ("comparison", r" <= ", " < "), ("comparison", r" >= ", " > "),
    ("comparison", r" == ", " != "), ("comparison", r" != ", " == "),
    ("condition", r" && ", " || "), ("condition", r" \|\| ", " && "),
    ("condition", r"\bif \((?!constexpr)(?=[^;]*\))", "if (!"),
    ("statement", r"^( +)[a-z_.]+(\.|->)[a-z_]+\(.*\);$", r"\1;"),
    ("statement", r"^( +)[a-z_]+(\([^=]*\));$", r"\1;"),
]
# Not of the mathematics: messages, assertions of the compiler, templates, what only time shows.
LEFT_OUT = re.compile(r'^\s*(//|#|template|static_assert|using|requires|case .*:$)|operator|"|piece|worth|'
                      r"time_of|likely|noexcept|reserve\(|prefetch|std::(span|array|vector|function)<|release_cached")


def sources():
    """Lines that may be broken: (path, number, change, new line)."""
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.cpp")) + sorted((ROOT / floor).glob("*.def")):
            if "kernels" in path.parts or path.stem in ("cores", "workers", "parallel", "depot", "place"):
                continue
            for number, line in enumerate(path.read_text().split("\n")):
                if LEFT_OUT.search(line):
                    continue
                code = line.split("//")[0].rstrip()
                for kind, pattern, instead in CHANGES:
                    for found in re.finditer(pattern, code):
                        new = code[: found.start()] + found.expand(instead) + code[found.end():]
                        if kind == "condition" and instead == "if (!":
                            new = negated(code)
                        if new and new != code:
                            yield path, number, kind, new


def negated(code):
    """The line with the condition of its if negated; nothing if that goes on in the next line."""
    start = code.index("if (") + 4
    depth = 1
    for end in range(start, len(code)):
        depth += {"(": 1, ")": -1}.get(code[end], 0)
        if depth == 0:
            condition = code[start:end]
            return None if ";" in condition else f"{code[:start]}!({condition}){code[end:]}"
    return None


class Build:
    def __init__(self, folder):
        self.folder = folder.resolve()
        commands = json.loads((self.folder / "compile_commands.json").read_text())
        self.commands = {}
        for each in commands:
            self.commands.setdefault(each["file"], []).append(each["command"])
        link = subprocess.run(["ninja", "-C", str(self.folder), "-t", "commands", "xtape_tests"],
                              capture_output=True, text=True, check=True).stdout.strip().split("\n")
        link = [line for line in link if "-o tests/xtape_tests " in line][-1]
        self.link = re.search(r"(\S*(?:\+\+|g\+\+-\d+) .*-o tests/xtape_tests .*?)( && |$)", link)[1]

    def units(self, path):
        """The sources that must be compiled when a file changes."""
        if path.suffix == ".cpp":
            return [str(path)]
        users = ["ops/elementwise.cpp", "ops/functions.cpp", "ops/special.cpp", "ops/row.cpp",
                 "ops/kernels/rows.cpp", "ops/kernels/functions.cpp", "ops/kernels/special.cpp"]
        return [str(ROOT / each) for each in users if path.name in closure(ROOT / each)]

    def compiled(self, path, text, place):
        """Objects with this file in the place of the one at `path`; None if it does not compile."""
        overlay = place / "include" / "xtape" / path.relative_to(ROOT).parent
        overlay.mkdir(parents=True, exist_ok=True)
        copy = overlay / path.name
        copy.write_text(text)
        objects = []
        for source in self.units(path):
            commands = self.commands.get(source, [])
            lowest = [command for command in commands if f"-march={LEVEL}" in command]
            for command in lowest or commands:
                words = [word for word in shlex.split(command) if word != "-Werror"]
                while not re.search(r"(\+\+|/c\+\+)(-\d+)?$", words[0]):  # what calls the compiler
                    words.pop(0)
                objects.append(str(place / f"{len(objects)}.o"))
                words[words.index("-o") + 1] = objects[-1]
                words[words.index("-c") + 1] = str(copy) if source == str(path) else source
                words[1:1] = ["-I", str(place / "include")]
                if subprocess.run(words + ["-O1", "-g0"], cwd=self.folder, capture_output=True).returncode != 0:
                    return None
        return objects

    def tests(self, objects, patterns, place):
        """A program of the tests whose sources match, with these objects before the library's."""
        words, some = [], False
        for word in shlex.split(self.link):
            source = re.search(r"xtape_tests(?:_of_calls)?\.dir/(.*)\.o$", word)
            if source and not source[1].startswith(("support/", "__/")):
                wanted = any(fnmatch.fnmatch(source[1], pattern) for pattern in patterns)
                some = some or wanted
                if not wanted:
                    continue
            words.append(word)
        if not some:
            return None
        words[words.index("-o") + 1] = str(place / "tests")
        words[1:1] = ["-Wl,--strip-debug", *objects]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-2000:])
        return place / "tests"


def closure(source, seen=None):
    """Names of the tables that a source includes, by way of others too."""
    seen = set() if seen is None else seen
    names = set()
    if source in seen or not source.exists():
        return names
    seen.add(source)
    for include in re.findall(r"#include <xtape/([^>]+)>", source.read_text()):
        if include.endswith(".def"):
            names.add(pathlib.Path(include).name)
        names |= closure(ROOT / include, seen)
    return names


# Where tests have other names than what they test.
ALSO = {"replay": "compile", "lapack": "linalg", "linalg": "d*tions", "inverse": "linalg", "systems": "linalg",
        "body": "tensor", "node": "engine", "leaf": "engine", "accumulate": "engine", "send": "engine",
        "saved": "engine", "recording": "engine", "operation": "engine", "push": "grad", "mapped": "scope",
        "create": "number", "storage": "memory", "levels": "cpu_level", "multiply": "matmul",
        "samples": "statistics", "slice": "layout", "operand": "number", "aligned": "elementwise", "row": "elementwise", "numbers": "elementwise", "lerp": "functions",
        "subscripts": "einsum", "block": "rearrange", "attention": "sequences", "positions": "sequences",
        "recurrent": "sequences", "masked": "statistics", "trace": "watching", "debug_guard": "watching",
        "adam": "algorithms", "adamw": "algorithms", "adagrad": "algorithms", "rmsprop": "algorithms",
        "lion": "torch", "lamb": "torch", "muon": "torch", "nadam": "torch", "radam": "torch",
        "adamax": "torch", "adadelta": "torch", "bias_correction": "algorithms", "parameters": "groups"}


EVERYWHERE = ["peers/*", "refusals/*", "train/*", "book/*", "gradients.cpp", "special_points.cpp",
              "shared_work.cpp", "threads.cpp"]


def stages(path):
    """Which tests look first, next and last, as patterns of their sources; all at once for no path."""
    if path is None:
        return [[floor + "/*" for floor in FLOORS] + EVERYWHERE, [], []]
    floor, *rooms = path.relative_to(ROOT).parts
    words = {path.stem, *rooms[:-1], path.stem.split("_")[0]}
    words |= {ALSO[word] for word in words if word in ALSO}
    near = [f"{floor}/*{word}*" for word in sorted(words)]
    everything = {"core": ["core/*", "ops/*", "optim/*"], "ops": ["ops/*", "peers/*", "nn/*", "linalg/*"],
                  "nn": ["nn/*", "peers/*", "train/*", "book/*"], "optim": ["optim/*", "train/*", "nn/*"]}[floor]
    general = ["gradients.cpp", "special_points.cpp", "refusals/*"] if floor != "optim" else ["refusals/optim*"]
    return [near, general, [*everything, *near, "shared_work.cpp", "threads.cpp", "refusals/*"]]


def killed_by(build, path, objects, place, limit):
    """What notices: tests of its own, general ones, others; or nothing."""
    for name, patterns in zip(("its own tests", "gradients and refusals", "others"), stages(path)):
        program = build.tests(objects, patterns, place)
        if program is None:
            continue
        try:
            done = subprocess.run([program, "--abort-after=1", WITHOUT_LINES], capture_output=True, timeout=limit, cwd=place,
                                  env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "XTAPE_CPU_LEVEL": LEVEL})
            if done.returncode != 0:
                return name
        except subprocess.TimeoutExpired:
            return name + ", by time"
    return None


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build", type=pathlib.Path)
    options.add_argument("--count", type=int, default=40)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="")
    options.add_argument("--log", type=pathlib.Path)
    options.add_argument("--unchecked", action="store_true", help="the tests are known to pass")
    options = options.parse_args()
    build = Build(options.build)
    all = [each for each in sources() if options.only in str(each[0])]
    random.Random(options.seed).shuffle(all)
    print(f"{len(all)} mutants there are; {options.count} are tried", flush=True)
    if not options.unchecked and killed_by(build, None, [], pathlib.Path(tempfile.mkdtemp()), 3600):
        sys.exit("the tests must pass before anything is broken")
    killed = survived = 0
    for path, number, kind, new in all:
        if killed + survived == options.count:
            break
        lines = path.read_text().split("\n")
        old, lines[number] = lines[number], new
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            objects = build.compiled(path, "\n".join(lines), pathlib.Path(folder))
            if objects is None:
                continue
            by = killed_by(build, path, objects, pathlib.Path(folder), 900)
        killed, survived = killed + (by is not None), survived + (by is None)
        report = (f"{'killed' if by else 'SURVIVED'}: {path.relative_to(ROOT)}:{number + 1} {kind}"
                  f"{', by ' + by if by else ''} ({time.monotonic() - start:.0f} s)\n"
                  f"    {old.strip()}\n    {new.strip()}")
        print(report, flush=True)
        if options.log:
            with options.log.open("a") as file:
                print(report, file=file)
    share = killed / max(1, killed + survived)
    print(f"{killed} of {killed + survived} killed, {100 * share:.1f} %")
    return 0 if share >= 0.95 else 1


if __name__ == "__main__":
    sys.exit(main())
