# SPDX-License-Identifier: Apache-2.0
"""Everything that a script can do wrong; the first text of a batch says what."""
import os
import sys


def take_all():
    """Until there is no more: under a limit a little above what this process has."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as f:
        pages = int(f.read().split()[0])
    hoard = []
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (1 << 28), hard))
    try:
        while True:
            hoard.append(bytearray(1 << 22))
    finally:
        hoard.clear()
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def process_batch(texts):
    kind = texts[0]
    good = [{"label": "x", "score": 0.5} for _ in texts]
    if kind == "empty":
        return []
    if kind == "none":
        return None
    if kind == "one less":
        return good[1:]
    if kind == "number":
        return 5
    if kind == "nan":
        good[1]["score"] = float("nan")
        return good
    if kind == "no label":
        del good[1]["label"]
        return good
    if kind == "label":
        good[1]["label"] = 7
        return good
    if kind == "score":
        good[1]["score"] = "high"
        return good
    if kind == "row":
        good[1] = object()
        return good
    if kind == "extra":
        good[1]["more"] = object()
        return good
    if kind == "half a pair":
        good[0]["more"] = "\U0001f377"  # a whole one is fine
        good[1]["more"] = "\ud83c"
        return good
    if kind == "surrogate":
        good[1]["label"] = "\ud800"
        return good
    if kind == "raise":
        raise ValueError("no wine today")
    if kind == "exit":
        sys.exit(3)
    if kind == "interrupt":
        raise KeyboardInterrupt
    if kind == "odd":
        raise ValueError("\ud800 odd")
    if kind == "deep":
        return process_batch(texts)
    if kind == "memory":
        take_all()
    if kind == "loop":
        while True:
            pass
    if kind == "swallow":
        try:
            while True:
                pass
        except Exception as error:
            print(error)
            return []
    if kind == "print":
        print("not data")
        os.write(1, b"")
    return good
