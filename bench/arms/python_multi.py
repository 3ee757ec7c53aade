# SPDX-License-Identifier: Apache-2.0
"""--workers processes, each with its own model and its part of the texts, as published but for its pauses.

Each calls a pipeline with lists of --batch texts; results come back through a queue. As published every process has a
thread pool as large as the library likes (--threads 0); with processes times threads = cores it is the capped arm.
No process waits for the others: the arm can answer when the first one has its model, and that is the mark.
"""

import ctypes
import multiprocessing
import os
import queue as queues
import signal
import sys
import time

import arm
from transformers_pipeline import Pipeline


PR_SET_PDEATHSIG = 1


def end_with(parent):
    """Be killed when the process that forked this one has gone, whatever ended it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def work(args, worker, texts, indexes, queue, go, load, parent):
    """One process. Tells: ("loaded", worker), ("done", worker, indexes, answers, ms), ("end", worker)."""
    end_with(parent)
    contender = load()
    queue.put(("loaded", worker))
    start = None
    if args.scenario == "server":
        go.wait()
        start = go.start.value
    for indexes_of_call, answers, ms in arm.pace(args, texts, indexes, contender, start):
        queue.put(("done", worker, indexes_of_call, answers, ms))
    queue.put(("end", worker))


class Go:
    """The beginning of a schedule, the same for all processes: when the last of them has its model."""

    def __init__(self, context):
        self.event = context.Event()
        self.start = context.Value("d", 0.0)

    def wait(self):
        self.event.wait()

    def set(self):
        self.start.value = time.monotonic()
        self.event.set()


def parts(args, n):
    """Indexes of each process: a stretch each, as published; by turns where they arrive one by one."""
    if args.scenario == "server":
        return [list(range(w, n, args.workers)) for w in range(args.workers)]
    size = -(-n // args.workers)
    return [list(range(min(w * size, n), min((w + 1) * size, n))) for w in range(args.workers)]


def collect(args, n, queue, processes, go):
    answers = arm.Answers(n)
    n_loaded = n_ended = n_calls = 0
    while n_ended < len(processes):
        try:
            kind, worker, *rest = queue.get(timeout=0.2)
        except queues.Empty:
            for w, p in enumerate(processes):
                if p.exitcode:  # one that ended well has said so
                    raise SystemExit(f"process {w} ended with {p.exitcode}")
            continue
        if kind == "loaded":
            n_loaded += 1
            if n_loaded == (len(processes) if args.scenario == "server" else 1):
                arm.mark("model-loaded")
                go.set()
        elif kind == "done":
            if n_calls == 0:
                arm.mark("first-result")
            indexes, results, ms = rest
            answers.put_all(indexes, results, n_calls, ms, worker)
            n_calls += 1
        else:
            n_ended += 1
    return answers


def main(args, make):
    """make(args) gives what a process calls to get its contender. Processes are forked, as published: what this one
    has imported is theirs too."""
    arm.mark("script-imported")
    if args.scenario == "single":
        sys.exit("scenario single is one item at a time: a matter of one process")
    context = multiprocessing.get_context("fork")
    texts = arm.read_texts(args)
    load, queue, go = make(args), context.Queue(), Go(context)
    processes = []
    for worker, indexes in enumerate(parts(args, len(texts))):
        own = [texts[i] for i in indexes]
        given = (args, worker, own, indexes, queue, go, load, os.getpid())
        processes.append(context.Process(target=work, args=given, daemon=True))
    for p in processes:
        p.start()
    answers = collect(args, len(texts), queue, processes, go)
    for p in processes:
        p.join()
    answers.write(args.answers)


if __name__ == "__main__":
    main(arm.parse(__doc__), lambda args: lambda: Pipeline(args))
