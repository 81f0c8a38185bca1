#!/usr/bin/env python3
"""Breaks one line of the library at a time and says which breaks no test notices.

    mutate.py BUILD [--count N] [--seed S] [--only WORD] [--depth D] [--jobs J] [--least P] [--log FILE]
              [--unchecked]

BUILD is a build in which xtape_tests is built and up to date; neither it nor a source changes: what is
broken is compiled beside them, not optimised, and linked in front of the library, by mold, lld or gold if
there is one. A mutant that does not compile is not counted. With a log, a run that was ended goes on, and one
with a greater depth tries again what has survived. Exits 1 if less than P per cent are killed (95), or one
could not be tried.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOORS = ("core", "ops", "nn", "optim")
LEVEL = "x86-64-v2"  # of kernels, of which only this one is broken
STAGES = ("its own tests", "gradients and refusals", "others")
LIMITS = (60, 120, 600)  # seconds of a processor for tests of its own, general ones and others
PATIENCE = 3600  # seconds for those that wait for ever
ALONE = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "XTAPE_CPU_LEVEL": LEVEL}
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
    """A build's commands, and what of it every mutant shares: objects without debug information, and
    precompiled headers that nothing is optimised with."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        self.shared = self.folder / "mutants"
        self.shared.mkdir(exist_ok=True)
        self.precompiled = tempfile.TemporaryDirectory()
        self.lock = threading.Lock()
        commands = json.loads((self.folder / "compile_commands.json").read_text())
        self.commands = {}
        for each in commands:
            self.commands.setdefault(each["file"], []).append(each["command"])
        link = subprocess.run(["ninja", "-C", str(self.folder), "-t", "commands", "xtape_tests"],
                              capture_output=True, text=True, check=True).stdout.strip().split("\n")
        link = [line for line in link if "-o tests/xtape_tests " in line][-1]
        link = re.search(r"(\S*(?:\+\+|g\+\+-\d+) .*-o tests/xtape_tests .*?)( && |$)", link)[1]
        linkers = [name for name in ("mold", "lld", "gold") if shutil.which(name) or shutil.which("ld." + name)]
        self.link = [self.stripped(word) for word in shlex.split(link)]
        self.link += [f"-fuse-ld={name}" for name in linkers[:1]]

    def stripped(self, word):
        """The copy without debug information of an object or archive of the build."""
        file = self.folder / word
        if file.suffix not in (".o", ".a") or not file.is_file():
            return word
        copy = self.shared / word
        if not copy.exists() or copy.stat().st_mtime < file.stat().st_mtime:
            copy.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["objcopy", "--strip-debug", str(file), str(copy)], check=True)
        return str(copy)

    def headers(self, words):
        """Compiles the precompiled headers that a command includes as the command is now."""
        if "-include" not in words:
            return
        place = words.index("-include") + 1
        header = pathlib.Path(words[place])
        copy = pathlib.Path(self.precompiled.name) / header.relative_to(self.folder)
        words[place] = str(copy)
        with self.lock:
            if copy.exists():
                return
            copy.parent.mkdir(parents=True)
            copy.write_text(header.read_text())
            command = words.copy()
            command[command.index("-o") + 1] = str(copy) + ".gch"
            command[command.index("-c") + 1] = str(copy)
            command[1:1] = ["-x", "c++-header"]
            included = command.index("-include")
            del command[included:included + 2]
            subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

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
        units = self.units(path)
        if not units or any(source not in self.commands for source in units):
            raise LookupError(f"{path}: nothing of the build compiles it")
        for source in units:
            commands = self.commands[source]
            lowest = [command for command in commands if f"-march={LEVEL}" in command]
            for command in lowest or commands:
                words = [word for word in shlex.split(command) if word != "-Werror" and word[:2] != "-g"]
                while not re.search(r"(\+\+|/c\+\+)(-\d+)?$", words[0]):  # what calls the compiler
                    words.pop(0)
                words += ["-O1" if lowest else "-O0"]
                self.headers(words)
                objects.append(str(place / f"{len(objects)}.o"))
                words[words.index("-o") + 1] = objects[-1]
                words[words.index("-c") + 1] = str(copy) if source == str(path) else source
                words[1:1] = ["-I", str(place / "include")]
                if subprocess.run(words, cwd=self.folder, capture_output=True).returncode != 0:
                    return None
        return objects

    def tests(self, objects, place):
        """The program of the tests, with these objects before the library's."""
        words = self.link.copy()
        words[words.index("-o") + 1] = str(place / "tests")
        words[1:1] = objects
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
        "samples": "statistics", "slice": "layout", "operand": "number", "aligned": "elementwise", "row": "elementwise",
        "numbers": "elementwise", "lerp": "functions", "derivatives": "checkpoint", "ctc_loss": "losses",
        "subscripts": "einsum", "block": "rearrange", "attention": "sequences", "positions": "sequences",
        "recurrent": "sequences", "masked": "statistics", "trace": "watching", "debug_guard": "watching",
        "adam": "algorithms", "adamw": "algorithms", "adagrad": "algorithms", "rmsprop": "algorithms",
        "lion": "torch", "lamb": "torch", "muon": "torch", "nadam": "torch", "radam": "torch",
        "adamax": "torch", "adadelta": "torch", "bias_correction": "algorithms", "parameters": "groups"}


