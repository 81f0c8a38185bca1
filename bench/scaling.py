#!/usr/bin/env python3
"""How training scales over ranks: fits a model to what bench_distributed has measured, compares both, and predicts.

usage: scaling.py FILE...     each of lines that `mpirun -n N bench_distributed` has printed

The model. A sum of b bytes over n ranks takes, by the best of three algorithms,
  recursive doubling   log2(n) (a + b / B)
  halving, doubling    2 log2(n) a + 2 (n - 1) / n b / B
  a ring               2 (n - 1) a + 2 (n - 1) / n b / B
with latency a and bandwidth B; both are fitted to the measured sums (least squares of relative errors, halving and doubling).
A step is forward, backward, what is exposed, and the update. Gradients are complete at measured times of
backward and fill buckets as in dist::Overlapped; a bucket begins when its last gradient is there and the bucket
before has been sent; what ends after backward is exposed. Beside that a step of Fit has two small messages that all wait for.
Not in it: ranks that are slower than others, packing, and what the processor does not get done while it sends.
"""
import json
import math
import sys

FIRST_BUCKET, BUCKET = 1 << 20, 25 << 20


def log2(n):
    return math.log2(n) if n > 1 else 0


def sum_seconds(size, n, latency, bandwidth):
    if n == 1:
        return 0
    ring = 2 * (n - 1) / n * size / bandwidth
    return min(log2(n) * (latency + size / bandwidth),
               2 * log2(n) * latency + ring,
               2 * (n - 1) * latency + ring)


def fitted(sums):
    """Latency and bandwidth by weighted least squares: t = x a + y / B, each row divided by t."""
    xx = xy = yy = xt = yt = 0
    for one in sums:
        n, t = one["ranks"], one["seconds"]
        x, y = 2 * log2(n) / t, 2 * (n - 1) / n * one["bytes"] / t
        xx, xy, yy, xt, yt = xx + x * x, xy + x * y, yy + y * y, xt + x, yt + y
    determinant = xx * yy - xy * xy
    latency, inverse = (xt * yy - yt * xy) / determinant, (yt * xx - xt * xy) / determinant
    return max(latency, 1e-9), 1 / inverse


def buckets(gradients, first=FIRST_BUCKET, room=BUCKET):
    """[bytes, when complete] of each, the last parameters first."""
    loads = []
    for size, ready in reversed(gradients):
        most = first if len(loads) <= 1 else room
        if not loads or loads[-1][0] + size > most:
            loads.append([size, ready])
        else:
            loads[-1] = [loads[-1][0] + size, max(loads[-1][1], ready)]
    return loads


def exposed_seconds(alone, n, latency, bandwidth, wire=1.0):
    end = 0
    for size, ready in buckets(alone["gradients"]):
        end = max(end, ready) + sum_seconds(wire * size, n, latency, bandwidth)
    return max(0, end - alone["backward"])


def step_seconds(alone, n, latency, bandwidth, wire=1.0, messages=0, slower=1.0):
    own = (alone["forward"] + alone["backward"] + alone["update"]) * slower
    exposed = exposed_seconds(alone, n, latency, bandwidth, wire) if n > 1 else 0
    return own + exposed + messages * log2(n) * latency


def main(files):
    lines = [json.loads(line) for file in files for line in open(file) if line.startswith("{")]
    alone = {}  # the least of what the files have: each measured it beside others' work
    for one in lines:
        if one["kind"] != "alone":
            continue
        before = alone.get(one["model"])
        total = one["forward"] + one["backward"] + one["update"]
        if before is None or total < before["forward"] + before["backward"] + before["update"]:
            alone[one["model"]] = one
    sums = [one for one in lines if one["kind"] == "sum"]
    cores = max(one["cores"] for one in alone.values())

    print("sums over ranks, measured and fitted")
    fits = {}
    for n in sorted({one["ranks"] for one in sums}):
        own = [one for one in sums if one["ranks"] == n]
        fits[n] = fitted(own)
        print(f"  {n} ranks: latency {fits[n][0] * 1e6:.2f} us, bandwidth {fits[n][1] / 1e9:.2f} GB/s")
        for one in own:
            model = sum_seconds(one["bytes"], n, *fits[n])
            print(f"    {one['bytes']:>10} bytes {one['seconds'] * 1e6:>10.1f} us, model {model * 1e6:>10.1f}")

    print("\nsteps, milliseconds: alone, then on ranks of this machine, measured (exposed) and by the model")
    for name, one in alone.items():
        own = one["forward"] + one["backward"] + one["update"]
        print(f"  {name}: alone {own * 1e3:.2f} (forward {one['forward'] * 1e3:.2f}, "
              f"backward {one['backward'] * 1e3:.2f}, update {one['update'] * 1e3:.2f})")
        for more in lines:
            if more["kind"] != "together" or more["model"] != name or more["ranks"] not in fits:
                continue
            wire = 0.5 if more["how"] == "bfloat16" else 1.0
            text = f"    {more['ranks']} ranks, {more['how']:<10} {more['step'] * 1e3:>9.2f} ({more['exposed'] * 1e3:.2f})"
            if more["how"] != "after":
                slower = max(1, more["ranks"] / cores)  # ranks that share a core
                model = step_seconds(one, more["ranks"], *fits[more["ranks"]], wire, slower=slower)
                text += f", model {model * 1e3:.2f}"
                text += f"; {more['bytes'] / more['steps'] / 1e6:.2f} MB a step in {more['buckets'] // more['steps']} buckets"
                text += f", {100 * more['early'] / more['buckets']:.0f} % begun before backward ended"
            print(text)

    print("\nPREDICTED: efficiency of a step, one core a rank, batch a rank as measured; not measured on any network")
    networks = {"10 Gbit/s, 30 us": (30e-6, 1.1e9), "100 Gbit/s, 3 us": (3e-6, 11e9)}
    ranks = [8, 16, 32, 64, 128, 256, 512]
    print("  " + " " * 34 + "".join(f"{n:>7}" for n in ranks))
    for name, one in alone.items():
        for network, (latency, bandwidth) in networks.items():
            for wire, half in (("float32", 1.0), ("bfloat16", 0.5)):
                own = step_seconds(one, 1, latency, bandwidth)
                shares = [own / step_seconds(one, n, latency, bandwidth, half, messages=2) for n in ranks]
                label = f"{name}, {network}, {wire}"
                print(f"  {label:<42}"[:44] + "".join(f"{100 * share:>5.0f} %" for share in shares))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
