# SPDX-License-Identifier: Apache-2.0
"""Takes memory until it is killed: by its control group, whose list of processes is argv[1]; without one by itself, as
packages in C++ do at their limit."""
import os
import resource
import sys

with open("/proc/self/oom_score_adj", "w") as f:
    f.write("1000")  # nobody else, should this go wrong
if len(sys.argv) > 1:
    with open(sys.argv[1], "r+") as f:
        f.write(str(os.getpid()))
else:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))


def take_all():
    hoard = []
    try:
        while len(hoard) < 64:  # 1 GB: no limit holds
            hoard.append(b"x" * (1 << 24))
    except MemoryError:
        os.abort()


def process_batch(texts):
    if "all" in texts:
        take_all()
    return [{"label": "x", "score": 0.5} for _ in texts]
