#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare_with_python.py DUMP_ROWS REPOSITORY [PEAK_KB]: rows as Python's csv and json see them.

Random nasty files are read by both sides. Where Cuvee decides otherwise, the oracle here is bent and
says so. Then a long stream of each format goes through a pipe, and memory must stay where it was."""
import csv
import io
import json
import math
import os
import random
import subprocess
import sys
import tempfile

DUMP, REPOSITORY = sys.argv[1:3]
ROUNDS = 1000
STREAM_BYTES = 200 << 20
PEAK_KB = int(sys.argv[3]) if len(sys.argv) > 3 else 16 << 10


def dump(path, *options):
    done = subprocess.run([DUMP, *options, path], capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.decode("utf-8").split("\n") if line]


def fail(what, data, expected, got):
    print(f"{what} differs for {data!r}")
    for a, b in zip(expected + [None] * len(got), got + [None] * len(expected)):
        if a != b:
            print(f"  python {a!r}\n  cuvee  {b!r}")
            break
    sys.exit(1)


def csv_records(text):
    """(line, cells or None). Strict, as RFC 4180 has it; Python's default takes text after a closing quote
    as part of the cell, which shifts columns in silence. A bad record costs its first line only."""
    lines = list(io.StringIO(text, newline=""))
    at = 0
    while at < len(lines):
        if not lines[at].rstrip("\r\n"):  # a blank line is no record (DictReader, pandas)
            at += 1
            continue
        reader = csv.reader(iter(lines[at:]), strict=True)
        try:
            yield at + 1, next(reader)
            at += reader.line_num
        except csv.Error:
            yield at + 1, None
            at += 1


def expected_csv(data, column):
    records = csv_records(data.decode("utf-8", errors="replace"))
    _, header = next(records)
    rows = []
    for line, cells in records:
        if cells is None:
            rows.append((line, True, None, []))
            continue
        kept = cells[:len(header)]
        text = cells[column] if column < len(cells) else None
        rows.append((line, len(cells) > len(header) or text is None, text, kept))
    return rows


def nasty_csv(rng):
    pieces = [b'"', b'""', b'"', b",", b",", b"\n", b"\r\n", b"\r", b" ", b"a", b"text", "\u00e9".encode(),
              b"\xff", b"\xe2\x82", b"\t", b"\x00", b"'", b'"quoted"', b'"a\nb"', b'"x""y"', b"\n\n", b",\n"]
    return b"a,b,c\r\n" + b"".join(rng.choices(pieces, k=rng.randrange(60)))


def compare_csv(path, rng):
    data = nasty_csv(rng)
    column = rng.randrange(3)
    with open(path, "wb") as f:
        f.write(data)
    got = [(r["line"], r["error"] is not None, r["text"], r["fields"])
           for r in dump(path, "--csv", "--column", "abc"[column])]
    expected = expected_csv(data, column)
    if got != expected:
        fail("csv", data, expected, got)
    return len(got)


def refuse(*_):
    raise ValueError


def no_duplicates(pairs):
    # A NUL in a key is refused: the values are kept under C strings.
    if len(dict(pairs)) != len(pairs) or any("\0" in key for key, _ in pairs):
        raise ValueError
    return dict(pairs)


def finite(text):
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def expected_jsonl(data):
    rows = []
    for i, line in enumerate(data.split(b"\n")):
        if not line.strip(b" \t\r"):
            continue
        try:
            text = line.decode("utf-8")
            value = json.loads(text, object_pairs_hook=no_duplicates, parse_constant=refuse,
                               parse_float=finite, parse_int=finite)
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # lone surrogates
            if not isinstance(value, dict):
                raise ValueError
            kept = [text.strip(" \t\r")]
        except (ValueError, OverflowError):
            rows.append((i + 1, True, None, []))
            continue
        text = value.get("text")
        rows.append((i + 1, not isinstance(text, str), text if isinstance(text, str) else None, kept))
    return rows


def nasty_jsonl(rng):
    strings = ['"text"', '"text"', '"text"', '"a"', '"te\\u0078t"', '""', '"\\ud83d\\ude00"', '"\\ud83d"',
               '"\\udc00x"', '"\\u0000"', '"\u00e9\u2028"', '"\\q"', '"tab\t"', '"\x7f"', '"\\"\\\\\\/\\b"',
               '"open', '"\\u12g4"', '"in_text"']
    values = strings + ["1", "-0", "1.5e300", "1e999", "01", "1.", ".5", "+1", "12345678901234567890123",
                        "null", "true", "NaN", "Infinity", "[]", "{}", '[1,{"a":[2]}]', "[", "nul",
                        "9" * 400, '{"text":"x"}']

    def line():
        if rng.random() < 0.1:
            return "".join(rng.choices(['{', '}', '"', ' ', ',', ':', '1', '[', '\r', '\ufeff'],
                                       k=rng.randrange(8)))
        members = [rng.choice(strings if rng.random() < 0.3 else strings[:3]) + rng.choice([":", " : ", ":\t"])
                   + (rng.choice(values) if rng.random() < 0.5 else '"fine"')
                   for _ in range(rng.randrange(4))]
        return (rng.choice(["", " "]) + "{" + ",".join(members) + "}" + rng.choice(["", "", "", ",", " x", "\r"]))

    text = "\n".join(line() for _ in range(rng.randrange(1, 12))).encode("utf-8")
    if rng.random() < 0.3:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice([b"\xff", b"\xed\xa0\x80", b"\xc3", b"\x00"]) + text[at:]
    return text


def compare_jsonl(path, rng):
    data = nasty_jsonl(rng)
    if data.startswith("\ufeff".encode()):  # at the start of a file it is a byte-order mark
        return 0
    with open(path, "wb") as f:
        f.write(data)
    got = [(r["line"], r["error"] is not None, r["text"], r["fields"]) for r in dump(path, "--jsonl")]
    expected = expected_jsonl(data)
    if got != expected:
        fail("jsonl", data, expected, got)
    return len(got)


def compare_text(path, rng):
    """Line ends are LF and CRLF, as wc and grep have them; Python's own would split at CR too."""
    data = b"".join(rng.choices([b"a", b"\n", b"\r\n", b"\r", b"\xff", b"\xf0\x9f", "\u00e9".encode(), b"\x00"],
                                k=rng.randrange(40)))
    encoding = rng.choice(["utf-8", "latin1", "cp1252"])  # known to both by that name
    with open(path, "wb") as f:
        f.write(data)
    text = data.decode(encoding, errors="replace")
    lines = text.split("\n")
    expected = [(i + 1, line[:-1] if line.endswith("\r") and i + 1 < len(lines) else line, line.count("\ufffd"))
                for i, line in enumerate(lines) if line or i + 1 < len(lines)]
    got = [(r["line"], r["text"], r["replaced"]) for r in dump(path, "--text", "--encoding", encoding)]
    if got != expected:
        fail(f"text ({encoding})", data, expected, got)
    return len(got)


