# SPDX-License-Identifier: Apache-2.0
"""libcuvee by ctypes: just what the benchmarks call, so that both engines run in one process."""

import ctypes


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("os_errno", ctypes.c_int), ("offset", ctypes.c_int64), ("msg", ctypes.c_char * 496)]


class Text(ctypes.Structure):
    _fields_ = [("ptr", ctypes.c_char_p), ("len", ctypes.c_size_t), ("pair_ptr", ctypes.c_char_p), ("pair_len", ctypes.c_size_t)]


class ModelOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("precision", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("cache_dir", ctypes.c_char_p),
        ("cache_max_bytes", ctypes.c_uint64),
    ]


class PoolOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("n_workers", ctypes.c_uint32),
        ("batch_tokens", ctypes.c_uint32),
        ("max_queue", ctypes.c_uint32),
        ("isa", ctypes.c_char_p),
        ("on_batch", ctypes.c_void_p),
        ("on_batch_user", ctypes.c_void_p),
    ]


class ClassifyOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("max_length", ctypes.c_uint32),
        ("truncation", ctypes.c_uint32),
        ("activation", ctypes.c_uint32),
        ("timeout_ms", ctypes.c_int64),
    ]


LOGITS = 3  # CUVEE_ACTIVATION_NONE
PRECISIONS = {"f32": 1, "bf16": 2, "int8": 3}  # enum cuvee_precision


class Pool:
    """One model and its workers."""

    def __init__(self, library, model_dir, precision="f32", n_workers=0, batch_tokens=0, isa=None):
        self.lib = ctypes.CDLL(str(library))
        self.lib.cuvee_result_all_scores.restype = ctypes.POINTER(ctypes.c_float)
        self.lib.cuvee_result_n_labels.restype = ctypes.c_size_t
        self.lib.cuvee_result_n_labels.argtypes = [ctypes.c_void_p]
        self.lib.cuvee_result_all_scores.argtypes = [ctypes.c_void_p]
        for name in ("cuvee_result_free", "cuvee_pool_free", "cuvee_model_close"):
            getattr(self.lib, name).argtypes = [ctypes.c_void_p]
            getattr(self.lib, name).restype = None
        self.error = Error()
        self.model, self.pool = ctypes.c_void_p(), ctypes.c_void_p()
        model = ModelOptions(struct_size=ctypes.sizeof(ModelOptions), precision=PRECISIONS[precision])
        self.check(
            self.lib.cuvee_model_open(
                str(model_dir).encode(), ctypes.byref(model), ctypes.byref(self.model), ctypes.byref(self.error)
            )
        )
        options = PoolOptions(struct_size=ctypes.sizeof(PoolOptions), n_workers=n_workers, batch_tokens=batch_tokens, isa=isa)
        self.check(self.lib.cuvee_pool_create(self.model, ctypes.byref(options), ctypes.byref(self.pool), ctypes.byref(self.error)))

    def check(self, code):
        if code:
            raise RuntimeError(self.error.msg.decode())

    def texts(self, strings):
        array = (Text * len(strings))()
        for i, s in enumerate(strings):
            raw = s.encode()
            array[i] = Text(raw, len(raw), None, 0)
        return array

    def logits(self, texts):
        """Classify prepared texts(); returns a list of logits rows."""
        options = ClassifyOptions(struct_size=ctypes.sizeof(ClassifyOptions), activation=LOGITS)
        result = ctypes.c_void_p()
        self.check(
            self.lib.cuvee_classify(
                self.pool, texts, ctypes.c_size_t(len(texts)), ctypes.byref(options), ctypes.byref(result), ctypes.byref(self.error)
            )
        )
        n_labels = self.lib.cuvee_result_n_labels(result)
        scores = self.lib.cuvee_result_all_scores(result)
        rows = [scores[i * n_labels : (i + 1) * n_labels] for i in range(len(texts))]
        self.lib.cuvee_result_free(result)
        return rows

    def close(self):
        self.lib.cuvee_pool_free(self.pool)
        self.lib.cuvee_model_close(self.model)
