# SPDX-License-Identifier: Apache-2.0
"""What the Python arms share: their command line, texts in, answers out, marks, pacing, thread counts.

An arm is a class with classify(texts), which gives a pair (label, score) for each text, and a main program that says

    arm.main(Contender, arm.parse(__doc__))

The contract is in docs/formats.md, "What an arm does". Only the standard library is imported here, so that the arms
that need nothing else can use it.
"""

import argparse
import csv
import json
import os
import stat
import sys
import time


class Marks:
    """Lines into the pipe that MEASURE_FD names, while that number still means the pipe it meant at the start."""

    def __init__(self):
        text = os.environ.get("MEASURE_FD", "")
        self.fd = int(text) if text.isdigit() and int(text) > 2 else -1
        self.pipe = self.identity()

    def identity(self):
        try:
            st = os.fstat(self.fd)
        except OSError:
            return None
        return (st.st_dev, st.st_ino) if stat.S_ISFIFO(st.st_mode) else None

    def __call__(self, name):
        if self.pipe and self.identity() == self.pipe:
            try:
                os.write(self.fd, (name + "\n").encode())
            except OSError:
                pass


mark = Marks()
HERE = os.path.dirname(os.path.abspath(__file__))
# Where an arm's module belongs to a script that a host runs, the host writes the marks.
if os.path.dirname(os.path.abspath(getattr(sys.modules["__main__"], "__file__", ""))) == HERE:
    mark("runtime-ready")


def find_peers():
    """Modules that bench/peers has too are with it in the source tree, and beside this file where they are installed."""
    sys.path.append(os.path.join(HERE, os.pardir, "peers"))


def parse(description, add=None):
    """The command line of an arm. add(parser) adds options of its own."""
    p = argparse.ArgumentParser(description=description.strip().split("\n\n")[0])
    p.add_argument("--model", required=True, help="model directory")
    p.add_argument("--input", required=True, help="CSV file")
    p.add_argument("--column", required=True)
    p.add_argument("--items", type=int, help="take the first N; default all")
    p.add_argument("--answers", required=True, help="JSON Lines, in order")
    p.add_argument("--scenario", choices=["offline", "single", "server"], default="offline")
    p.add_argument("--schedule", help="server: a line for each item, seconds after loading")
    p.add_argument("--batch", type=int, default=8, help="texts of one call")
    p.add_argument("--workers", type=int, default=1, help="processes")
    p.add_argument("--threads", type=int, default=0, help="of each; 0 = what the library takes by itself")
    p.add_argument("--precision", default="f32")
    p.add_argument("--scratch", help="folder for what is made once, such as a converted model")
    if add:
        add(p)
    args = p.parse_args()
    if args.scenario == "server" and not args.schedule:
        p.error("--scenario server needs a --schedule")
    return args


def read_texts(args):
    csv.field_size_limit(1 << 26)
    with open(args.input, encoding="utf-8-sig", newline="") as f:
        rows = csv.DictReader(f)
        texts = []
        for row in rows:
            if args.items is not None and len(texts) == args.items:
                break
            texts.append(row[args.column])
    return texts


def read_schedule(args, n):
    with open(args.schedule, encoding="ascii") as f:
        schedule = [float(line) for _, line in zip(range(n), f)]
    if len(schedule) < n:
        sys.exit(f"{args.schedule}: {len(schedule)} lines for {n} items")
    return schedule


class Answers:
    """Kept by index, so that whoever finishes first may say so, and written when every item has one."""

    def __init__(self, n):
        self.lines = [None] * n

    def put(self, index, answer, batch, ms, worker=None):
        label, score = answer
        line = {"index": index, "label": label, "score": float(score), "batch": batch, "ms": ms}
        if worker is not None:
            line["worker"] = worker
        if self.lines[index] is not None:
            raise RuntimeError(f"item {index} has two answers")
        self.lines[index] = line

    def put_all(self, indexes, answers, batch, ms, worker=None):
        if len(indexes) != len(answers):
            raise RuntimeError(f"{len(answers)} answers for {len(indexes)} items")
        for index, answer in zip(indexes, answers):
            self.put(index, answer, batch, ms, worker)

    def write(self, path):
        missing = self.lines.count(None)
        if missing:
            raise RuntimeError(f"{missing} items have no answer")
        with open(path + ".partial", "w", encoding="utf-8") as f:
            for line in self.lines:
                f.write(json.dumps(line) + "\n")
        os.replace(path + ".partial", path)


def pace(args, texts, indexes, contender, start=None):
    """The items of one process: yields (indexes, answers, ms) as they are done. indexes are those of texts.

    In server an item's time counts from when it is due, not from when it is taken up: a call that takes long delays
    those behind it, and that is theirs to say.
    """
    if args.scenario == "offline":
        yield from contender.offline(texts, indexes)
        return
    clock = time.monotonic
    start = clock() if start is None else start
    schedule = read_schedule(args, indexes[-1] + 1) if args.scenario == "server" and indexes else None
    k = 0
    while k < len(texts):
        if schedule:
            due = start + schedule[indexes[k]]
            time.sleep(max(0.0, due - clock()))
            n = 1  # what has come by now, as one batch
            while n < args.batch and k + n < len(texts) and start + schedule[indexes[k + n]] <= clock():
                n += 1
        else:
            due, n = clock(), 1
        part = indexes[k : k + n]
        answers = contender.classify(texts[k : k + n])
        now = clock()
        for index, answer in zip(part, answers, strict=True):
            yield [index], [answer], (now - (start + schedule[index] if schedule else due)) * 1000
        k += n


class Contender:
    """One model in this process. Subclasses load it in __init__(args)."""

    def classify(self, texts):
        raise NotImplementedError

    def offline(self, texts, indexes):
        """All items are there: lists of --batch, in a loop. May be overridden by one who knows better."""
        for first in range(0, len(texts), self.args.batch):
            start = time.monotonic()
            answers = self.classify(texts[first : first + self.args.batch])
            yield indexes[first : first + self.args.batch], answers, (time.monotonic() - start) * 1000


def main(make, args):
    """An arm of one process. Its script has imported all that it needs."""
    mark("script-imported")
    texts = read_texts(args)
    contender = make(args)
    mark("model-loaded")
    answers = Answers(len(texts))
    done = pace(args, texts, list(range(len(texts))), contender)
    for batch, (indexes, results, ms) in enumerate(done):
        if batch == 0:
            mark("first-result")
        answers.put_all(indexes, results, batch, ms)
    answers.write(args.answers)


def set_threads(threads, torch=None):
    """Thread counts of what is imported by now, and a look whether they took effect. 0 leaves them alone.

    The variables OMP_NUM_THREADS and so on are the plan's to set, before this process starts.
    """
    if threads == 0:
        return
    if torch:
        torch.set_num_threads(threads)
        if torch.get_num_threads() != threads:
            sys.exit(f"torch runs {torch.get_num_threads()} threads, not {threads}")
    try:
        import threadpoolctl
    except ImportError:
        return
    threadpoolctl.threadpool_limits(threads)
    for pool in threadpoolctl.threadpool_info():
        if pool["num_threads"] > threads:
            sys.exit(f"{pool['internal_api']} runs {pool['num_threads']} threads, not {threads}")


def labels_of(model_dir):
    """Names of the labels, in order, as config.json has them."""
    with open(os.path.join(model_dir, "config.json"), encoding="utf-8") as f:
        config = json.load(f)
    names = config.get("id2label") or {str(i): f"LABEL_{i}" for i in range(config.get("num_labels", 2))}
    return [names[str(i)] for i in range(len(names))]
