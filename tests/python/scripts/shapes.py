# SPDX-License-Identifier: Apache-2.0
"""Every shape of results that the contract takes; the first text of a batch says which."""
import array
import hashlib

LABELS = ["no", "yes"]
MAX_BATCH = 64


class Float32:
    """As numpy's: no float, but becomes one."""

    def __init__(self, value):
        self.value = value

    def __float__(self):
        return self.value


class Array(list):  # as a tensor: numbers inside of lists
    def tolist(self):
        return list(self)


def score(text):
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:6], "big") / 2**48


def label(text):
    return LABELS[score(text) > 0.5]


def process_batch(texts):
    kind = texts[0]
    if kind == "pairs":
        return [(label(t), score(t)) for t in texts]
    if kind == "lists":
        return [[label(t), score(t)] for t in texts]
    if kind == "tuple":
        return tuple({"label": label(t), "score": score(t)} for t in texts)
    if kind == "labels":
        return [label(t) for t in texts]
    if kind == "columns":
        return {"label": [label(t) for t in texts], "score": [score(t) for t in texts],
                "length": [len(t) for t in texts]}
    if kind == "buffer":
        return array.array("d", [score(t) for t in texts])
    if kind == "matrix":
        return memoryview(array.array("d", [x for t in texts for x in (1 - score(t), score(t))])).cast(
            "B").cast("d", (len(texts), 2))
    if kind == "tolist":
        return Array([1 - score(t), score(t)] for t in texts)
    if kind == "all":
        return [[{"label": "no", "score": 1 - score(t)}, {"label": "yes", "score": score(t)}] for t in texts]
    if kind == "numpy":
        return [{"label": label(t), "score": Float32(score(t))} for t in texts]
    if kind == "extra":
        return [{"label": label(t), "score": score(t), "chars": len(t), "t": t[:2]} for t in texts]
    if kind == "mixed":
        return [label(t) if i % 2 else {"label": label(t), "score": 1} for i, t in enumerate(texts)]
    if kind == "coroutine":
        return later(texts)
    return [{"label": label(t), "score": score(t)} for t in texts]


async def later(texts):
    return [{"label": label(t), "score": score(t)} for t in texts]


def get_model_info():
    return {"model": "hash", "labels": set(LABELS)}
