# SPDX-License-Identifier: Apache-2.0
"""A script as the model that needs nothing but the standard library: it calls libcuvee ($CUVEE_LIBRARY) by ctypes.

For experiments without downloads: what is between the caller and the model is the same as with any script. sys.argv:
the model directory, workers.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from library import Classifier  # noqa: E402

MAX_BATCH = 32
classifier = Classifier(sys.argv[1], workers=int(sys.argv[2]))


def process_batch(texts):
    return [{"label": label, "score": score} for label, score in classifier.classify(texts)]
