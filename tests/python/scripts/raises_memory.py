# SPDX-License-Identifier: Apache-2.0
"""MemoryError wherever code of the script's runs: argv[1] or the first text says where."""
import sys

where = sys.argv[1] if len(sys.argv) > 1 else ""
if where == "import":
    raise MemoryError("in import")


class Score:
    def __float__(self):
        raise MemoryError("in __float__")


class Results:
    def __iter__(self):
        raise MemoryError("in __iter__")


class Tensor:
    def tolist(self):
        raise MemoryError("in tolist")


class Awaited:
    def __await__(self):
        raise MemoryError("in __await__")
        yield


def warmup():
    if where == "warmup":
        raise MemoryError("in warmup")


def get_model_info():
    if where == "get_model_info":
        raise MemoryError("in get_model_info")


def process_batch(texts):
    kind = texts[0]
    if kind == "process_batch":
        raise MemoryError("in process_batch")
    if kind == "__float__":
        return [{"label": "x", "score": Score()} for _ in texts]
    if kind == "json":
        return [{"label": "x", "more": Tensor()} for _ in texts]
    return {"__iter__": Results, "tolist": Tensor, "__await__": Awaited}.get(kind, lambda: ["x"] * len(texts))()
