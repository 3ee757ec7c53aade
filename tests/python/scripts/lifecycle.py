# SPDX-License-Identifier: Apache-2.0
"""Arguments, warm-up, the module's own folder; labels that are new in every call."""
import os
import sys

MAX_CONCURRENCY = 3
warm = 0
calls = 0


def warmup():
    global warm
    warm += 1


def process_batch(texts):
    global calls
    calls += 1
    here = sys.path[0] == os.path.dirname(os.path.abspath(__file__))
    return [{"label": "call %d" % calls, "score": float(warm), "args": sys.argv[1:], "here": here,
             "name": __name__ != "__main__"} for _ in texts]
