#!/usr/bin/env python3
"""Measures everything that docs/performance.md shows, and writes its tables: no figure in it is typed by hand.

  tables.py measure BUILD OUT [--quick] [--only NAME,...]     runs the programs of a build; NAME.json, .svg, .txt in OUT
  tables.py write OUT DOCUMENT...     puts tables of what is in OUT behind the documents' marks
                                      <!-- table: NAME -->, in place of what is there up to <!-- end of table -->
  tables.py names                     lists the parts that are measured and the tables that are made of them

Each part is a process of its own, or several in interleaved rounds; what a part measures, and how, says the
program that it runs. --quick shows that all parts work: its figures are of too few rounds to be told.
"""
import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# The operations whose speed is shown by size: each kernel once; of 1e7 elements what moves memory.
OPERATIONS = ("add;exp;log;tanh;sigmoid;erf;gelu;pow;sqrt;sum;sum: rows;sum: columns;amax: rows;amax: columns;softmax: rows;"
              "softmax: columns;where;dropout;sort: rows;cumsum: rows;transpose, contiguous;linear;matmul: 316 x 316")
OF_MEMORY = ("add;exp;tanh;sum;sum: rows;sum: columns;amax: rows;amax: columns;softmax: rows;where;cumsum: rows;"
             "transpose, contiguous")
SIZES = {"1": "1", "64": "64", "1e3": "1000", "1e5": "100000", "1e7": "10000000"}


def parts(build, out, quick):
    """Name, command."""
    of = lambda name: os.path.join(build, "bench", "bench_" + name)
    rounds = lambda full: ["--rounds", "2" if quick else str(full)]
    files = lambda name: ["--json", f"{out}/{name}.json", "--svg", f"{out}/{name}.svg"]
    table = lambda name: ["--json", f"{out}/{name}.json"]
    yield "steps", [of("training"), *rounds(11), *files("steps")]
    yield "models", [of("models"), *rounds(7), *files("models")]
    yield "engine", [of("engine"), *rounds(15), *table("engine")]
    yield "fit", [of("fit"), *rounds(61), *table("fit")]
    yield "costs", [sys.executable, os.path.join(HERE, "costs.py"), build, *rounds(7), *table("costs")]
    two = ["--threads", "2", "--times-only"]
    yield "steps-2", [of("training"), *two, *rounds(7), *files("steps-2")]
    yield "models-2", [of("models"), *two, "--only", "h,j,k,l", *rounds(5), *files("models-2")]
    yield "threads", [of("threads"), *rounds(9), *table("threads")]
    yield "layers", [of("layers"), *rounds(9), *table("layers")]
    for name, elements in SIZES.items():
        large = name == "1e7"
        yield f"operations-{name}", [of("operations"), "--names", OF_MEMORY if large else OPERATIONS, "--elements", elements,
                                     *rounds(3 if large else 9), *table(f"operations-{name}")]


