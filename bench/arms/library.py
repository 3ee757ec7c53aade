# SPDX-License-Identifier: Apache-2.0
"""libcuvee for Python programs that have nothing but the standard library: labels and scores of lists of texts.

The library is $CUVEE_LIBRARY, or the one that the system finds. The calls are those of bench/peers/cuvee_c.py.
"""

import ctypes.util
import math
import os

import arm

arm.find_peers()

from cuvee_c import Pool  # noqa: E402


class Classifier:
    def __init__(self, model_dir, precision="f32", workers=0):
        path = os.environ.get("CUVEE_LIBRARY") or ctypes.util.find_library("cuvee")
        if not path:
            raise RuntimeError("libcuvee is not found; CUVEE_LIBRARY may name it")
        self.labels = arm.labels_of(model_dir)
        self.pool = Pool(path, model_dir, precision, workers)

    def classify(self, texts):
        answers = []
        for logits in self.pool.logits(self.pool.texts(texts)):
            best = max(range(len(logits)), key=logits.__getitem__)
            total = sum(math.exp(x - logits[best]) for x in logits)
            answers.append((self.labels[best], 1 / total))
        return answers
