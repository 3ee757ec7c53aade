# SPDX-License-Identifier: Apache-2.0
"""Forks by the order of a batch's first text. A child that lives on does so until the file of argv[1] is gone."""
import ctypes
import os
import sys
import time

parent = os.getpid()


def live_on(fork):
    if fork() == 0:
        while os.path.exists(sys.argv[1]):
            time.sleep(0.01)
        os._exit(0)


def process_batch(texts):
    kind = texts[0]
    label = "none"
    if kind in ("returns", "raises", "exits"):
        pid = os.fork()
        if pid == 0 and kind == "raises":
            raise ValueError("in the child")
        if pid == 0 and kind == "exits":
            sys.exit(7)
        if pid:
            label = "status %d" % (os.waitpid(pid, 0)[1] >> 8)
    if kind.startswith("lives on"):
        live_on(ctypes.CDLL(None).fork if kind.endswith("in C") else os.fork)
    if kind.startswith("lives on, a death"):
        os._exit(3)
    return [{"label": label, "score": 0.5, "mine": os.getpid() == parent} for _ in texts]
