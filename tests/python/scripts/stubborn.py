# SPDX-License-Identifier: Apache-2.0
"""close() that does not end by itself, nor by one TimeoutError."""


def process_batch(texts):
    return ["x" for _ in texts]


def close():
    try:
        while True:
            pass
    except TimeoutError:
        while True:
            pass
