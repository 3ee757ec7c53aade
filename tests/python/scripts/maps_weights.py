# SPDX-License-Identifier: Apache-2.0
"""Maps a file as a model maps its weights, reads all of it; the score is what this process takes, PSS in bytes."""
import mmap
import sys

with open(sys.argv[1], "rb") as f:
    weights = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
for page in range(0, len(weights), 4096):
    weights[page]


def process_batch(texts):
    with open("/proc/self/smaps_rollup") as f:
        pss = next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
    return [{"label": "pss", "score": pss * 1024.0} for _ in texts]
