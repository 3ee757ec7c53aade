# SPDX-License-Identifier: Apache-2.0
"""Cuvée against ONNX Runtime, f32, in one process and one run.

    bench/versus-onnxruntime [--texts 1000] [--tokens 55]     (builds what it needs, then runs this file)

Both engines get the same strings, do their own tokenising (the peer with the `tokenizers` package) and return
logits, with as many threads as there are allowed cores. They take turns chunk by chunk, with a window of the
machine's own FMA peak between, because shared machines drift: the ratio of neighbouring chunks and their median
count, not the absolute times. The peer runs the graph of onnx_graph.py (the fused operators) at the batch size that
was fastest in a trial before.
"""

import argparse
import json
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import time

import numpy as np
import onnxruntime as ort
import tokenizers

import onnx_graph
from cuvee_c import Pool


def texts_of(tokenizer, vocab_path, n_texts, n_tokens, seed=7):
    """Strings of exactly n_tokens tokens: whole words of the vocabulary, [CLS] and [SEP] included."""
    words = [w for w in vocab_path.read_text(encoding="utf-8").split("\n") if w.isascii() and w.isalpha() and len(w) > 2]
    rng = random.Random(seed)
    texts = [" ".join(rng.choices(words, k=n_tokens - 2)) for _ in range(n_texts)]
    lengths = {len(e.ids) for e in tokenizer.encode_batch(texts)}
    assert lengths == {n_tokens}, lengths
    return texts


class OnnxRuntime:
    def __init__(self, path, tokenizer, threads):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.tokenizer = tokenizer
        self.batch = 16

    def logits(self, texts):
        ids = np.array([e.ids for e in self.tokenizer.encode_batch(texts)], dtype=np.int32)
        parts = [self.session.run(None, {"ids": ids[i : i + self.batch]})[0] for i in range(0, len(ids), self.batch)]
        return np.concatenate(parts)

    def choose_batch(self, texts):
        best = None
        for batch in (1, 4, 8, 16, 32):
            self.batch = batch
            self.logits(texts)
            seconds, _ = timed(lambda: self.logits(texts))
            if best is None or seconds < best[0]:
                best = (seconds, batch)
        self.batch = best[1]


def timed(call):
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def flops(config, n_texts, n_tokens):
    """FLOP of the full graph (linear layers and attention), section 1 of docs/numerics.md."""
    d = config.get("dim", config.get("hidden_size"))
    f = config.get("hidden_dim", config.get("intermediate_size"))
    layers = config.get("n_layers", config.get("num_hidden_layers"))
    return n_texts * n_tokens * layers * (8 * d * d + 4 * d * f + 4 * d * n_tokens)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--library", type=pathlib.Path, required=True)
    parser.add_argument("--peak", type=pathlib.Path, required=True, help="program that prints GFLOP/s of all cores")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--tokens", type=int, default=55)
    parser.add_argument("--chunk", type=int, default=100)
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()

    threads = len(os.sched_getaffinity(0))
    config = json.loads((args.model / "config.json").read_text())
    tokenizer = tokenizers.BertWordPieceTokenizer(str(args.model / "vocab.txt"), lowercase=True)
    texts = texts_of(tokenizer, args.model / "vocab.txt", args.texts, args.tokens)
    onnx_path = args.model / "fused-f32.onnx"
    onnx_graph.build(args.model, onnx_path)
    peer = OnnxRuntime(onnx_path, tokenizer, threads)
    ours = Pool(args.library, args.model)

    def peak():
        return float(subprocess.run([str(args.peak), "--threads", str(threads), "--ms", "300"],
                                    check=True, capture_output=True, text=True).stdout.split()[0])

    peer.choose_batch(texts[:64])
    ours.logits(ours.texts(texts[:64]))
    rows, worst = [], 0.0
    for first in range(0, args.texts, args.chunk):
        chunk = texts[first : first + args.chunk]
        prepared = ours.texts(chunk)
        order = ["onnxruntime", "cuvee"] if (first // args.chunk) % 2 == 0 else ["cuvee", "onnxruntime"]
        row, results, peaks = {}, {}, [peak()]
        for engine in order:
            call = (lambda: peer.logits(chunk)) if engine == "onnxruntime" else (lambda: np.array(ours.logits(prepared)[0]))
            row[engine], results[engine] = timed(call)
            peaks.append(peak())
        worst = max(worst, float(np.abs(results["cuvee"] - results["onnxruntime"]).max()))
        gflop = flops(config, len(chunk), args.tokens) / 1e9
        row["peak_gflops"] = max(peaks)
        row["ratio"] = row["onnxruntime"] / row["cuvee"]
        for engine in ("cuvee", "onnxruntime"):
            row[engine + "_share"] = gflop / row[engine] / row["peak_gflops"]
        rows.append(row)
        print(f"{first + len(chunk):5d}/{args.texts}  onnxruntime {row['onnxruntime']:.2f} s  cuvee {row['cuvee']:.2f} s"
              f"  ratio {row['ratio']:.2f}  peak {row['peak_gflops']:.0f} GFLOP/s", file=sys.stderr)
    ours.close()

    def median(key):
        return statistics.median(r[key] for r in rows)

    report = {
        "what": f"{args.texts} texts of {args.tokens} tokens, f32, {threads} threads, tokenising included",
        "machine": {
            "cpu": next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), ""),
            "cores": threads,
            "kernel": platform.release(),
        },
        "versions": {"onnxruntime": ort.__version__, "tokenizers": tokenizers.__version__, "python": platform.python_version()},
        "onnxruntime_batch": peer.batch,
        "seconds": {e: sum(r[e] for r in rows) for e in ("cuvee", "onnxruntime")},
        "texts_per_second": {e: args.texts / sum(r[e] for r in rows) for e in ("cuvee", "onnxruntime")},
        "median_ratio": median("ratio"),
        "worst_ratio": min(r["ratio"] for r in rows),
        "peak_gflops_median": median("peak_gflops"),
        "share_of_fma_peak_full_graph": {e: median(e + "_share") for e in ("cuvee", "onnxruntime")},
        "max_logit_difference": worst,
        "chunks": rows,
    }
    text = json.dumps(report, indent=1)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text + "\n")
    for key in ("what", "seconds", "texts_per_second", "median_ratio", "share_of_fma_peak_full_graph", "max_logit_difference"):
        print(f"{key}: {json.dumps(report[key])}")


main()
