#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden logits: what Hugging Face Transformers says about small random models and the shipped one.

    build/venv/bin/python tests/golden/make_logits.py           write tests/golden/models/, logits/
    build/venv/bin/python tests/golden/make_logits.py --check   make all again elsewhere and compare

Run it in the virtual environment of scripts/oracle-venv; the files say with which versions they
were made. Each model has odd sizes of its own (see MODELS). The reference loads the directory as
anybody would, with dtype=torch.float32 (Transformers 5 otherwise computes in the stored type), and
takes one text at a time, so that it has no padding either.
"""
import argparse
import csv
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
try:
    import tokenizers
    import torch
    import transformers
except ImportError as e:
    print(f"make_logits.py: {e}: run it with build/venv/bin/python (scripts/oracle-venv makes it)")
    sys.exit(77)  # ctest: skipped

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent
SHIPPED = TREE / "models/sentiment-en"
REVIEWS = TREE / "examples/wine-reviews.csv"

# Largest difference between two runs of the reference itself: another CPU sums in another order.
REPEAT_TOLERANCE = 2e-5

# name: options of scripts/make-random-model.
MODELS = {
    "distilbert-1layer": "--layers 1 --hidden 33 --heads 3 --intermediate 70 --positions 40",
    "distilbert-16heads": "--layers 2 --hidden 48 --heads 16 --intermediate 100 --positions 64"
                          " --dtype f16",
    "distilbert-1label": "--layers 3 --hidden 20 --heads 1 --intermediate 37 --positions 48"
                         " --labels 1 --dtype bf16",
    "distilbert-sinusoidal": "--layers 2 --hidden 24 --heads 2 --intermediate 50 --positions 64"
                             " --act relu --set sinusoidal_pos_embds=true --labels 5",
    "distilbert-long": "--layers 2 --hidden 64 --heads 1 --intermediate 130 --positions 300"
                       " --dtype f16",
    "bert-7labels": "--family bert --layers 2 --hidden 36 --heads 6 --intermediate 129"
                    " --positions 64 --labels 7"
                    " --set problem_type=\"multi_label_classification\"",
    "bert-shards": "--family bert --layers 2 --hidden 40 --heads 5 --intermediate 96"
                   " --positions 64 --dtype bf16 --shards 3 --types 3",
    "bert-gelu-new": "--family bert --layers 1 --hidden 31 --heads 1 --intermediate 65"
                     " --positions 64 --act gelu_new --labels 3 --dtype f16",
    "bert-regression": "--family bert --layers 2 --hidden 28 --heads 14 --intermediate 31"
                       " --positions 64 --act silu --labels 1 --set problem_type=\"regression\""
                       " --set layer_norm_eps=1e-3",
    "bert-f64": "--family bert --layers 1 --hidden 16 --heads 4 --intermediate 40 --positions 64"
                " --dtype f64",
    "bert-wide": "--family bert --layers 2 --hidden 72 --heads 12 --intermediate 288"
                 " --positions 128 --dtype f16 --labels 4",
}

WORDS = """the a of and wine red white ripe dry ##ly ##ness ##er very not fruit oak plum cherry nose
palate finish good bad thin flat bright deep 2015 750 ml""".split()

TEXTS = [
    "",
    "wine",
    "The ripe red wine, very dry.",
    "Not good: thin, flat and bad (750 ml)!",
    "Caf\u00e9 CR\u00c8ME br\u00fbl\u00e9e & co; \u00a312",
    "\U0001f377 and \u8461\u8404\u9152",
    "deep cherry fruit on the nose and palate " * 40,
    "x" * 120 + " y",
]
PAIRS = [("wine", "red"), ("The nose is bright", ""), ("deep plum " * 30, "a dry finish " * 30)]


def write_vocabulary(path):
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + list("0123456789")
    marks = [chr(c) for c in range(33, 127) if not chr(c).isalnum()]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [*special, *marks, *letters, *("##" + c for c in letters), *WORDS]
    path.write_text("\n".join(words) + "\n", encoding="utf-8")


def make_models(out):
    for i, (name, options) in enumerate(MODELS.items()):
        with tempfile.TemporaryDirectory() as scratch:
            vocab = pathlib.Path(scratch) / "vocab.txt"
            write_vocabulary(vocab)
            subprocess.run([sys.executable, TREE / "scripts/make-random-model", out / name,
                            "--vocab", vocab, "--seed", str(i + 1), *options.split()], check=True)


class Reference:
    """One model directory in Transformers."""

    def __init__(self, path):
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(
            path, dtype=torch.float32, attn_implementation="eager")
        self.model.eval()
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(path)
        self.max_length = self.model.config.max_position_embeddings
        self.pipeline = transformers.pipeline("text-classification", model=self.model,
                                              tokenizer=self.tokenizer)

    def run(self, text, pair=None):
        """Token ids and types, logits; the label and score that the pipeline makes of them."""
        # As a list of one: outside a list the wrapper takes an empty pair for no pair.
        inputs = self.tokenizer([text if pair is None else (text, pair)], truncation=True,
                                max_length=self.max_length, return_tensors="pt",
                                return_token_type_ids=True)
        types = inputs["token_type_ids"]
        if self.model.config.model_type == "distilbert":
            del inputs["token_type_ids"]
        with torch.no_grad():
            logits = self.model(**inputs).logits
        assert logits.dtype == torch.float32
        best = self.pipeline.postprocess({"logits": logits})
        return {
            "ids": inputs["input_ids"][0].tolist(),
            "type_ids": types[0].tolist(),
            "logits": [float(f"{x:.9g}") for x in logits[0].tolist()],
            "label": self.model.config.label2id[best["label"]],
            "score": float(f"{best['score']:.9g}"),
        }


def versions():
    return {"torch": torch.__version__.partition("+")[0], "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__}


def random_model_golden(path):
    reference = Reference(path)
    cases = [{"text": t, **reference.run(t)} for t in TEXTS]
    if reference.model.config.model_type == "bert":
        cases += [{"text": a, "pair": b, **reference.run(a, b)} for a, b in PAIRS]
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    return f'{{"versions":{json.dumps(versions())},\n"cases":[\n{lines}\n]}}\n'


def shipped_golden():
    """CSV: index of the review, tokens, logits."""
    reference = Reference(SHIPPED)
    digest = hashlib.sha256((SHIPPED / "model.safetensors").read_bytes()).hexdigest()
    lines = [f"# model.safetensors {digest}", "# " + json.dumps(versions()),
             "index,tokens,logit_0,logit_1,label,score"]
    with open(REVIEWS, encoding="utf-8", newline="") as f:
        for i, row in enumerate(csv.DictReader(f)):
            r = reference.run(row["description"])
            numbers = [*r["logits"], r["label"], r["score"]]
            lines.append(f"{i},{len(r['ids'])}," + ",".join(f"{x:.9g}" for x in numbers))
    return "\n".join(lines) + "\n"


def make_all(out):
    (out / "logits").mkdir(parents=True, exist_ok=True)
    make_models(out / "models")
    for name in MODELS:
        (out / "logits" / f"{name}.json").write_text(random_model_golden(out / "models" / name))
    (out / "logits/sentiment-en.csv").write_text(shipped_golden())


def files_below(path):
    return sorted(p.relative_to(path) for kind in ("models", "logits")
                  for p in (path / kind).rglob("*") if p.is_file())


def compare_random(old, new):
    worst = 0.0
    old, new = (json.loads(x)["cases"] for x in (old, new))
    assert [c["ids"] for c in old] == [c["ids"] for c in new], "token ids differ"
    for a, b in zip(old, new):
        worst = max(worst, *(abs(x - y) for x, y in zip(a["logits"], b["logits"])))
    return worst


def compare_shipped(old, new):
    worst = 0.0
    rows = [[line.split(",") for line in x.splitlines()[2:]] for x in (old, new)]
    assert len(rows[0]) == len(rows[1]), "number of reviews differs"
    for a, b in zip(rows[0][1:], rows[1][1:]):
        assert a[:2] == b[:2], f"review {a[0]}: number of tokens differs"
        worst = max(worst, *(abs(float(x) - float(y)) for x, y in zip(a[2:4], b[2:4])))
    return worst


def check():
    with tempfile.TemporaryDirectory() as scratch:
        new = pathlib.Path(scratch)
        make_all(new)
        assert files_below(HERE) == files_below(new), "other files than those committed"
        failed = 0
        for name in files_below(HERE):
            a, b = (HERE / name).read_bytes(), (new / name).read_bytes()
            if name.parts[0] == "models":
                worst, same = 0.0, a == b
            else:
                compare = compare_shipped if name.suffix == ".csv" else compare_random
                worst = compare(a.decode(), b.decode())
                same = worst <= REPEAT_TOLERANCE
                print(f"{name}: max |diff| {worst:.2e}")
            if not same:
                failed += 1
                print(f"{name}: DIFFERS from what is committed")
        return failed


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--check", action="store_true", help="compare with the committed files")
    a = p.parse_args()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)  # texts are short; and two runs sum in the same order
    if a.check:
        sys.exit(1 if check() else 0)
    make_all(HERE)


if __name__ == "__main__":
    main()
