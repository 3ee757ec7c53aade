# SPDX-License-Identifier: Apache-2.0
"""Python finds no memory, once: allocation N after the end of what argv names, "import" or "warmup", or of a call whose
first text is "fail N". So it is missing where results are read, not in the script."""
import sys

from _testcapi import remove_mem_hooks, set_nomemory

LABELS = ["first", "second"]


def fail_once(n):
    set_nomemory(n, n + 1)


def get_model_info():
    return {"model": "no memory", "tokens": [1, 2, 3]}


def warmup():
    if sys.argv[1:2] == ["warmup"]:
        fail_once(int(sys.argv[2]))


def process_batch(texts):
    shapes = [{"label": "first", "score": 0.25}, {"label": "new", "score": 0.5, "more": [texts[0]]},
              [("first", 0.1), ("second", 0.9)], {"label": "", "score": float("nan")}]
    results = [shapes[i % 4] for i in range(len(texts))]
    if texts[0].startswith("fail plain "):
        results = [dict(shapes[0]) for _ in texts]
    if texts[0].startswith("fail "):
        fail_once(int(texts[0].split()[-1]))
    elif texts[0] == "heal":
        remove_mem_hooks()
    return results


def close():
    remove_mem_hooks()


if sys.argv[1:2] == ["import"]:
    fail_once(int(sys.argv[2]))
