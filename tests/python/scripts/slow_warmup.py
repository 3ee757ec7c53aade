# SPDX-License-Identifier: Apache-2.0
"""warmup() takes a while, and with an argument fails the first time."""
import sys
import time

tries = 0
warm = False


def warmup():
    global tries, warm
    tries += 1
    if len(sys.argv) > 1 and tries == 1:
        raise ValueError("not yet")
    time.sleep(0.2)
    warm = True


def process_batch(texts):
    return ["warm" if warm else "cold" for _ in texts]
