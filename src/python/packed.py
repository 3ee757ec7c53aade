# SPDX-License-Identifier: Apache-2.0
"""Texts and results as bytes, for hosts that are not in the same process or cannot pass objects. Runs below
contract.py, in the same namespace; the C side is packed.c."""
import json
import struct

HEADER = struct.Struct("=4Q")


def texts_of(request, n, errors="replace"):
    """n + 1 offsets (u64), then the texts."""
    offsets = struct.unpack_from("=%dQ" % (n + 1), request)
    return [str(request[a:b], "utf-8", errors) for a, b in zip(offsets, offsets[1:])]


def answer(columns, n):
    """Scores (f64), indexes of labels (u32), the labels' names (u32 length and bytes each), and JSON of what few
    rows have. Before them a header: number of rows, of names, bytes of names, bytes of JSON."""
    labels, scores, extras, every, errors = columns
    index = {}
    indexes = [index.setdefault(label, len(index)) for label in labels]
    names = []
    for label in index:
        name = label.encode("utf-8")
        names += struct.pack("=I", len(name)), name
    names = b"".join(names)
    rest = b""
    if extras or every or errors:
        rest = json.dumps([extras, every, errors]).encode("ascii")
    return [HEADER.pack(n, len(index), len(names), len(rest)),
            struct.pack("=%dd" % n, *scores), struct.pack("=%dI" % n, *indexes), names, rest]


NO_MEMORY = [b'["MemoryError", "", ""]']


def told(error):
    """JSON [line, where, traceback]"""
    try:
        return [json.dumps(describe(error)).encode("ascii")]
    except MemoryError:
        return NO_MEMORY


def facts(script):
    """JSON of what the script says of itself."""
    return [json.dumps({
        "max_batch": script.max_batch, "max_concurrency": script.max_concurrency,
        "labels": script.labels, "info": script.info()}).encode("ascii")]
