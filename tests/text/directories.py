#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Directories without tokenizer.json, and odd tokenizer.json files, against the reference: AutoTokenizer of
Transformers for the former, the tokenizers package for the latter. Exit 0 when all ids are equal.

    build/venv/bin/python tests/text/directories.py DRIVER
"""
import json
import os
import random
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import compare
import oracle
from oracle import Driver, Reference, added, bert_normalizer, dense, make_json, write_json

BASE = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = dense("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,<>[]_\u00e9\u00c9\u0301\u4e2d\u6587\u0130\u00df")
WORDS = BASE + LETTERS + ["wine", "Caf\u00e9", "cafe", "the"]


def flags(content, **more):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, **more}


# name: files of the directory; strings are written as they are, other values as JSON.
VOCAB_DIRECTORIES = {
    "nothing but words": {},
    "cased": {"tokenizer_config.json": {"do_lower_case": False, "model_max_length": 10**30}},
    "keep accents": {"tokenizer_config.json": {"strip_accents": False}},
    "cased, strip accents": {"tokenizer_config.json": {"do_lower_case": False, "strip_accents": True}},
    "no ideographs apart": {"tokenizer_config.json": {"tokenize_chinese_chars": False}},
    "names in the configuration": {
        "vocab.txt": ["<p>", "<u>", "<c>", "<s>", "<m>"] + LETTERS,
        "tokenizer_config.json": {"unk_token": "<u>", "cls_token": "<c>", "sep_token": "<s>", "pad_token": "<p>",
                                  "mask_token": {"__type": "AddedToken", **flags("<m>", lstrip=True)}}},
    "names in the map": {
        "vocab.txt": ["<p>", "<u>", "<c>", "<s>", "<m>"] + LETTERS,
        "tokenizer_config.json": {"unk_token": "[UNK]", "do_lower_case": True},
        "special_tokens_map.json": {"unk_token": "<u>", "cls_token": flags("<c>", rstrip=True, normalized=False),
                                    "sep_token": "<s>", "pad_token": "<p>", "mask_token": flags("<m>", normalized=True)}},
    "decoder": {
        "tokenizer_config.json": {"added_tokens_decoder": {
            **{str(i): flags(t, normalized=False, special=True) for i, t in enumerate(BASE)},
            str(len(WORDS)): flags("<New>", normalized=True, special=False),
            str(len(WORDS) + 1): flags("wine9", single_word=True, normalized=False, special=False)}},
        "special_tokens_map.json": {"unk_token": "not read"}},
    "added": {"added_tokens.json": {"<New>": len(WORDS), "<e1>": len(WORDS) + 1}},
    "added and special": {"added_tokens.json": {"<New>": len(WORDS), "<e1>": len(WORDS) + 1},
                          "special_tokens_map.json": {"additional_special_tokens": ["<e1>"]}},
    "added and special in the configuration": {
        "added_tokens.json": {"<New>": len(WORDS), "<e1>": len(WORDS) + 1},
        "tokenizer_config.json": {"additional_special_tokens": ["<e1>"]}},
    "decoder without flags": {"tokenizer_config.json": {
        "mask_token": "<New>", "extra_special_tokens": ["<e1>"],
        "added_tokens_decoder": {str(len(WORDS)): flags("<New>"), str(len(WORDS) + 1): flags("<e1>")}}},
    "further": {"tokenizer_config.json": {"additional_special_tokens": ["<New>", "wine"], "extra_special_tokens": {}}},
    "further, version 5": {"tokenizer_config.json": {"extra_special_tokens": ["<New>", "<e1>"]}},
    "lines": {"vocab.txt": "\n".join(BASE + ["wine \t", "the\u00a0", "wine", "", "\u3000", "cafe\r", "", "a"])},
}
TEXTS = ["", "wine", "The WINE, caf\u00e9 Caf\u00e9 CAFE\u0301", "\u0130\u00df \u4e2d\u6587wine", "<New> <new> <NEW> x<New>y", "a <e1> b <E1>",
         "wine9 awine9 wine9.", "<c>a <s> b<m> c <M> <u> <p>", "[CLS] a [MASK] b [mask]", "x" * 99 + " " + "x" * 101]


def write_directory(directory, files):
    directory.mkdir()
    for name, value in {"vocab.txt": WORDS, "config.json": {"model_type": "bert"}, **files}.items():
        if name == "vocab.txt":
            value = value if isinstance(value, str) else "".join(w + "\n" for w in value)
        (directory / name).write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8",
                                      newline="")
    return directory


def fuzzed(n):
    rng, words = random.Random(7), compare.english()
    return [compare.fuzz_text(rng, words) for _ in range(n)]


def odd_json():
    """tokenizer.json files with what models of the usual kind do not have."""
    vocab = make_json(LETTERS, bert_normalizer(True))["model"]["vocab"]
    yield "BertProcessing", make_json(LETTERS, bert_normalizer(True), post_processor={
        "type": "BertProcessing", "sep": ["[SEP]", vocab["[SEP]"]], "cls": ["[CLS]", vocab["[CLS]"]]})
    tree = make_json(LETTERS, {"type": "Sequence", "normalizers": [
        {"type": "Lowercase"}, {"type": "Sequence", "normalizers": []}, {"type": "NFD"}, {"type": "StripAccents"},
        bert_normalizer(False)]})
    del tree["model"]["type"]
    yield "nested sequence, no model type", tree
    tree = make_json(LETTERS, bert_normalizer(True))
    tree["model"].update(continuing_subword_prefix="", max_input_chars_per_word=5)
    tree["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    yield "no prefix, short words", tree
    yield "white space in tokens", make_json(LETTERS, bert_normalizer(True), more_added=[
        added(0, "<", rstrip=True), added(0, " a"), added(0, "b", lstrip=True), added(0, "\u3000", rstrip=True),
        added(0, "", normalized=True), added(0, "a", normalized=True, lstrip=True, rstrip=True)])
    tree = make_json(LETTERS, bert_normalizer(True))
    tree["post_processor"]["pair"] = [
        {"Sequence": {"id": "B", "type_id": 5}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}},
        {"SpecialToken": {"id": "two", "type_id": 3}}, {"Sequence": {"id": "A", "type_id": 2}}]
    tree["post_processor"]["special_tokens"]["two"] = {"id": "two", "ids": [4, 7], "tokens": ["x", "y"]}
    yield "general template", tree


def main():
    from transformers import AutoTokenizer
    driver, total = Path(sys.argv[1]), compare.Comparison()
    with tempfile.TemporaryDirectory() as temporary:
        for i, (name, files) in enumerate(VOCAB_DIRECTORIES.items()):
            where = write_directory(Path(temporary) / f"vocab{i}", files)
            reference = Reference(where, AutoTokenizer.from_pretrained(where)._tokenizer)
            compare_one(driver, total, name, where, reference)
        for i, (name, tree) in enumerate(odd_json()):
            where = write_json(Path(temporary) / f"json{i}", tree)
            compare_one(driver, total, name, where, Reference(where))
    print(f"{total.n} texts, {total.n_bad} different")
    return total.n_bad != 0


def compare_one(driver, total, name, where, reference):
    ours = Driver(driver, where, reference.vocab_size)
    texts = TEXTS + fuzzed(1000)
    pairs = list(zip(texts, reversed(texts)))
    for batch, limit, truncation in ((texts, 4096, 0), (pairs, 4096, 0), (texts, 9, oracle.LEFT), (pairs, 12, 0)):
        total.check(name, batch, reference.encode(batch, limit, truncation),
                    ours.encode(batch, limit, truncation), limit, truncation)


if __name__ == "__main__":
    sys.exit(main())
