# SPDX-License-Identifier: Apache-2.0
"""Any Python model can stand behind the pool: here a linear one over words, trained when the script is loaded."""
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

TRAINING = [
    ("ripe and lovely with a long finish", "POSITIVE"),
    ("elegant, balanced and fresh", "POSITIVE"),
    ("a beautiful, complex wine with silky tannins", "POSITIVE"),
    ("bright fruit, pure and vibrant", "POSITIVE"),
    ("rich, generous and polished", "POSITIVE"),
    ("thin and watery with a short finish", "NEGATIVE"),
    ("flat, dull and tired", "NEGATIVE"),
    ("harsh tannins and a bitter, green taste", "NEGATIVE"),
    ("corked and stale", "NEGATIVE"),
    ("sour, hollow and disappointing", "NEGATIVE"),
]

MAX_BATCH = 256
model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10.0))
model.fit(*zip(*TRAINING))
LABELS = list(model.classes_)


def process_batch(texts):
    return model.predict_proba(texts)  # numpy, one column for each of LABELS
