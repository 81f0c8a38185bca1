#!/usr/bin/env python3
"""Compiles sources of the library each by itself, and runs clang-tidy over several as one.

    tidy.py BUILD JOBS FILE...

BUILD is a build of which there is a compile_commands.json, without precompiled headers. Most of its time
clang-tidy spends on the headers that a source includes: sources with the same flags go to it together, included
by one. Where names of several collide, which are nobody else's business, they are taken apart. Exits 1 if there
is a complaint.
"""
import concurrent.futures
import itertools
import json
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOGETHER = 12
# Their own sources count as headers here, and to include one is what is meant.
OPTIONS = ["--quiet", f"--config-file={ROOT}/.clang-tidy", f"--header-filter=include/xtape/|^{re.escape(ROOT)}/[a-z]",
           "--checks=-bugprone-suspicious-include"]


def commands(build, files):
    """The flags of each of `files`."""
    wanted = {os.path.join(ROOT, file) for file in files}
    with open(os.path.join(build, "compile_commands.json")) as file:
        entries = json.load(file)
    flags = {}
    for entry in entries:
        words = shlex.split(entry["command"])
        compiler = next(i for i, word in enumerate(words) if word == "c++" or word.endswith("++") or "++-" in word)
        ends = [i for i, word in enumerate(words) if word in ("-o", "-c")]
        flags[entry["file"]] = tuple(word for i, word in enumerate(words)
                                     if i > compiler and not any(end <= i <= end + 1 for end in ends) and word != "-Werror")
    missing = sorted(wanted - flags.keys())
    if missing:
        sys.exit("tidy.py: the build does not compile " + ", ".join(missing))
    return {file: flags[file] for file in sorted(wanted)}


def without_own_header(flags):
    """A source's own header comes first, as `-include`, to be seen by itself."""
    return tuple(word for i, word in enumerate(flags) if word != "-include" and flags[i - 1] != "-include")


def compiles(path, flags, *more):
    """What the compiler says against it."""
    run = subprocess.run(["clang++-14", *flags, *more, "-fsyntax-only", path], capture_output=True, text=True)
    return run.stderr if run.returncode != 0 else ""


class Group:
    """Sources that are looked at as one."""

    def __init__(self, folder, files, flags):
        self.files, self.flags, self.folder = files, flags, folder
        self.path = files[0]
        if len(files) > 1:
            self.path = os.path.join(folder, os.path.relpath(files[0], ROOT).replace("/", "_") + f".{len(files)}.cpp")
            with open(self.path, "w") as file:
                file.writelines(f'#include "{source}"\n' for source in files)

    def complaints(self):
        """What clang-tidy says, of the whole or of its parts."""
        if len(self.files) > 1 and compiles(self.path, self.flags, "-w"):
            middle = len(self.files) // 2
            parts = self.files[:middle], self.files[middle:]
            return "".join(Group(self.folder, part, self.flags).complaints() for part in parts)
        run = subprocess.run(["clang-tidy-14", *OPTIONS, self.path, "--", *self.flags], capture_output=True, text=True)
        return run.stdout + run.stderr if run.returncode != 0 else ""


def main():
    build, jobs, files = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    folder = os.path.join(os.path.abspath(build), "together")
    os.makedirs(folder, exist_ok=True)
    flags = commands(build, files)
    shared = {file: without_own_header(own) for file, own in flags.items()}
    groups = []
    for same, alike in itertools.groupby(sorted(shared, key=lambda file: (shared[file], file)), key=shared.get):
        alike = list(alike)
        groups += [Group(folder, alike[i:i + TOGETHER], same) for i in range(0, len(alike), TOGETHER)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        alone = pool.map(lambda file: compiles(file, flags[file], "-Wno-unknown-warning-option", "-Werror"), flags)
        told = [text for text in itertools.chain(alone, pool.map(Group.complaints, groups)) if text]
    print(*told, sep="\n", end="")
    sys.exit(1 if told else 0)


if __name__ == "__main__":
    main()
