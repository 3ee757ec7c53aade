# SPDX-License-Identifier: Apache-2.0
"""One Python process, as published: a pipeline called with lists of --batch texts in a loop.

Which means one text per forward pass: lists are not batches. The library takes as many threads as it likes.
"""

import arm
from transformers_pipeline import Pipeline

if __name__ == "__main__":
    arm.main(Pipeline, arm.parse(__doc__))
