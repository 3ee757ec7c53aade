# SPDX-License-Identifier: Apache-2.0
"""The script contract, the same for every host: load a script, call it, bring its results into one shape.

Plain Python 3.8 without any package. Hosts run this text; it is no module that a script could import.
"""
import sys


class ContractError(Exception):
    """The script broke the contract."""


MAX_LABEL_CHARACTERS = 1024
MAX_BATCH_LIMIT = 65536


def part_streams():
    """What a script prints is no data, and what comes in is not for it to read: so in every host."""
    import os

    sys.stdout = sys.stderr
    sys.stdin = open(os.devnull)


class Script:
    """A loaded script. Not for several threads unless it declares MAX_CONCURRENCY."""

    def __init__(self, path, args):
        import os
        import types

        self.path = os.path.abspath(path)
        # As `python script.py args`: its folder is first on the path, sys.argv is its own.
        sys.argv = [path] + list(args)
        folder = os.path.dirname(self.path)
        if sys.path[:1] != [folder]:
            sys.path.insert(0, folder)
        self.name = "cuvee_script_" + "".join(c if c.isalnum() else "_" for c in os.path.basename(path))
        while self.name in sys.modules:
            self.name += "_"
        self.module = types.ModuleType(self.name)
        self.module.__file__ = self.path
        sys.modules[self.name] = self.module  # pickle, dataclasses and typing look modules up there
        try:
            self._load()
        except BaseException:
            self.forget()
            raise

    def _load(self):
        with open(self.path, "rb") as f:
            code = compile(f.read(), self.path, "exec", dont_inherit=True)
        exec(code, self.module.__dict__)
        self.process_batch = getattr(self.module, "process_batch", None)
        if self.process_batch is None:
            raise ContractError("the script has no function process_batch(texts)")
        if not callable(self.process_batch):
            raise ContractError("process_batch is no function")
        self.labels = self._labels()
        self.max_batch = self._count("MAX_BATCH", MAX_BATCH_LIMIT)
        self.max_concurrency = self._count("MAX_CONCURRENCY", 1024)

    def forget(self):
        """What the script has loaded goes with the last reference to this; see collect()."""
        sys.modules.pop(self.name, None)

    def _labels(self):
        labels = getattr(self.module, "LABELS", None)
        if labels is None:
            return None
        if isinstance(labels, str) or not hasattr(labels, "__iter__"):
            raise ContractError("LABELS must be a list of strings")
        return [checked_label(label) for label in labels]

    def _count(self, name, limit):
        n = getattr(self.module, name, None)
        if n is None:
            return 0
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= limit:
            raise ContractError("%s must be an integer from 1 to %d, not %r" % (name, limit, n))
        return n

    def warmup(self):
        self._optional("warmup")

    def close(self):
        self._optional("close")

    def info(self):
        """get_model_info() as JSON text; None when the script has none."""
        info = self._optional("get_model_info")
        return None if info is None else to_json(info, "what get_model_info() returns")

    def _optional(self, name):
        function = getattr(self.module, name, None)
        return finish(function()) if callable(function) else None

    def call(self, texts):
        """Results of one batch as columns, see columns()."""
        return self.bring(self.process_batch(texts), len(texts))

    def bring(self, results, n):
        return columns(finish(results), n, self.labels)


def collect():
    """A script's functions and its module refer to each other."""
    import gc

    gc.collect()


# ---- coroutines ----

_loops = None


def finish(value):
    """What an `async def` gives is awaited, on an event loop that each thread keeps."""
    if not hasattr(value, "__await__"):
        return value
    global _loops
    import asyncio
    import threading

    if _loops is None:
        _loops = threading.local()
    loop = getattr(_loops, "loop", None)
    if loop is None:
        loop = _loops.loop = asyncio.new_event_loop()
    return loop.run_until_complete(value)


# ---- results ----


