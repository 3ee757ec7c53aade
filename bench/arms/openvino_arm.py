# SPDX-License-Identifier: Apache-2.0
"""OpenVINO at its best: sorted real batches, a stream for each of --threads threads, batches of all of them on their way.

Where items come one at a time all threads work on one. The model is converted once and kept in --scratch, so that
PyTorch is needed for that only.
"""

import os
import time

import arm  # first: it marks that Python runs
import openvino
from padded import Padded


def convert(model_dir, path):
    arm.find_peers()
    import openvino_graph

    from transformers_pipeline import load_model

    openvino_graph.save(openvino_graph.convert(load_model(model_dir)), path)


def intermediate(args):
    """Path of the converted model: an XML file and, beside it, its weights. Made on first use."""
    folder = os.path.join(args.scratch or ".", "openvino-f32")
    path = os.path.join(folder, "model.xml")
    if not os.path.exists(path):
        aside = f"{folder}.{os.getpid()}"
        os.makedirs(aside)
        convert(args.model, os.path.join(aside, "model.xml"))
        os.replace(aside, folder)
    return path


class OpenVino(Padded):
    def __init__(self, args):
        super().__init__(args)
        threads = args.threads or len(os.sched_getaffinity(0))
        streams = threads if args.scenario == "offline" else 1
        config = {
            "NUM_STREAMS": str(streams),
            "INFERENCE_NUM_THREADS": str(threads),
            "INFERENCE_PRECISION_HINT": "f32",
        }
        core = openvino.Core()
        self.compiled = core.compile_model(core.read_model(intermediate(args)), "CPU", config)
        if int(self.compiled.get_property("INFERENCE_NUM_THREADS")) != threads:
            raise SystemExit("OpenVINO does not run as many threads as it was told")
        self.queue = openvino.AsyncInferQueue(self.compiled, streams)
        self.request = self.compiled.create_infer_request() if streams == 1 else None

    def run(self, ids, mask):
        return self.request.infer({"input_ids": ids, "attention_mask": mask})[0].copy()

    def run_batches(self, tokens, batches, indexes):
        results = []

        def done(request, job):
            number, start = job
            ms = (time.monotonic() - start) * 1000
            results.append((number, request.get_output_tensor(0).data.copy(), ms))

        self.queue.set_callback(done)
        for number, batch in enumerate(batches):
            ids, mask = self.arrays([tokens[i] for i in batch])
            self.queue.start_async({"input_ids": ids, "attention_mask": mask}, (number, time.monotonic()))
            while results:
                yield self.answered(results.pop(0), batches, indexes)
        self.queue.wait_all()
        while results:
            yield self.answered(results.pop(0), batches, indexes)

    def answered(self, result, batches, indexes):
        number, logits, ms = result
        return [indexes[i] for i in batches[number]], self.answers(logits), ms


if __name__ == "__main__":
    arm.main(OpenVino, arm.parse(__doc__))
