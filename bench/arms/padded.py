# SPDX-License-Identifier: Apache-2.0
"""Real batches for engines that pad: all texts tokenised at once, sorted by length so that little is padded, a forward
pass for each --batch of them."""

import os
import time

import arm  # first: it marks that Python runs
import numpy as np
import tokenizers

MAX_TOKENS = 512


def load_tokenizer(model_dir):
    path = os.path.join(model_dir, "tokenizer.json")
    if os.path.exists(path):
        tokenizer = tokenizers.Tokenizer.from_file(path)
    else:
        tokenizer = tokenizers.BertWordPieceTokenizer(os.path.join(model_dir, "vocab.txt"), lowercase=True)
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


class Padded(arm.Contender):
    """Subclasses have run(ids, mask), arrays (texts, tokens) of int64 to logits (texts, labels)."""

    def __init__(self, args):
        self.args = args
        self.tokenizer = load_tokenizer(args.model)
        self.labels = arm.labels_of(args.model)

    def run(self, ids, mask):
        raise NotImplementedError

    @staticmethod
    def arrays(tokens):
        width = max(map(len, tokens))
        ids = np.zeros((len(tokens), width), dtype=np.int64)
        mask = np.zeros((len(tokens), width), dtype=np.int64)
        for row, t in enumerate(tokens):
            ids[row, : len(t)] = t
            mask[row, : len(t)] = 1
        return ids, mask

    def answers(self, logits):
        x = logits.astype(np.float64)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        return [(self.labels[i], p[row, i]) for row, i in enumerate(p.argmax(axis=1))]

    def tokens(self, texts):
        return [e.ids for e in self.tokenizer.encode_batch(list(texts))]

    def classify(self, texts):
        ids, mask = self.arrays(self.tokens(texts))
        return self.answers(self.run(ids, mask))

    def offline(self, texts, indexes):
        tokens = self.tokens(texts)
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        batches = [order[first : first + self.args.batch] for first in range(0, len(order), self.args.batch)]
        yield from self.run_batches(tokens, batches, indexes)

    def run_batches(self, tokens, batches, indexes):
        for batch in batches:
            start = time.monotonic()
            ids, mask = self.arrays([tokens[i] for i in batch])
            answers = self.answers(self.run(ids, mask))
            yield [indexes[i] for i in batch], answers, (time.monotonic() - start) * 1000