def columns(results, n, labels=None):
    """(labels, scores, extras, all, errors): per row a string, a float (NaN: the script gave none), JSON
    text of further keys or None, a list of (label, score) or None, and what is wrong with this row alone
    or None; the last three may be None as a whole."""
    if results is None:
        raise ContractError("process_batch returned None for %d texts" % n)
    if isinstance(results, dict):
        return from_dict(results, n, labels)
    if not isinstance(results, (list, tuple)):
        matrix = matrix_of(results)
        if matrix is not None:
            return from_matrix(matrix, n, labels)
        if not hasattr(results, "__iter__") or isinstance(results, (str, bytes)):
            raise ContractError("process_batch must return a list, not %s" % type(results).__name__)
        results = list(results)
    if len(results) != n:
        raise ContractError("process_batch returned %d results for %d texts" % (len(results), n))
    if labels and is_scores(results[0]):
        return from_matrix(nested(list(results)), n, labels)
    return from_rows(results)


def is_scores(result):
    """A number, or numbers: not a pair, which begins with its label."""
    first = result[0] if isinstance(result, (list, tuple)) and result else result
    return hasattr(first, "__float__") and not hasattr(first, "__len__")


def from_rows(results):
    names, scores, extras, every, errors = [], [], None, None, None
    for row, result in enumerate(results):
        try:
            label, score, extra, all_scores = one_row(result)
        except ContractError as error:
            label, score, extra, all_scores = "", NAN, None, None
            errors = errors or [None] * len(results)
            errors[row] = printable(str(error))
        names.append(label)
        scores.append(score)
        if extra is not None:
            extras = extras or [None] * len(results)
            extras[row] = extra
        if all_scores is not None:
            every = every or [None] * len(results)
            every[row] = all_scores
    return names, scores, extras, every, errors


def one_row(result):
    if isinstance(result, dict):
        return from_mapping(result) + (None,)
    if isinstance(result, str):
        return checked_label(result), NAN, None, None
    if isinstance(result, (list, tuple)):
        if result and isinstance(result[0], (dict, list, tuple)):  # top_k=None: every label's score
            pairs = [from_mapping(r)[:2] if isinstance(r, dict) else pair(r) for r in result]
            best = max(range(len(pairs)), key=lambda i: pairs[i][1])
            return pairs[best] + (None, pairs)
        return pair(result) + (None, None)
    raise ContractError(
        "a result must be a dict, a (label, score) pair or a label, not %s" % type(result).__name__)


def pair(result):
    if len(result) != 2:
        raise ContractError("a pair (label, score) has 2 members, not %d" % len(result))
    return checked_label(result[0]), checked_score(result[1])


def from_mapping(result):
    if "label" not in result:
        raise ContractError("the result has no key 'label'")
    label = checked_label(result["label"])
    score = checked_score(result["score"]) if "score" in result else NAN
    if len(result) <= 1 + ("score" in result):
        return label, score, None
    rest = {k: v for k, v in result.items() if k not in ("label", "score")}
    return label, score, to_json(rest, "further keys of a result")


def from_dict(table, n, labels):
    """A dict of columns."""
    if n and "label" not in table and "labels" in table:
        table = dict(table, label=table["labels"])
        del table["labels"]
    if "label" not in table:
        raise ContractError("the dict of columns has no key 'label'")
    if "score" not in table and "scores" in table:
        table = dict(table, score=table["scores"])
        del table["scores"]
    for key, column in table.items():
        if isinstance(column, (str, bytes)) or not hasattr(column, "__len__"):
            raise ContractError("column %r must be a list, not %s" % (key, type(column).__name__))
        if len(column) != n:
            raise ContractError("column %r has %d rows for %d texts" % (key, len(column), n))
    keys = list(table)
    return from_rows([{key: table[key][i] for key in keys} for i in range(n)])


def matrix_of(results):
    """Floats as (rows, width, flat values) out of a buffer; None when it is none."""
    try:
        view = memoryview(results)
    except TypeError:
        if hasattr(results, "tolist"):  # tensors
            return nested(results.tolist())
        return None
    if view.format not in ("f", "d", "<f", "<d", "@f", "@d", "=f", "=d"):
        return nested(results.tolist()) if hasattr(results, "tolist") else None
    if view.ndim not in (1, 2):
        raise ContractError("a buffer of scores has 1 or 2 dimensions, not %d" % view.ndim)
    return nested(view.tolist())


