# SPDX-License-Identifier: Apache-2.0
"""The same model as pipeline.py at its best in Python: one forward pass per batch, texts of like length side by side so
that little is padded, threads as many as cores."""
import os

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.environ.get("CUVEE_MODEL_DIR", os.path.join(HERE, "..", "..", "models", "sentiment-en"))

MAX_BATCH = 128
PASS = 16  # texts of one forward pass

torch.set_num_threads(len(os.sched_getaffinity(0)))
tokenizer = AutoTokenizer.from_pretrained(MODEL)
model = AutoModelForSequenceClassification.from_pretrained(MODEL).eval()
LABELS = [model.config.id2label[i] for i in range(model.config.num_labels)]


def warmup():
    process_batch(["a glass of wine"] * PASS)


@torch.inference_mode()
def process_batch(texts):
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    scores = [None] * len(texts)
    for start in range(0, len(order), PASS):
        part = order[start:start + PASS]
        inputs = tokenizer([texts[i] for i in part], padding=True, truncation=True, return_tensors="pt")
        for i, row in zip(part, model(**inputs).logits.softmax(-1).tolist()):
            scores[i] = row
    return scores


def get_model_info():
    return {"model": model.config.model_type, "threads": torch.get_num_threads()}
