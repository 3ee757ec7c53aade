# SPDX-License-Identifier: Apache-2.0
"""--workers processes over one copy of the weights: what the story only estimated.

The model is loaded once, its tensors are moved into shared memory, and the processes are forked afterwards: each has
the pipeline and the modules as they were, copied on write, and the weights as pages that cannot become its own. It
says so itself: every process looks its weights up in /proc/self/maps and ends when they are not mapped shared.

A thread pool that exists at the fork would be missing in the children, and they would wait for it for ever: so
nothing runs on more than one thread before.
"""

import sys

import arm  # first: it marks that Python runs
import python_multi
import torch
from transformers_pipeline import Pipeline, load_model


def shared_ranges():
    """Addresses that this process maps shared and writable."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as f:
        for line in f:
            addresses, access = line.split()[:2]
            if access == "rw-s":
                first, end = (int(a, 16) for a in addresses.split("-"))
                yield first, end


def check_shared(model):
    ranges = list(shared_ranges())
    for name, tensor in model.state_dict().items():
        at = tensor.data_ptr()
        if not any(first <= at and at + tensor.nbytes <= end for first, end in ranges):
            sys.exit(f"{name} is not in shared memory")


def make(args):
    threads = args.threads or torch.get_num_threads()
    torch.set_num_threads(1)
    model = load_model(args.model)
    model.share_memory()

    def load():
        check_shared(model)
        torch.set_num_threads(threads)
        return Pipeline(args, model)

    return load


if __name__ == "__main__":
    python_multi.main(arm.parse(__doc__), make)
