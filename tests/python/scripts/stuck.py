# SPDX-License-Identifier: Apache-2.0
import sys


def process_batch(texts):
    print("stuck now", file=sys.stderr, flush=True)
    while True:
        pass
