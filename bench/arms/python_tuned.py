# SPDX-License-Identifier: Apache-2.0
"""One Python process at its best: all texts tokenised at once, sorted by length, one forward pass per batch.

inference_mode, no mask where nothing is padded, --threads threads (the plan says: one per core).
"""

import arm  # first: it marks that Python runs
import torch
from padded import Padded
from transformers_pipeline import load_model


class Tuned(Padded):
    def __init__(self, args):
        super().__init__(args)
        arm.set_threads(args.threads, torch)
        self.model = load_model(args.model)

    def run(self, ids, mask):
        with torch.inference_mode():
            attention_mask = None if mask.all() else torch.from_numpy(mask)
            return self.model(input_ids=torch.from_numpy(ids), attention_mask=attention_mask).logits.numpy()


if __name__ == "__main__":
    arm.main(Tuned, arm.parse(__doc__))
