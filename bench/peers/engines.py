# SPDX-License-Identifier: Apache-2.0
"""The engines of bench/run-peers. Each has logits(texts): strings in, an array (texts, labels) out, tokenising
included; and tune(texts), which picks its best batch size. Every engine may use all cores.

An engine whose package or processor feature is missing raises Missing with the reason, which becomes its row.
"""

import contextlib
import time

import numpy as np

import onnx_graph
from cuvee_c import Pool

MAX_TOKENS = 512
BATCHES = (1, 4, 8, 16, 32)
TRIAL_SECONDS = 8  # for all batch sizes of an engine together


class Missing(Exception):
    pass


class Setting:
    """What all engines of a run share."""

    def __init__(self, model_dir, library, scratch, threads, calibration):
        import tokenizers

        self.model_dir, self.library, self.scratch, self.threads = model_dir, library, scratch, threads
        self.calibration = calibration  # texts that are not measured
        self.tokenizer = tokenizers.BertWordPieceTokenizer(str(model_dir / "vocab.txt"), lowercase=True)
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.shared = {}

    def torch_model(self):
        if "torch" not in self.shared:
            import torch
            from transformers import AutoModelForSequenceClassification

            torch.set_num_threads(self.threads)
            model = AutoModelForSequenceClassification.from_pretrained(self.model_dir, dtype=torch.float32)
            self.shared["torch"] = model.eval()
        return self.shared["torch"]


class Engine:
    name = precision = setup = None
    batch = None

    def __init__(self, setting):
        self.setting = setting

    def tune(self, texts):
        """Take the fastest batch size; a slow engine tries fewer."""
        best, begin = None, time.perf_counter()
        for batch in sorted(BATCHES, key=lambda b: abs(b - 16)):
            self.batch = batch
            start = time.perf_counter()
            self.logits(texts)
            now = time.perf_counter()
            if best is None or now - start < best[0]:
                best = (now - start, batch)
            if now - begin > TRIAL_SECONDS:
                break
        self.batch = best[1]


class Padded(Engine):
    """Texts sorted by length, cut into batches, each padded to its longest."""

    def run(self, ids, mask):
        raise NotImplementedError

    def run_batches(self, batches):
        return [self.run(ids, mask) for ids, mask in batches]

    def logits(self, texts):
        encodings = self.setting.tokenizer.encode_batch(texts)
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        batches = []
        for first in range(0, len(order), self.batch):
            part = [encodings[i].ids for i in order[first : first + self.batch]]
            width = max(map(len, part))
            ids = np.zeros((len(part), width), dtype=np.int64)
            mask = np.zeros((len(part), width), dtype=np.int64)
            for row, tokens in enumerate(part):
                ids[row, : len(tokens)] = tokens
                mask[row, : len(tokens)] = 1
            batches.append((ids, mask))
        rows = np.concatenate(self.run_batches(batches))
        result = np.empty_like(rows)
        result[order] = rows
        return result


class Cuvee(Engine):
    name = "cuvee"

    def __init__(self, setting, precision):
        super().__init__(setting)
        self.precision = precision
        self.setup = "a worker per core, ragged batches"
        try:
            self.pool = Pool(setting.library, setting.model_dir, precision)
        except RuntimeError as error:
            raise Missing(str(error)) from None

    def tune(self, texts):
        self.logits(texts)

    def logits(self, texts):
        return np.array(self.pool.logits(self.pool.texts(texts)), dtype=np.float32)


class Pipeline(Engine):
    """transformers.pipeline as its page shows it: a list of texts and nothing else."""

    name, precision = "transformers pipeline", "f32"
    setup = "as published: a list of texts, no batch_size"

    def __init__(self, setting):
        super().__init__(setting)
        from transformers import AutoTokenizer, pipeline

        tokenizer = AutoTokenizer.from_pretrained(setting.model_dir)
        self.pipe = pipeline("text-classification", model=setting.torch_model(), tokenizer=tokenizer, device="cpu")
        self.n_labels = setting.torch_model().config.num_labels
        self.names = setting.torch_model().config.label2id

    def tune(self, texts):
        self.logits(texts[:2])

    def classify(self, texts):
        options = {"batch_size": self.batch} if self.batch else {}
        return self.pipe(texts, top_k=None, function_to_apply="none", truncation=True, **options)

    def logits(self, texts):
        result = np.empty((len(texts), self.n_labels), dtype=np.float32)
        for row, scores in enumerate(self.classify(texts)):
            for score in scores:
                result[row, self.names[score["label"]]] = score["score"]
        return result


class TunedPipeline(Pipeline):
    name = "transformers pipeline, tuned"
    setup = "sorted by length, best batch_size"
    tune = Engine.tune

    def logits(self, texts):
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        rows = super().logits([texts[i] for i in order])
        result = np.empty_like(rows)
        result[order] = rows
        return result


class Torch(Padded):
    name, precision, setup = "pytorch eager", "f32", "sdpa, inference_mode"

    def __init__(self, setting):
        super().__init__(setting)
        import torch

        self.torch = torch
        self.model = setting.torch_model()

    def context(self):
        return contextlib.nullcontext()

    def run(self, ids, mask):
        t = self.torch
        with t.inference_mode(), self.context():
            attention_mask = None if mask.all() else t.from_numpy(mask)  # without one sdpa is faster
            return self.model(input_ids=t.from_numpy(ids), attention_mask=attention_mask).logits.float().numpy()


class TorchBf16(Torch):
    precision, setup = "bf16", "autocast"

    def context(self):
        return self.torch.autocast("cpu", dtype=self.torch.bfloat16)


