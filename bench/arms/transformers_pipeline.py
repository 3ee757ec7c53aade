# SPDX-License-Identifier: Apache-2.0
"""The pipeline of Transformers as its page shows it, for the arms that repeat what was published: given a list of texts
and no batch_size, it runs one text per forward pass, however long the list is."""

import os

import arm  # before what takes seconds to import: it marks that Python runs

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch  # noqa: E402
import transformers  # noqa: E402

transformers.utils.logging.disable_progress_bar()


def load_model(model_dir):
    # The checkpoint may be stored in f16; since version 5 Transformers would compute in that type.
    model = transformers.AutoModelForSequenceClassification.from_pretrained(model_dir, dtype=torch.float32)
    return model.eval()


class Pipeline(arm.Contender):
    def __init__(self, args, model=None):
        self.args = args
        arm.set_threads(args.threads, torch)
        self.pipe = transformers.pipeline(
            "text-classification",
            model=load_model(args.model) if model is None else model,
            tokenizer=transformers.AutoTokenizer.from_pretrained(args.model),
            device="cpu",
        )

    def classify(self, texts):
        return [(r["label"], r["score"]) for r in self.pipe(list(texts), truncation=True)]