def nested(rows):
    if not isinstance(rows, list):
        return None
    if rows and not isinstance(rows[0], (list, tuple)):
        return [[value] for value in rows]
    return rows


def from_matrix(rows, n, labels):
    if len(rows) != n:
        raise ContractError("process_batch returned %d rows of scores for %d texts" % (len(rows), n))
    if not labels:
        raise ContractError("a buffer of scores needs LABELS in the script")
    width = len(rows[0]) if rows else 0
    if any(len(row) != width for row in rows):
        raise ContractError("rows of scores differ in length")
    if width == 1 and len(labels) == 2:
        # One number for each text: the probability of the second label.
        rows = [[1.0 - row[0], row[0]] for row in rows]
    elif width != len(labels):
        raise ContractError("%d scores for each text, but %d LABELS" % (width, len(labels)))
    return from_rows([list(zip(labels, values)) for values in rows])


# ---- values ----

NAN = float("nan")


def checked_label(label):
    if not isinstance(label, str):
        raise ContractError("a label must be a string, not %s" % type(label).__name__)
    if len(label) > MAX_LABEL_CHARACTERS or "\0" in label:
        raise ContractError("a label has at most %d characters and no NUL" % MAX_LABEL_CHARACTERS)
    try:
        label.encode("utf-8")
    except UnicodeEncodeError:
        raise ContractError("a label must be valid Unicode: %a" % label) from None
    return str(label)


def checked_score(score):
    if isinstance(score, (str, bytes, bool)):
        raise ContractError("a score must be a number, not %s" % type(score).__name__)
    try:
        value = float(score)  # numpy's float32 is no float
    except (MemoryError, TimeoutError):
        raise  # they are not about this score
    except Exception:
        raise ContractError("a score must be a number, not %s" % type(score).__name__) from None
    if value != value or value in (float("inf"), float("-inf")):
        raise ContractError("the score is not finite: %r" % value)
    return value


def plain(value):
    """For json: numpy scalars, arrays, sets."""
    for name in ("tolist", "item"):
        if hasattr(value, name):
            return getattr(value, name)()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    raise TypeError("%s is not JSON" % type(value).__name__)


def to_json(value, what):
    import json

    try:
        text = json.dumps(value, default=plain, allow_nan=False, ensure_ascii=True)
        if "\\ud" in text:  # half of a pair is no text; many readers of JSON refuse it
            json.dumps(value, default=plain, ensure_ascii=False).encode("utf-8")
        return text
    except (TypeError, ValueError, RecursionError) as e:
        raise ContractError("%s must be JSON: %s" % (what, e)) from None


# ---- errors ----


def describe(error):
    """(one line "Type: message", where in the script or "", traceback or "") of an exception, however
    odd. SystemExit and KeyboardInterrupt are errors of the batch like others."""
    import os
    import traceback

    if isinstance(error, ContractError):
        return printable(str(error)), "", ""
    try:
        lines = "".join(traceback.format_exception_only(type(error), error)).strip()
        line = lines.split("\n")[-1]
        # The first frames are ours.
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != "<cuvee>"]
        places = [(f.filename, f.lineno) for f in frames]
        if isinstance(error, SyntaxError):
            places.append((error.filename or "", error.lineno or 0))
        where = "%s, line %d" % (os.path.basename(places[-1][0]), places[-1][1]) if places else ""
        trace = "Traceback (most recent call last):\n" + "".join(traceback.format_list(frames)) + lines
    except Exception:
        line, where, trace = type(error).__name__, "", ""
    return printable(line[:4000]), printable(where), printable(trace[-16000:])


def printable(text):
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def end_forked(error):
    """The end of a child that the script forked and that has come out of the script's code: there is nothing for it to
    come back to. It ends as a Python program would, but what we have begun is not its own to end."""
    import os
    import traceback

    status = 0
    if isinstance(error, SystemExit):
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        traceback.print_exception(type(error), error, error.__traceback__)
        status = 1
    try:
        sys.stderr.flush()
    finally:
        os._exit(status & 255)
