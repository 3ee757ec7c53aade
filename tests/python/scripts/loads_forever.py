# SPDX-License-Identifier: Apache-2.0
"""Does not get ready: in its import, or with the argument "warmup" in that."""
import sys


def hang():
    print("stuck now", file=sys.stderr, flush=True)
    while True:
        pass


def warmup():
    hang()


def process_batch(texts):
    return ["x" for _ in texts]


if sys.argv[1:] != ["warmup"]:
    hang()
