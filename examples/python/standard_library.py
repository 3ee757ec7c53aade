# SPDX-License-Identifier: Apache-2.0
"""A classifier out of the standard library alone: it counts words."""
import math
import re

LABELS = ["NEGATIVE", "POSITIVE"]
MAX_BATCH = 64

PRAISE = set("""good great fine lovely elegant rich ripe bright balanced complex delicious fresh silky smooth long
    deep beautiful excellent superb generous vibrant juicy charming polished pure""".split())
BLAME = set("""bad poor thin flat dull harsh bitter sour green corked watery weak muddled short hollow tired
    unbalanced disappointing cloying faded stale rough artificial medicinal""".split())
WORD = re.compile(r"[a-z]+")


def probability(text):
    words = WORD.findall(text.lower())
    score = sum(word in PRAISE for word in words) - sum(word in BLAME for word in words)
    return 1 / (1 + math.exp(-0.7 * score))


def process_batch(texts):
    results = []
    for text in texts:
        p = probability(text)
        results.append({"label": LABELS[p >= 0.5], "score": max(p, 1 - p)})
    return results


def get_model_info():
    return {"model": "word counts", "words": len(PRAISE) + len(BLAME)}
