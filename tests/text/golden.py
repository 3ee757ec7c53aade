#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write tests/golden/tokenizer: what the pinned reference makes of the trap strings, of pairs and truncations,
and of the 1000 reviews. The quick tests read these files; `--check` makes them anew and compares.

    build/venv/bin/python tests/text/golden.py [--check]

Each line of cases.jsonl is one text: model (a directory here, or "uncased" = models/sentiment-en), text, pair,
max_length, truncation, ids, type_ids (when not all 0), truncated. reviews.jsonl has [tokens, hash of the ids].
"""
import csv
import json
import sys
import tempfile
from pathlib import Path

import oracle
from oracle import LEFT, RIGHT, ROOT, Reference, added, bert_normalizer, dense, make_json, write_json

GOLDEN = ROOT / "tests/golden/tokenizer"
NO_LIMIT = 4096

# Rows 1 to 31 of the table in research note models-tokenizers, section 3.8, in their order.
UNCASED = [
    "\u0130stanbul", "Caf\u00e9", "cafe\u0301", "\u03a3\u039f\u03a6\u039f\u03a3", "Stra\u00dfe", "\u1e9e", "\ufb01ne", "\u304c",
    "\u304b\u3099", "\ud55c\uad6d\uc5b4", "\uac01", "\u0939\u093f\u0928\u094d\u0926\u0940", "Vi\u1ec7t Nam", "a\u200bb", "a\u00adb",
    "x\ufeffy", "a\u202eb", "\ue000x", "a\0b", "a\ufffdb", "a\u000bb", "a\u0085b", "a\u2028b", "a\u00a0b", "a\u3000b",
    "a\u180eb", "\u4f60\u597dworld", "\U0002B820\U0002B821", "\u65e5\u672c\u8a9e\u30ab\u30bf", "\u20ac5", "a\u00b1b", "$5.99", "a^b",
    "a\u2e43b", "ab\u061db", "a\u166db", "a" * 100, "a" * 101, "\u00e9" * 100, "\u00e9" * 101, "great\U0001F377", "hello [SEP] world",
    "hello [sep] world", "[SEP]]", "[CLS", "[[SEP]", "[SEP][SEP]", "##ing", "[unused1]", "", "  \t\n ", "\u0301", "\0", "[MASK] [PAD][UNK]",
    # Marks that stay and must be put in order, across characters that the cleaner removes.
    "a\U0001D165\u0327b", "a\u302e\u0323\u200b\U0001D16D", "q\u0307\u0323", "\u1100\u1161\u11a8", "\uf900\ufa30", "\U0002F800",
    "naive caf\u00e9, r\u00e9sum\u00e9!", "THE QUICK BROWN FOX", "don't 3.14 e-mail@example.com", "\u2019\u201c\u2026\u2014",
    "\u0391\u03b8\u03ae\u03bd\u03b1 \u041c\u043e\u0441\u043a\u0432\u0430 \u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \u0e01\u0e33", "x " * 40, "!" * 30, "\u4e2d" * 30,
]
CASED = ["cafe\u0301", "Caf\u00e9", "\uac01", "\u0130stanbul", "\ufb01ne", "\u304c", "\u304b\u3099", "STRASSE Stra\u00dfe", "a\u0300\u0327b", "[SEP] [sep]",
         "a\u200bb a\u2028b", "\u4f60\u597dworld", "\uf900", "world", "World", "abcé\u00e9", "zzz"]
ADDED = ["F\u00d3O bar", "foo\u200b bar", "foo  bar", "foo barb", "xfoo bar", "foo bar.", "a foo bar b", "foo barfoo bar", "a <e1> b", "a<e1>b",
         "a \u3000<e1>\u2003 b", "<E1>", "<e1><e1>", " <e1> <e1> ", "<e1>", "<t>a", "a<t>", "<tt>", "<ttt>", "<t <t>", "a <t> <tt>b"]
PAIRS = [("", ""), ("a", ""), ("", "b"), ("Ripe and long.", "Caf\u00e9 noir"), ("a [SEP] b", "\u4f60\u597d"),
         ("a b c d e f g h i j", "0 1 2 3 4 5 6 7 8 9"), ("a b c d e f g h i j k l", "0 1 2 3 4 5 6"),
         ("a b c d e f g", "0 1 2 3 4 5 6 7 8 9 a b"), ("a b c", "0 1 2 3 4 5 6 7 8 9 a b"),
         ("a b c d e f g h i j k l m", "0 1 2"), (" ".join("x" * 30), " ".join("y" * 29)),
         (" ".join("x" * 29), " ".join("y" * 30)), ("unbelievable " * 9, "wonderfulness " * 7)]
LIMITS = [3, 4, 5, 6, 7, 8, 9, 12, 21, 22]


def models(directory):
    """The small configurations that are committed."""
    cased = dense("abcdefghijklmnopqrstuvwxyz\u00e9\u00c9\u0301\u0300\u0327\uac01\u304c\u304b\u3099\ufb01\u00df\u0307\u0130",
                  ["Caf\u00e9", "cafe", "world", "World", "STRASSE", "Stra\u00dfe", "\u4f60", "[", "]"])
    more = [added(0, "Foo Bar", normalized=True, single_word=True), added(0, "<e1>", lstrip=True, rstrip=True, special=True),
            added(0, "<t>", single_word=True), added(0, "<tt>"), added(0, "<t")]
    words = dense("abefor<>1t.", ["foo", "bar"])
    write_json(directory / "cased", make_json(cased, bert_normalizer(False)))
    write_json(directory / "added", make_json(words, bert_normalizer(True), more_added=more))


def texts_of(name):
    if name == "cased":
        return CASED
    return ADDED if name == "added" else UNCASED


def case(reference, name, text, max_length, truncation):
    (ids, type_ids, truncated), = reference.encode([text], max_length, truncation)
    a, b = text if isinstance(text, tuple) else (text, None)
    line = {"model": name, "text": a}
    if b is not None:
        line["pair"] = b
    if max_length != NO_LIMIT:
        line["max_length"] = max_length
    if truncation == LEFT:
        line["truncation"] = "left"
    line["ids"] = ids
    if any(type_ids):
        line["type_ids"] = type_ids
    if truncated:
        line["truncated"] = True
    return line


def fnv1a(ids):
    h = 0xCBF29CE484222325
    for i in ids:
        for byte in i.to_bytes(4, "little"):
            h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def write(directory):
    models(directory)
    lines = []
    references = {n: Reference(directory / n) for n in ("cased", "added")}
    references["uncased"] = uncased = Reference(ROOT / "models/sentiment-en")
    for name, reference in sorted(references.items()):
        lines += [case(reference, name, t, NO_LIMIT, RIGHT) for t in texts_of(name)]
    for text in ["The quick brown fox jumps over unbelievable dogs", "a [SEP] b [MASK] caf\u00e9", "x"]:
        lines += [case(uncased, "uncased", text, n, d) for n in LIMITS for d in (RIGHT, LEFT)]
    for pair in PAIRS:
        lines.append(case(uncased, "uncased", pair, NO_LIMIT, RIGHT))
        lines += [case(uncased, "uncased", pair, n, d) for n in LIMITS for d in (RIGHT, LEFT)]
    with open(ROOT / "examples/wine-reviews.csv", encoding="utf-8", newline="") as f:
        reviews = [row["description"] for row in csv.DictReader(f)]
    hashes = [[len(ids), fnv1a(ids)] for ids, _, _ in uncased.encode(reviews, NO_LIMIT, RIGHT)]
    for name, rows in (("cases.jsonl", lines), ("reviews.jsonl", hashes)):
        (directory / name).write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="ascii")
    (directory / "versions.txt").write_text(f"tokenizers {oracle.PIN}\n", encoding="ascii")


def main():
    if "--check" not in sys.argv[1:]:
        GOLDEN.mkdir(parents=True, exist_ok=True)
        write(GOLDEN)
        return 0
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory))
        bad = [p.relative_to(directory) for p in sorted(Path(directory).rglob("*")) if p.is_file()
               and p.read_bytes() != (GOLDEN / p.relative_to(directory)).read_bytes()]
    for name in bad:
        print(f"tests/golden/tokenizer/{name} differs from the reference; tests/text/golden.py writes it anew")
    return len(bad) != 0


if __name__ == "__main__":
    sys.exit(main())
