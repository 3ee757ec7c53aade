# SPDX-License-Identifier: Apache-2.0
"""A Python program that calls libcuvee ($CUVEE_LIBRARY) by ctypes, with lists of --batch texts in a loop.

Nothing but the standard library: for experiments without downloads. --threads is the library's workers.
"""

import arm
from library import Classifier


class Library(arm.Contender):
    def __init__(self, args):
        self.args = args
        self.classifier = Classifier(args.model, args.precision, args.threads)

    def classify(self, texts):
        return self.classifier.classify(texts)


if __name__ == "__main__":
    arm.main(Library, arm.parse(__doc__))
