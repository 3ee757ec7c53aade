# SPDX-License-Identifier: Apache-2.0
"""Holds 64 MB, all of it touched, by names of its own."""
weights = bytearray(b"w") * (64 << 20)


def process_batch(texts):
    return [chr(weights[0]) for _ in texts]
