# SPDX-License-Identifier: Apache-2.0
"""The story's script for its bridge, in our words: process_batch() hands its list to a pipeline.

As published the list goes to the pipeline without a batch_size, so it is one text per forward pass. Its exceptions are
not swallowed: whoever calls it is to know. sys.argv: the model directory, threads (0 = what the library takes); without
them, as under a bridge that has no arguments for scripts, ARM_MODEL is the directory.
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from transformers_pipeline import Pipeline  # noqa: E402

MAX_BATCH = 32
arguments = getattr(sys, "argv", [])[1:] or [os.environ["ARM_MODEL"], "0"]
pipeline = Pipeline(argparse.Namespace(model=arguments[0], threads=int(arguments[1])))


def process_batch(texts):
    return [{"label": label, "score": score} for label, score in pipeline.classify(texts)]


def get_model_info():
    return {"model": pipeline.pipe.model.config.model_type, "device": str(pipeline.pipe.device)}