def stages(path):
    """Which tests look first, next and last, as patterns of their sources."""
    floor, *rooms = path.relative_to(ROOT).parts
    words = {path.stem, *rooms[:-1], path.stem.split("_")[0]}
    words |= {ALSO[word] for word in words if word in ALSO}
    near = [f"{floor}/*{word}*" for word in sorted(words)]
    everything = {"core": ["core/*", "ops/*", "optim/*"], "ops": ["ops/*", "peers/*", "nn/*", "linalg/*"],
                  "nn": ["nn/*", "peers/*", "train/*", "book/*"], "optim": ["optim/*", "train/*", "nn/*"]}[floor]
    general = ["gradients.cpp", "special_points.cpp", "refusals/*"] if floor != "optim" else ["refusals/optim*"]
    return [near, general, [*everything, "shared_work.cpp", "threads.cpp", "refusals/*"]]


def complaint(output):
    """The test that went red, by what it printed: others may have printed something before it."""
    error = re.search(r"^\S.* (FATAL )?ERROR: ", output, re.M)
    cases = re.findall(r"^TEST CASE: +(.*)$", output[: error.start()] if error else "", re.M)
    return cases[-1] if cases else "a crash"


def killed_by(build, path, objects, place, depth):
    """What notices: tests of its own, general ones, others, so many of these; and which. Nothing if none does."""
    program = build.tests(objects, place)
    seen = []
    for name, patterns, limit in list(zip(STAGES, stages(path), LIMITS))[:depth]:
        chosen = [f"--source-file={','.join('*tests/' + each for each in patterns)}"]
        if seen:
            chosen += [f"--source-file-exclude={','.join('*tests/' + each for each in seen)}"]
        seen += patterns
        try:
            done = subprocess.run([program, "--abort-after=1", *chosen, WITHOUT_LINES], cwd=place, env=ALONE,
                                  capture_output=True, text=True, errors="replace", timeout=PATIENCE,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit)))
            if done.returncode != 0:
                timed_out = done.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
                return name, f"not done within {limit} s" if timed_out else complaint(done.stdout)
        except subprocess.TimeoutExpired:
            return name, "never done"
    return None


def passes(build):
    with tempfile.TemporaryDirectory() as folder:
        program = build.tests([], pathlib.Path(folder))
        chosen = "--source-file=" + ",".join(f"*tests/{floor}/*" for floor in [*FLOORS, "refusals", "train", "peers"])
        return subprocess.run([program, chosen, WITHOUT_LINES], cwd=folder, env=ALONE).returncode == 0


def tried(build, mutant, depth):
    """What became of a mutant: who noticed, which test; None if it does not compile."""
    path, number, kind, new = mutant
    lines = path.read_text().split("\n")
    old, lines[number] = lines[number], new
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        objects = build.compiled(path, "\n".join(lines), pathlib.Path(folder))
        by = None if objects is None else killed_by(build, path, objects, pathlib.Path(folder), depth)
    return {"at": name_of(mutant), "kind": kind, "old": old.strip(), "new": new.strip(),
            "compiles": objects is not None, "killed": by is not None, "by": by and by[0], "test": by and by[1],
            "depth": depth, "seconds": round(time.monotonic() - start)}


def name_of(mutant):
    path, number, kind, new = mutant
    return f"{path.relative_to(ROOT)}:{number + 1} {hashlib.sha1(new.encode()).hexdigest()[:6]}"


def told(result):
    fate = f"killed by {result['by']}, \"{result['test']}\"" if result["killed"] else "SURVIVED"
    print(f"{result['at']} {result['kind']}: {fate} ({result['seconds']} s)\n"
          f"    {result['old']}\n    {result['new']}", flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build", type=pathlib.Path)
    options.add_argument("--count", type=int, default=40)
    options.add_argument("--seed", type=lambda text: int(text) if text.isdigit() else text, default=1)
    options.add_argument("--only", default="", help="mutants of files with this in their path")
    options.add_argument("--log", type=pathlib.Path, help="a line of JSON for each; what is in it is not tried again")
    options.add_argument("--depth", type=int, default=3,
                         help="1: tests of its own name alone; 2: general ones too; 3: all of its floor")
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--least", type=float, default=95, metavar="P", help="per cent that must be killed")
    options.add_argument("--unchecked", action="store_true", help="the tests are known to pass")
    options = options.parse_args()
    build = Build(options.build)
    all = [each for each in sources() if options.only in str(each[0])]
    random.Random(options.seed).shuffle(all)
    print(f"{len(all)} mutants there are; {options.count} are tried", flush=True)
    if not options.unchecked and not passes(build):
        sys.exit("the tests must pass before anything is broken")
    results = []
    if options.log and options.log.exists():
        results = [json.loads(line) for line in options.log.read_text().splitlines()]
        latest = {each["at"]: each for each in results}
        results = [each for each in latest.values()
                   if each["killed"] or not each["compiles"] or each["depth"] >= options.depth]
    known = {each["at"] for each in results}
    left = (each for each in all if name_of(each) not in known)
    lock = threading.Lock()
    running = set()
    failures = []

    def work():
        while True:
            with lock:
                if failures or sum(each["compiles"] for each in results) + len(running) >= options.count:
                    return
                mutant = next(left, None)
                if mutant is None:
                    return
                running.add(mutant)
            try:
                result = tried(build, mutant, options.depth)
            except Exception as failure:
                with lock:
                    failures.append((mutant, failure))
                return
            with lock:
                running.remove(mutant)
                results.append(result)
                if options.log:
                    with options.log.open("a") as file:
                        print(json.dumps(result), file=file)
                if result["compiles"]:
                    told(result)

    workers = [threading.Thread(target=work) for _ in range(options.jobs)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for mutant, failure in failures:
        print(f"{name_of(mutant)} could not be tried:", file=sys.stderr)
        traceback.print_exception(failure)
    results = [each for each in results if each["compiles"]]
    killed = sum(each["killed"] for each in results)
    share = 100 * killed / max(1, len(results))
    print(f"{killed} of {len(results)} killed, {share:.1f} %")
    return 0 if share >= options.least and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