class TorchInt8(Torch):
    precision, setup = "int8", "quantize_dynamic, weights per channel"

    def __init__(self, setting):
        super().__init__(setting)
        try:
            from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic
        except ImportError:
            raise Missing("this PyTorch has no quantize_dynamic (torchao is its successor)") from None
        linear = self.torch.nn.Linear
        self.model = quantize_dynamic(self.model, {linear: per_channel_dynamic_qconfig}, dtype=self.torch.qint8)


class OnnxRuntime(Padded):
    name, precision, setup = "onnxruntime", "f32", "fused graph"
    weight_max = None

    def __init__(self, setting):
        super().__init__(setting)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = setting.threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.sessions = {}
        for masked in (False, True):
            path = setting.scratch / f"fused-{self.precision}{'-masked' if masked else ''}.onnx"
            onnx_graph.build(setting.model_dir, path, self.weight_max, masked)
            self.sessions[masked] = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )

    def run(self, ids, mask):
        inputs = {"ids": ids.astype(np.int32)}
        masked = not mask.all()
        if masked:
            inputs["mask"] = mask.astype(np.int32)
        return self.sessions[masked].run(None, inputs)[0]


class OnnxRuntimeInt8(OnnxRuntime):
    precision = "int8"

    def __init__(self, setting):
        self.weight_max = onnx_graph.int8_weight_max()
        self.setup = f"fused graph, QAttention + DynamicQuantizeMatMul, u8 by s8 per channel, |w| <= {self.weight_max}"
        super().__init__(setting)


class OpenVino(Padded):
    name, precision, hint = "openvino", "f32", "f32"

    def __init__(self, setting):
        super().__init__(setting)
        try:
            import openvino
            import openvino_graph
        except ImportError:
            raise Missing("package openvino is not installed") from None
        self.ov, self.graph, self.core = openvino, openvino_graph, openvino.Core()
        if self.hint == "bf16" and "BF16" not in self.core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise Missing("OpenVINO does not offer bf16 on this processor")
        self.model = self.load()
        self.compiled = {}
        self.streams = setting.threads

    def load(self):
        """The model as OpenVINO IR, converted once a run."""
        if "openvino" not in self.setting.shared:
            self.setting.shared["openvino"] = self.graph.convert(self.setting.torch_model())
        return self.setting.shared["openvino"]

    def queue(self):
        if self.streams not in self.compiled:
            config = {
                "NUM_STREAMS": str(self.streams),
                "INFERENCE_NUM_THREADS": str(self.setting.threads),
                "INFERENCE_PRECISION_HINT": self.hint,
            }
            compiled = self.core.compile_model(self.model, "CPU", config)
            self.compiled[self.streams] = self.ov.AsyncInferQueue(compiled, self.streams)
        return self.compiled[self.streams]

    def run_batches(self, batches):
        results, queue = [None] * len(batches), self.queue()

        def done(request, i):
            results[i] = request.get_output_tensor(0).data.copy()

        queue.set_callback(done)
        for i, (ids, mask) in enumerate(batches):
            queue.start_async({"input_ids": ids, "attention_mask": mask}, i)
        queue.wait_all()
        return results

    def tune(self, texts):
        """Streams (one per core, or one over all cores) and batch size."""
        choices = []
        for streams in sorted({1, self.setting.threads}):
            self.streams = streams
            self.logits(texts[:2]) if self.batch else None
            super().tune(texts)
            start = time.perf_counter()
            self.logits(texts)
            choices.append((time.perf_counter() - start, streams, self.batch))
        _, self.streams, self.batch = min(choices)
        self.compiled = {self.streams: self.queue()}
        self.setup = f"{self.describe()}{self.streams} stream{'s' if self.streams > 1 else ''}"

    def describe(self):
        return ""


class OpenVinoBf16(OpenVino):
    precision = hint = "bf16"


class OpenVinoInt8(OpenVino):
    precision = "int8"

    def describe(self):
        return "NNCF, transformer, 64 calibration texts, "

    def load(self):
        path = self.setting.scratch / "nncf-int8.xml"
        if not path.exists():
            try:
                import nncf
            except ImportError:
                raise Missing("package nncf is not installed") from None
            items = []
            for e in self.setting.tokenizer.encode_batch(self.setting.calibration[:64]):
                ids = np.array([e.ids], dtype=np.int64)
                items.append({"input_ids": ids, "attention_mask": np.ones_like(ids)})
            quantized = nncf.quantize(
                super().load(), nncf.Dataset(items), model_type=nncf.ModelType.TRANSFORMER, subset_size=len(items)
            )
            self.graph.save(quantized, path)
            self.setting.shared.pop("openvino")  # quantize() may share constants with it
        return self.core.read_model(path)


def all_engines():
    """Functions of a Setting, in the order of the table; each makes an engine or raises Missing."""
    return {
        "cuvee f32": lambda s: Cuvee(s, "f32"),
        "cuvee bf16": lambda s: Cuvee(s, "bf16"),
        "cuvee int8": lambda s: Cuvee(s, "int8"),
        "transformers pipeline f32": Pipeline,
        "transformers pipeline, tuned f32": TunedPipeline,
        "pytorch eager f32": Torch,
        "onnxruntime f32": OnnxRuntime,
        "openvino f32": OpenVino,
        "pytorch eager bf16": TorchBf16,
        "openvino bf16": OpenVinoBf16,
        "pytorch eager int8": TorchInt8,
        "onnxruntime int8": OnnxRuntimeInt8,
        "openvino int8": OpenVinoInt8,
    }
