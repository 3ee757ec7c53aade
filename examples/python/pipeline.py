# SPDX-License-Identifier: Apache-2.0
"""A Transformers pipeline as most people call it. `classifier(texts)` without batch_size runs one text per forward
pass, whatever the length of the list."""
import os

from transformers import pipeline

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.environ.get("CUVEE_MODEL_DIR", os.path.join(HERE, "..", "..", "models", "sentiment-en"))

MAX_BATCH = 32
classifier = pipeline("text-classification", model=MODEL, device="cpu")


def process_batch(texts):
    return classifier(texts, truncation=True)


def get_model_info():
    return {"model": classifier.model.config.model_type, "device": str(classifier.device)}
