# SPDX-License-Identifier: Apache-2.0
"""The reference tokenizer and the C driver side by side; used by golden.py and compare.py.

Every configuration is a directory with a tokenizer.json, so both sides read the same file.
"""
import json
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PIN = "0.23.3"
RIGHT, LEFT, ERROR = 0, 1, 2
E_TOO_LONG = -10

try:
    import numpy as np
    import tokenizers
    from tokenizers import Tokenizer
except ImportError:
    print("skipped: no tokenizers package; scripts/oracle-venv makes build/venv", file=sys.stderr)
    sys.exit(77)
if tokenizers.__version__ != PIN:
    print(f"skipped: tokenizers {tokenizers.__version__}, need {PIN}; run scripts/oracle-venv", file=sys.stderr)
    sys.exit(77)

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def added(i, content, **flags):
    token = dict(id=i, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False,
                 special=False)
    return {**token, **flags}


def bert_normalizer(lowercase, strip_accents=None, clean=True, cjk=True):
    return {"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": cjk,
            "strip_accents": strip_accents, "lowercase": lowercase}


def template(vocab):
    def special(token, type_id=0):
        return {"SpecialToken": {"id": token, "type_id": type_id}}

    def text(name, type_id=0):
        return {"Sequence": {"id": name, "type_id": type_id}}
    single = [special("[CLS]"), text("A"), special("[SEP]")]
    return {"type": "TemplateProcessing", "single": single,
            "pair": single + [text("B", 1), special("[SEP]", 1)],
            "special_tokens": {t: {"id": t, "ids": [vocab[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")}}


def make_json(words, normalizer, pre_tokenizer="BertPreTokenizer", more_added=(), post_processor=None):
    """A tokenizer.json with the special tokens first; more_added: dicts of added(), ids filled in here."""
    vocab = {}
    for w in SPECIALS + list(words):
        vocab.setdefault(w, len(vocab))
    tokens = [added(vocab[t], t, special=True) for t in SPECIALS]
    following = len(vocab)
    for t in more_added:
        if t["content"] in vocab:
            i = vocab[t["content"]]
        else:
            i, following = following, following + 1
        tokens.append({**t, "id": i})
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens,
            "normalizer": normalizer, "pre_tokenizer": {"type": pre_tokenizer},
            "post_processor": post_processor or template(vocab), "decoder": None,
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": vocab}}


def dense(chars, words=()):
    """Words, and each character as a beginning and as a continuation, so that ids show every character."""
    return list(words) + [p + c for p in ("", "##") for c in chars if c != "\0"]  # no JSON key can hold it


def write_json(directory, tree):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "tokenizer.json").write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    return directory


class Reference:
    def __init__(self, directory, tokenizer=None):
        self.tokenizer = tokenizer or Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.vocab_size = max(self.tokenizer.get_vocab().values()) + 1

    def encode(self, texts, max_length, truncation):
        """texts: strings or pairs -> list of (ids, type_ids, truncated), or E_TOO_LONG."""
        self.tokenizer.no_truncation()
        whole = self.tokenizer.encode_batch(texts)
        if truncation == ERROR or all(len(e.ids) <= max_length for e in whole):
            return [(e.ids, e.type_ids, False) if len(e.ids) <= max_length else E_TOO_LONG for e in whole]
        # The reference also makes an encoding of every part that it cuts off, of pairs one of every combination:
        # gigabytes for a batch, so a few at a time, and callers keep texts short where max_length is small.
        self.tokenizer.enable_truncation(max_length, direction="left" if truncation == LEFT else "right")
        cut = []
        for i in range(0, len(texts), 100):
            cut += [(e.ids, e.type_ids) for e in self.tokenizer.encode_batch(texts[i:i + 100])]
        return [(ids, type_ids, len(w.ids) > max_length) for w, (ids, type_ids) in zip(whole, cut)]


class Driver:
    """The C program; one batch at a time, so neither side's pipe fills up while the other waits."""

    def __init__(self, program, directory, vocab_size):
        self.command = [str(program), str(directory), str(vocab_size)]

    def encode(self, texts, max_length, truncation):
        return self.encode_mixed([(t, max_length, truncation) for t in texts])

    def encode_mixed(self, records):
        """records: (text or pair, max_length, truncation); strings or bytes."""
        parts = []
        for text, max_length, truncation in records:
            a, b = text if isinstance(text, tuple) else (text, None)
            a = a.encode() if isinstance(a, str) else a
            b = b.encode() if isinstance(b, str) else b
            parts.append(struct.pack("4i", len(a), -1 if b is None else len(b), max_length, truncation))
            parts.append(a)
            if b is not None:
                parts.append(b)
        done = subprocess.run(self.command, input=b"".join(parts), stdout=subprocess.PIPE)
        if done.returncode:
            sys.exit(f"{' '.join(self.command)}: exit {done.returncode}")
        out, at, results = np.frombuffer(done.stdout, dtype=np.int32).tolist(), 0, []
        for _ in records:
            n, notes = out[at:at + 2]
            at += 2
            if n < 0:
                results.append(n)
            else:
                results.append((out[at:at + n], out[at + n:at + 2 * n], bool(notes & 1)))
                at += 2 * n
        assert at == len(out)
        return results
