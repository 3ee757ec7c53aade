# SPDX-License-Identifier: Apache-2.0
"""Cuvée beside other engines: same model directory, same texts, same cores, one run.

    bench/run-peers            (builds and installs what it needs, then runs this file for each shape)

All engines get the same strings, do their own tokenising and return logits. They take turns on chunks of the texts,
with a window of the machine's own FMA peak before each turn, because shared machines drift: what counts is the ratio
to Cuvée on the same chunk of the same round, and its median over the rounds. Engines that pad get their texts sorted
by length and the batch size that was fastest in a trial. A slow engine gets only the first texts of a chunk, so rates
are in tokens. Logits are compared with those of PyTorch in f32, text by text.
"""

import argparse
import csv
import datetime
import gc
import importlib.metadata
import json
import os
import pathlib
import platform
import random
import re
import statistics
import subprocess
import sys
import time
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402

import engines  # noqa: E402

SETTLE_SECONDS = 0.1  # thread pools spin for a while after their work


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def texts_of_words(setting, n_texts, n_tokens, seed):
    """Strings of exactly n_tokens tokens: whole words of the vocabulary, [CLS] and [SEP] included."""
    lines = (setting.model_dir / "vocab.txt").read_text(encoding="utf-8").split("\n")
    words = [w for w in lines if w.isascii() and w.isalpha() and w.islower() and len(w) > 2]
    rng = random.Random(seed)
    texts = [" ".join(rng.choices(words, k=n_tokens - 2)) for _ in range(n_texts)]
    lengths = {len(e.ids) for e in setting.tokenizer.encode_batch(texts)}
    assert lengths == {n_tokens}, lengths
    return texts


def texts_of_reviews(path, n_texts):
    with open(path, encoding="utf-8", newline="") as f:
        texts = [row["description"] for row in csv.DictReader(f)]
    return [texts[i % len(texts)] for i in range(n_texts)]


def flops(config, lengths):
    """FLOP of the full graph (linear layers and attention) over texts of these lengths."""
    d = config.get("dim", config.get("hidden_size"))
    f = config.get("hidden_dim", config.get("intermediate_size"))
    layers = config.get("n_layers", config.get("num_hidden_layers"))
    return sum(t * layers * (8 * d * d + 4 * d * f + 4 * d * t) for t in lengths)


def softmax(x):
    e = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class Row:
    """One engine and what it did."""

    def __init__(self, label, n_texts):
        self.label, self.engine, self.reason = label, None, None
        self.rates = {}  # round -> tokens/s
        self.shares = []  # of the FMA peak, full graph
        self.logits = [None] * n_texts
        self.tokens = self.seconds = 0
        self.texts_a_turn = None

    def compare(self, reference):
        done = [i for i, l in enumerate(self.logits) if l is not None]
        if not done:
            return {}
        ours, wanted = np.array([self.logits[i] for i in done]), reference[done]
        return {
            "texts": len(done),
            "max_logit_difference": float(np.abs(ours - wanted).max()),
            "max_score_difference": float(np.abs(softmax(ours) - softmax(wanted)).max()),
            "label_flips": int((ours.argmax(axis=1) != wanted.argmax(axis=1)).sum()),
        }


