#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the C tokenizer with the reference: every Unicode scalar value in three contexts, and a million
fuzzed strings with pairs and truncations. Exit 0 when all ids, type ids and truncation flags are equal.

    build/venv/bin/python tests/text/compare.py DRIVER [--scalars] [--fuzz N] [--seed N]

Without --scalars or --fuzz, both, with N = 1,000,000.
"""
import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import oracle
from oracle import LEFT, ROOT, Driver, Reference, added, bert_normalizer, dense, make_json, write_json

NFD_LOWER = {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "Lowercase"}]}
NFD_STRIP = {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]}
KINDS = {  # normaliser and pre-tokenizer of a configuration
    "uncased": (bert_normalizer(True), "BertPreTokenizer"),
    "cased": (bert_normalizer(False), "BertPreTokenizer"),
    "nfd, lower, words": (NFD_LOWER, "Whitespace"),
    "nfd, strip, white space": (NFD_STRIP, "WhitespaceSplit"),
    "nothing, words": (None, "Whitespace"),
    "strip accents only": (bert_normalizer(False, True, clean=False, cjk=False), "BertPreTokenizer"),
}


def show(text):
    return ascii(text)[:300]


class Comparison:
    def __init__(self):
        self.n = self.n_bad = 0

    def check(self, name, texts, want, got, *settings):
        self.n += len(texts)
        if want == got:
            return
        for text, w, g in zip(texts, want, got):
            if w == g:
                continue
            self.n_bad += 1
            if self.n_bad <= 20:
                print(f"DIFFERENT {name} {settings} {show(text)}\n  reference {w}\n  ours      {g}")


def scalar_contexts(c):
    s = chr(c)
    return [s, f"a{s}b", f"x a\u0301{s}\u0323\U0001D165\u0327 y"]


def scalars(driver, directory, total):
    """Vocabularies plane by plane, with every character that one of the plane can become. The two usual kinds
    get each context as a text of its own in the planes that have scripts; the rest is packed, 32 in a text."""
    from tokenizers import normalizers
    lower, nfd = normalizers.Lowercase().normalize_str, normalizers.NFD().normalize_str
    for plane in range(17):
        chars = [c for c in range(plane << 16, (plane + 1) << 16) if not 0xD800 <= c <= 0xDFFF]
        alphabet = {d for c in map(chr, chars) for d in c + lower(c) + nfd(c) + lower(nfd(c))}
        words = dense(sorted(alphabet.union("abxy\u0301\u0323\U0001D165\u0327")))
        alone = [t for c in chars for t in scalar_contexts(c)]
        packed = ["\n".join(alone[i:i + 32]) for i in range(0, len(alone), 32)]
        for kind in ("uncased", "cased", "nfd, lower, words", "nfd, strip, white space"):
            where = write_json(directory / "scalars", make_json(words, *KINDS[kind]))
            reference = Reference(where)
            texts = alone if plane in (0, 1, 2, 14) and kind in ("uncased", "cased") else packed
            ours = Driver(driver, where, reference.vocab_size)
            total.check(kind, texts, reference.encode(texts, 4096, oracle.RIGHT),
                        ours.encode(texts, 4096, oracle.RIGHT))
        print(f"plane {plane}: {total.n} texts, {total.n_bad} different", flush=True)


# ----------------------------------------------------------------------------------------------
# Fuzz

BLOCKS = [(0x20, 0x7E), (0x20, 0x7E), (0x41, 0x7A), (0x61, 0x7A), (0x00, 0x1F), (0x7F, 0xFF), (0x100, 0x24F),
          (0x1E00, 0x1EFF), (0x2C6, 0x36F), (0x300, 0x345), (0x370, 0x3FF), (0x400, 0x52F), (0x591, 0x5F4),
          (0x600, 0x6FF), (0x900, 0x97F), (0x980, 0x9FF), (0xE00, 0xE7F), (0xF00, 0xFFF), (0x1100, 0x11FF),
          (0x1780, 0x17FF), (0x1AB0, 0x1ACE), (0x1F00, 0x1FFF), (0x2000, 0x206F), (0x20A0, 0x20FF),
          (0x2100, 0x22FF), (0x2E00, 0x2E5D), (0x3000, 0x30FF), (0x302A, 0x3030), (0x3400, 0x3420),
          (0x4E00, 0x4F00), (0xA640, 0xA69F), (0xAC00, 0xAE00), (0xE000, 0xE010), (0xF900, 0xFA20),
          (0xFB00, 0xFB4F), (0xFE00, 0xFE6F), (0xFF00, 0xFFFD), (0x10400, 0x1044F), (0x11080, 0x110CD),
          (0x1D15E, 0x1D1AD), (0x1D400, 0x1D4FF), (0x1E900, 0x1E95F), (0x1F300, 0x1F64F), (0x20000, 0x20010),
          (0x2B81E, 0x2B922), (0x2F800, 0x2F810), (0xE0001, 0xE007F)]
FIXED = ["[SEP]", "[CLS]", "[MASK]", "[sep]", "[CLS", "[SEP]]", "##", "##ing", "[unused1]", " ", "  ", "\t", "\r\n",
         "\u00a0", "\u2028", "\u3000", "\u200b", "\ufeff", "\u00ad", "\x00", "\ufffd", "a" * 99, "b" * 101, "\u0301" * 20,
         "\u0130", "\u03a3", "\u1e9e", "<e1>", "<E1>", "foo bar", "Foo Bar", "F\u00d3O bar", "foo", "cafe\u0301", "\u304b\u3099",
         "\u1100\u1161\u11a8", "\U0001F468\u200d\U0001F469", "<s>", "<pad>", "_x_", "don't", "3.14", "\u2019", "<t>", "<tt>"]


def alphabet():
    return sorted({chr(c) for lo, hi in BLOCKS for c in range(lo, hi + 1)} - {"\n"})


def english():
    words = (ROOT / "examples/wine-reviews.csv").read_text(encoding="utf-8").split()
    return words[:20000]


def fuzz_text(rng, words):
    """Stretches of one script each, with breaks and odd pieces between them."""
    parts = []
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8, 13))):
        roll = rng.random()
        if roll < 0.3:
            parts.append(" ".join(rng.choices(words, k=rng.randint(1, 6))))
        elif roll < 0.45:
            parts.append(rng.choice(FIXED))
        else:
            lo, hi = rng.choice(BLOCKS)
            parts.append("".join(chr(rng.randint(lo, hi)) for _ in range(rng.choice((1, 1, 2, 4, 9, 30)))))
        parts.append(rng.choice(("", "", " ", " ", ".", "  ", "\u0301", "\n")))
    return "".join(parts)


def fuzz_configurations(directory):
    """(name, directory, share of the strings)"""
    from tokenizers import normalizers
    chars, words = alphabet(), sorted(set(english()))[:3000]
    lower = normalizers.Lowercase().normalize_str
    nfd = normalizers.NFD().normalize_str
    everything = sorted({d for c in chars for s in (c, lower(c), nfd(c), lower(nfd(c))) for d in s})
    rare = [c for i, c in enumerate(everything) if i % 7]  # with gaps, so that words become unknown
    tokens = [added(0, "Foo Bar", normalized=True, single_word=True), added(0, "<e1>", lstrip=True, rstrip=True),
              added(0, "<E1>", normalized=True, rstrip=True), added(0, "<t>", lstrip=True, single_word=True),
              added(0, "<tt>"), added(0, "<t"), added(0, "caf\u00e9", normalized=True), added(0, " x", normalized=True),
              added(0, "wine", normalized=True, lstrip=True), added(0, "\u0301\u0301"), added(0, "[SEP] ")]
    made = [("dense " + k, make_json(dense(everything, words), *KINDS[k])) for k in KINDS]
    made += [("gaps " + k, make_json(dense(rare, words), *KINDS[k])) for k in ("uncased", "cased")]
    made += [("added " + k, make_json(dense(rare, words), *KINDS[k], more_added=tokens))
             for k in ("uncased", "cased", "nothing, words")]
    shares = [(name, write_json(directory / f"fuzz{i}", tree), 0.5 / len(made))
              for i, (name, tree) in enumerate(made)]
    return [("bert-base-uncased", ROOT / "models/sentiment-en", 0.5)] + shares


def fuzz(driver, directory, n, seed, total):
    rng, words = random.Random(seed), english()
    for name, where, share in fuzz_configurations(directory):
        reference = Reference(where)
        ours = Driver(driver, where, reference.vocab_size)
        left = round(n * share)
        while left > 0:
            # A batch has one way to truncate and is of texts or of pairs; 40 % of them are cut, 40 % pairs.
            batch, cut = min(left, 5000), rng.random() < 0.4
            max_length = rng.choice((3, 4, 5, 6, 7, 8, 9, 16, 17, 31, 64)) if cut else 60000
            truncation = rng.choice((oracle.RIGHT, oracle.RIGHT, LEFT, LEFT, oracle.ERROR)) if cut else 0
            longest = 4 * max_length + 20 if cut else None  # see Reference.encode()
            texts = [fuzz_text(rng, words)[:longest] for _ in range(batch)]
            if rng.random() < 0.4:
                texts = [(t, fuzz_text(rng, words)[:longest]) for t in texts]
            total.check(name, texts, reference.encode(texts, max_length, truncation),
                        ours.encode(texts, max_length, truncation), max_length, truncation)
            left -= batch
        print(f"{name}: {total.n} texts, {total.n_bad} different", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver", type=Path)
    parser.add_argument("--scalars", action="store_true")
    parser.add_argument("--fuzz", type=int)
    parser.add_argument("--seed", type=int, default=20260101)
    args = parser.parse_args()
    total, start = Comparison(), time.time()
    with tempfile.TemporaryDirectory() as directory:
        if args.scalars or args.fuzz is None:
            scalars(args.driver, Path(directory), total)
        if args.fuzz is not None or not args.scalars:
            fuzz(args.driver, Path(directory), args.fuzz or 1_000_000, args.seed, total)
    print(f"{total.n} texts, {total.n_bad} different, {time.time() - start:.0f} s")
    return total.n_bad != 0


if __name__ == "__main__":
    sys.exit(main())