def machine(build):
    """What it was measured on."""
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    with open(os.path.join(build, "CMakeCache.txt")) as file:
        cache = dict(re.findall(r"^(CMAKE_CXX_COMPILER|CMAKE_BUILD_TYPE):\w+=(.*)$", file.read(), re.M))
    compiler = subprocess.run([cache["CMAKE_CXX_COMPILER"], "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    return {"processor": model.group(1) if model else platform.machine(), "cores": len(os.sched_getaffinity(0)),
            "compiler": compiler, "build": cache.get("CMAKE_BUILD_TYPE", ""), "date": time.strftime("%Y-%m-%d"),
            "load": os.getloadavg()[0]}


def measure(options):
    out = os.path.abspath(options.out)
    os.makedirs(out, exist_ok=True)
    with open(f"{out}/machine.json", "w") as file:
        json.dump(machine(options.build), file, indent=1)
    failed = []
    for name, command in parts(os.path.abspath(options.build), out, options.quick):
        if options.only and name not in options.only.split(","):
            continue
        begin, before = time.time(), os.times()
        with open(f"{out}/{name}.txt", "w") as log, open(f"{out}/{name}.log", "w") as errors:
            wrong = subprocess.run(command, stdout=log, stderr=errors).returncode
        after = os.times()
        processor = after.children_user + after.children_system - before.children_user - before.children_system
        print(f"{name}: {time.time() - begin:.0f} s, {processor:.0f} of the processor" + (f", failed: see {out}/{name}.log" if wrong else ""), flush=True)
        failed += [name] * bool(wrong)
    if failed:
        sys.exit("failed: " + ", ".join(failed))


# What is made of it ------------------------------------------------------------------------------

def number(value):
    """Three significant digits, or all those of the whole part."""
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 or value == 0 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def median(values):
    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def ratio(one, other):
    """The median of the ratios within each round."""
    return median([a / b for a, b in zip(one["rounds"], other["rounds"])]) if one and other else None


def spread(contestant):
    """Half of what the middle half of the rounds spans, in percent of their median."""
    rounds = sorted(contestant["rounds"])
    quarter = len(rounds) // 4
    return 50 * (rounds[-1 - quarter] - rounds[quarter]) / contestant["median"]


def timed(contestant):
    return f"{number(contestant['median'])} ±{spread(contestant):.0f} %" if contestant else ""


def contestants_of(part):
    """The names, each once, in the order in which they come."""
    return list(dict.fromkeys(one["name"] for workload in part["workloads"] for one in workload["contestants"]))


def by_name(workload):
    return {one["name"]: one for one in workload["contestants"]}


def label(workload):
    return f"{workload['name']} {workload['description']}"


OURS = ("floor", "xtape", "xtape, replayed", "xtape, 1 thread", "xtape, replayed, 1 thread")


def best_peer(known):
    peers = [one for name, one in known.items() if name not in OURS]
    return min(peers, key=lambda one: one["median"]) if peers else None


def times(part):
    names = contestants_of(part)
    return table(["µs a step", *names], ([label(w), *(timed(by_name(w).get(name)) for name in names)] for w in part["workloads"]))


def ratios(part):
    """Ours beside the floor, the best peer and, of several threads, ourselves on one."""
    rows = []
    several = any("xtape, 1 thread" in by_name(w) for w in part["workloads"])
    floor = any("floor" in by_name(w) for w in part["workloads"])
    for workload in part["workloads"]:
        known = by_name(workload)
        eager, replayed, best = known["xtape"], known["xtape, replayed"], best_peer(known)
        row = [label(workload)]
        for one, alone in ((eager, "xtape, 1 thread"), (replayed, "xtape, replayed, 1 thread")):
            row += [number(ratio(one, known.get("floor")))] * floor + [number(ratio(one, best))]
            row += [number(ratio(one, known.get(alone)))] * several
        rows.append([*row, best["name"] if best else ""])
    columns = lambda who: [f"{who} / floor"] * floor + [f"{who} / best peer"] + [f"{who} / one thread"] * several
    return table(["", *columns("eager"), *columns("replayed"), "the best peer"], rows)


def replay(*several):
    """Replayed beside eager, of all workloads of some parts."""
    rows = []
    for part in several:
        for workload in part["workloads"]:
            known = by_name(workload)
            eager, replayed = known["xtape"], known["xtape, replayed"]
            less = replayed["tensor_megabytes"] / eager["tensor_megabytes"] if eager["tensor_megabytes"] else None
            rows.append([label(workload), number(eager["median"]), number(replayed["median"]), number(ratio(eager, replayed)),
                         number(eager["tensor_megabytes"]), number(replayed["tensor_megabytes"]), number(less)])
    return table(["one thread", "eager, µs", "replayed, µs", "times as fast", "eager, MB of tensors", "replayed", "ratio"], rows)


def memory(*several):
    names = [name for name in dict.fromkeys(name for part in several for name in contestants_of(part)) if "compiled" not in name]
    cell = lambda one: f"{number(one['megabytes'])}, {number(one['page_faults'])}" if one and "megabytes" in one else ""
    return table(["MB, faults a step", *names],
                 ([label(w), *(cell(by_name(w).get(name)) for name in names)] for part in several for w in part["workloads"]))


def operations(parts_by_size):
    """float32 and float64, ours and in terms of the better peer, forward and with backward."""
    def cell(row, what):
        ours, peer = row.get(what), row.get(what + " peer")
        return "" if ours is None else number(ours) + (f" ({number(ours / peer)})" if peer else "")

    whats = "float32 forward", "float32 both", "float64 forward", "float64 both"
    for size, part in parts_by_size.items():
        rows = [[f"`{row['name']}`", *(cell(row, what) for what in whats)] for row in part["rows"]]
        ratios_of = [row[what] / row[what + " peer"] for row in part["rows"] for what in whats if row.get(what) and row.get(what + " peer")]
        yield from table([f"elements: {size}", *whats], rows)
        yield ""
        yield f"{sum(value <= 1.05 for value in ratios_of)} of {len(ratios_of)} take at most 1.05 of the better peer's time."
        yield ""


def layers(part):
    def cells(row, what):
        ours, peer = row.get("float32 " + what), row.get(f"float32 {what} peer")
        return [number(ours), number(peer), number(ours / peer) if ours and peer else ""]

    return table(["µs", "forward", "PyTorch", "ratio", "with backward", "PyTorch", "ratio"],
                 ([f"`{row['name']}`", *cells(row, "forward"), *cells(row, "both")] for row in part["rows"]))


def engine(part):
    def cells(row):
        (unit, value), = ((unit, value) for unit, value in row.items() if unit != "name")
        return [row["name"], f"{number(value)} {unit}".strip()]

    return table(["", "measured"], map(cells, part["rows"]))


def fit(part):
    return table(["µs of the processor a step", "by hand", "`Fit`", "ratio"],
                 ([row["name"], number(row["by hand"]), number(row["Fit"]), f"{row['ratio']:.3f}"] for row in part["rows"]))


def threads(part):
    columns = [what for what in dict.fromkeys(what for row in part["rows"] for what in row) if what not in ("name", "1")]
    heads = {"serial": "serial share", "of 16": "faster on 16 cores", "of 64": "on 64"}
    return table(["", "one thread, µs", *(heads.get(c, f"{c} threads / one") for c in columns)],
                 ([row["name"], number(row["1"]), *(number(row.get(c)) for c in columns)] for row in part["rows"]))


def costs(part):
    columns = list(dict.fromkeys(what for row in part["rows"] for what in row if what != "name"))
    return table(["", *(row["name"] for row in part["rows"])],
                 ([what, *(number(row.get(what)) for row in part["rows"])] for what in columns))


def about(found, *several):
    peers = dict.fromkeys(name.split(",")[0].removesuffix(" compiled") for part in several for name in contestants_of(part) if name not in OURS)
    yield (f"{found['processor']}, {found['cores']} cores; {found['compiler']}, {found['build']}; {several[0]['machine']}; "
           f"{', '.join(peers)}. Measured on {found['date']}; the load of the machine "
           f"before was {found['load']:.1f}.")


def summary(part):
    """Medians alone, of ours and of the peers, of JAX the faster."""
    names = [name for name in contestants_of(part) if not name.endswith("one call a step")]
    return table(["µs a step", *names], ([w["description"], *(number(by_name(w)[name]["median"]) for name in names)] for w in part["workloads"]))


def picture(_):
    yield "![How many times as long as the floor each takes, on a logarithmic scale](pictures/steps.svg)"


TABLES = {
    "summary": (summary, "steps"), "picture": (picture, "steps"),
    "machine": (about, "machine", "steps", "models"),
    "steps": (times, "steps"), "steps: ratios": (ratios, "steps"),
    "steps, 2 threads": (times, "steps-2"), "steps, 2 threads: ratios": (ratios, "steps-2"),
    "models": (times, "models"), "models: ratios": (ratios, "models"),
    "models, 2 threads": (times, "models-2"), "models, 2 threads: ratios": (ratios, "models-2"),
    "replay": (replay, "steps", "models"),
    "memory: steps": (memory, "steps"), "memory: models": (memory, "models"),
    "operations": (lambda *of: operations(dict(zip(SIZES, of))), *(f"operations-{name}" for name in SIZES)),
    "layers": (layers, "layers"), "engine": (engine, "engine"), "fit": (fit, "fit"), "threads": (threads, "threads"),
    "costs": (costs, "costs"),
}


def write(options):
    def read(name):
        with open(os.path.join(options.out, name + ".json")) as file:
            return json.load(file)

    def filled(match):
        name = match.group(1)
        make, *sources = TABLES[name]
        try:
            text = "\n".join(make(*map(read, sources))).strip()
        except FileNotFoundError as error:
            print(f"{name}: stays, for there is no {error.filename}")
            return match.group(0)
        return f"<!-- table: {name} -->\n\n{text}\n\n<!-- end of table -->"

    steps = os.path.join(options.out, "steps.svg")
    if options.pictures and os.path.exists(steps):
        shutil.copy(steps, options.pictures)
    elif options.pictures:
        print("the picture of steps stays, for they were not measured")
    for document in options.documents:
        with open(document) as file:
            text = file.read()
        unknown = [name for name in re.findall(r"<!-- table: (.*?) -->", text) if name not in TABLES]
        if unknown:
            sys.exit(f"{document}: there is no table {', '.join(unknown)}")
        text = re.sub(r"<!-- table: (.*?) -->.*?<!-- end of table -->", filled, text, flags=re.S)
        with open(document, "w") as file:
            file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    measuring = verbs.add_parser("measure")
    measuring.add_argument("build")
    measuring.add_argument("out")
    measuring.add_argument("--quick", action="store_true")
    measuring.add_argument("--only")
    writing = verbs.add_parser("write")
    writing.add_argument("out")
    writing.add_argument("documents", nargs="+")
    writing.add_argument("--pictures", help="a folder that gets the picture")
    verbs.add_parser("names")
    options = parser.parse_args()
    if options.verb == "names":
        print("parts:", ", ".join(name for name, _ in parts("", "", False)))
        print("tables:", ", ".join(TABLES))
    else:
        {"measure": measure, "write": write}[options.verb](options)


if __name__ == "__main__":
    main()