def start_engines(rows, setting, trial):
    """Make and tune them, one by one; who cannot start says why in its row."""
    makers = engines.all_engines()
    for row in rows:
        try:
            start = time.perf_counter()
            row.engine = makers[row.label](setting)
            row.engine.tune(trial)
            start_trial = time.perf_counter()
            part = trial[: max(4, len(trial) // 4)]
            row.engine.logits(part)
            row.trial_rate = len(part) / (time.perf_counter() - start_trial)
            say(f"  {row.label}: ready after {time.perf_counter() - start:.1f} s, batch {row.engine.batch}")
        except engines.Missing as missing:
            row.reason = str(missing)
        except Exception as error:  # a peer that breaks must not end the run, and must be seen
            row.reason = f"{type(error).__name__}: {error}".split("\n")[0][:200]
        if row.reason:
            row.engine = None
            say(f"  {row.label}: left out: {row.reason}")
        gc.collect()


def measure(rows, texts, lengths, config, args, peak):
    """All rounds; every engine takes part in each, in an order that rotates."""
    active = [r for r in rows if r.engine]
    size = len(texts) // args.rounds
    for n in range(args.rounds):
        first = n * size
        for row in active[n % len(active) :] + active[: n % len(active)]:
            count = min(size, max(2, int(row.trial_rate * args.turn)))
            chunk = texts[first : first + count]
            time.sleep(SETTLE_SECONDS)
            gflops = peak()
            start = time.perf_counter()
            logits = row.engine.logits(chunk)
            seconds = time.perf_counter() - start
            tokens = sum(lengths[first : first + count])
            row.rates[n] = tokens / seconds
            row.shares.append(flops(config, lengths[first : first + count]) / seconds / gflops / 1e9)
            row.tokens += tokens
            row.seconds += seconds
            row.texts_a_turn = count
            row.logits[first : first + count] = list(logits)
        turns = ", ".join(f"{r.label} {r.rates[n]:.0f}" for r in active)
        say(f"  round {n + 1}/{args.rounds}, tokens/s: {turns}")


def ratio(over, under):
    """Median over common rounds of the rate of one row over another's."""
    common = [n for n in over.rates if n in under.rates]
    return statistics.median(over.rates[n] / under.rates[n] for n in common) if common else None


def report_row(row, rows, reference, mean_tokens):
    entry = {"engine": row.label.rsplit(" ", 1)[0], "precision": row.label.rsplit(" ", 1)[1]}
    if not row.engine:
        return entry | {"left_out": row.reason}
    by_label = {r.label: r for r in rows}
    same, f32 = by_label.get("cuvee " + entry["precision"]), by_label.get("cuvee f32")
    rate = statistics.median(row.rates.values())
    entry |= {
        "setup": row.engine.setup,
        "batch": row.engine.batch,
        "texts_a_turn": row.texts_a_turn,
        "tokens_per_s_median": rate,
        "tokens_per_s_overall": row.tokens / row.seconds,
        "texts_per_s": rate / mean_tokens,
        "share_of_fma_peak_full_graph": statistics.median(row.shares),
        "rates": [row.rates[n] for n in sorted(row.rates)],
        "difference": row.compare(reference),
    }
    if f32 and f32.rates:
        entry["speed_over_cuvee_f32"] = ratio(row, f32)
    if same and same.rates:
        entry["cuvee_same_precision_over_this"] = ratio(same, row)
    return entry


def versions():
    names = ["transformers", "torch", "onnxruntime", "openvino", "nncf", "tokenizers", "numpy"]
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def print_table(name, shape):
    print(f"\n{name}: {shape['what']}")
    print(f"  {'engine':34} {'tokens/s':>9} {'texts/s':>8} {'x f32':>6} {'cuvee/it':>8} {'batch':>5}"
          f" {'max |logit|':>11} {'flips':>9}")
    for r in shape["engines"]:
        label = f"{r['engine']} {r['precision']}"
        if "left_out" in r:
            print(f"  {label:34} left out: {r['left_out']}")
            continue
        d, ours = r["difference"], r.get("cuvee_same_precision_over_this")
        print(f"  {label:34} {r['tokens_per_s_median']:9.0f} {r['texts_per_s']:8.2f}"
              f" {r.get('speed_over_cuvee_f32', float('nan')):6.2f} {ours if ours else float('nan'):8.2f}"
              f" {r['batch'] or '-':>5} {d['max_logit_difference']:11.2e} {d['label_flips']:4}/{d['texts']}")


def save(results, machine, name, shape):
    slug = re.sub(r"[^a-z0-9]+", "-", machine["cpu"].lower()).strip("-") or "unknown"
    path = results / f"peers-{slug}-{machine['tier']}.json"
    whole = json.loads(path.read_text()) if path.exists() else {}
    whole["machine"] = machine
    whole.setdefault("shapes", {})[name] = shape
    results.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1) + "\n")
    say(f"  results are in {path}")


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", type=pathlib.Path, required=True)
    p.add_argument("--name", required=True, help="of the shape, in the results")
    p.add_argument("--library", type=pathlib.Path, required=True)
    p.add_argument("--peak", type=pathlib.Path, required=True, help="program that prints GFLOP/s of all cores")
    p.add_argument("--lengths", default="55", help="real (reviews) or a number of tokens")
    p.add_argument("--reviews", type=pathlib.Path, default=pathlib.Path("examples/wine-reviews.csv"))
    p.add_argument("--texts", type=int, default=300)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--turn", type=float, default=4.0, help="seconds of one engine's turn at most, about")
    p.add_argument("--engines", default=".", help="regular expression; Cuvée f32 and the reference always run")
    p.add_argument("--results", type=pathlib.Path)
    p.add_argument("--commit", default="unknown")
    return p.parse_args()


def main():
    args = parse_arguments()
    scratch = pathlib.Path("build/peers") / args.name
    scratch.mkdir(parents=True, exist_ok=True)
    threads = len(os.sched_getaffinity(0))
    setting = engines.Setting(args.model, args.library, scratch, threads, None)
    if args.lengths == "real":
        texts = texts_of_reviews(args.reviews, args.texts)
        setting.calibration = texts[:64]
    else:
        texts = texts_of_words(setting, args.texts, int(args.lengths), seed=7)
        setting.calibration = texts_of_words(setting, 64, int(args.lengths), seed=8)
    lengths = [len(e.ids) for e in setting.tokenizer.encode_batch(texts)]
    config = json.loads((args.model / "config.json").read_text())

    def peak():
        command = [str(args.peak), "--threads", str(threads), "--ms", "150"]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[0])

    say(f"{args.name}: {len(texts)} texts, reference logits by PyTorch f32")
    reference_engine = engines.Torch(setting)
    reference_engine.batch = 16
    reference = reference_engine.logits(texts)
    wanted = [l for l in engines.all_engines() if re.search(args.engines, l) or l == "cuvee f32"]
    rows = [Row(label, len(texts)) for label in wanted]
    start_engines(rows, setting, texts[:32])
    measure(rows, texts, lengths, config, args, peak)

    mean_tokens = sum(lengths) / len(lengths)
    tier = subprocess.run([str(args.peak), "--ms", "1"], capture_output=True, text=True).stdout.split()[1]
    cpu = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "")
    machine = {"cpu": cpu, "tier": tier, "cores": threads, "kernel": platform.release()}
    shape = {
        "what": f"{len(texts)} texts, {mean_tokens:.1f} tokens on average"
        f" ({'reviews' if args.lengths == 'real' else 'all alike'}), tier {tier}, {threads} cores, tokenising included",
        "commit": args.commit,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "versions": versions(),
        "engines": [report_row(r, rows, reference, mean_tokens) for r in rows],
    }
    if args.results:
        save(args.results, machine, args.name, shape)
    print_table(args.name, shape)


if __name__ == "__main__":
    main()