def compare_reviews():
    path = os.path.join(REPOSITORY, "examples", "wine-reviews.csv")
    with open(path, newline="", encoding="utf-8") as f:
        expected = list(csv.reader(f))
    got = [r["fields"] for r in dump(path, "--csv", "--column", "description")]
    if len(got) != 1000 or got != expected[1:]:
        fail("wine-reviews.csv", path, expected[1:], got)


def stream(name, head, chunk, n_rows_of_chunk, *options):
    n = STREAM_BYTES // len(chunk)
    child = subprocess.Popen([DUMP, "--count", *options, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(head)
    for _ in range(n):
        child.stdin.write(chunk)
    child.stdin.close()
    told = json.loads(child.stdout.read())
    if child.wait() != 0 or told["rows"] != n * n_rows_of_chunk or told["bytes"] != len(head) + n * len(chunk):
        sys.exit(f"{name}: wrong count: {told}, {n * n_rows_of_chunk} rows were sent")
    if told["peak_kb"] > PEAK_KB:
        sys.exit(f"{name}: {told['peak_kb']} kB for a stream; {PEAK_KB} kB are enough")
    print(f"{name}: {told['bytes'] >> 20} MB in {told['rows']} rows, peak {told['peak_kb']} kB")


def main():
    compare_reviews()
    rng = random.Random(20260101)
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "input")
        for compare in (compare_csv, compare_jsonl, compare_text):
            n = sum(compare(path, rng) for _ in range(ROUNDS))
            print(f"{compare.__name__}: {ROUNDS} files, {n} rows, all equal")
    words = b"ripe, \"\"long\"\"\nand lovely " * 40
    stream("csv", b"n,text\r\n", (b'1,"' + words + b'"\r\n') * 20, 20, "--csv")
    stream("bad csv", b"n,text\n", b'1,"x"y\n2,5" pipe\n3,"a\nb"\n' * 2000, 6000, "--csv")
    stream("jsonl", b"", b'{"text":"' + b"ripe \\u00e9 " * 100 + b'","n":[1,2,3]}\n', 1, "--jsonl")
    stream("text", b"", b"ripe and lovely\n\xff\n" * 4000, 8000, "--text")
    stream("utf-16", b"\xff\xfe", "ripe \U0001f377\n".encode("utf-16le") * 4000, 4000, "--text")


main()
