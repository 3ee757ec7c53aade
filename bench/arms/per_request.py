# SPDX-License-Identifier: Apache-2.0
"""A new Python process for each request: what it costs to start one, import Transformers, load and classify one text.

The plan gives it few items. The text goes to the process by its standard input.
"""

import json
import subprocess
import sys

import arm


class PerRequest(arm.Contender):
    def __init__(self, args):
        self.args = args

    def classify(self, texts):
        answers = []
        for text in texts:
            command = [sys.executable, __file__, "--one", self.args.model, str(self.args.threads)]
            done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True)
            answers.append(tuple(json.loads(done.stdout)))
        return answers


def one(model, threads):
    import argparse

    from transformers_pipeline import Pipeline

    contender = Pipeline(argparse.Namespace(model=model, threads=int(threads)))
    print(json.dumps(contender.classify([sys.stdin.buffer.read().decode()])[0]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
    else:
        arm.main(PerRequest, arm.parse(__doc__))
