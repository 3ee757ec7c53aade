# SPDX-License-Identifier: Apache-2.0
"""Reads what is not its own to read."""
import os
import sys


def process_batch(texts):
    return [sys.stdin.read() + os.read(0, 100).decode() or "nothing" for _ in texts]
