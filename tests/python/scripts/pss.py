# SPDX-License-Identifier: Apache-2.0
"""The score is what this process takes, PSS in kB; as a worker, with the program that it works for."""
import os


def pss(pid):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def process_batch(texts):
    with open("/proc/%d/comm" % os.getppid()) as f:
        is_worker = f.read() == "cuvee\n"
    return [("kB", pss(os.getpid()) + (pss(os.getppid()) if is_worker else 0)) for _ in texts]
