# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime at its best: a graph of fused operators, sorted real batches, --threads threads.

--precision f32, or int8: dynamic u8 activations and s8 weights. The graph is made once and kept in --scratch, as a
converted model is in production; one session, so that there is one copy of the weights.
"""

import os
import sys

import arm  # first: it marks that Python runs
import numpy as np
import onnxruntime
from padded import Padded


def graph(args):
    """Path of the ONNX file; made on first use."""
    path = os.path.join(args.scratch or ".", f"fused-{args.precision}.onnx")
    if os.path.exists(path):
        return path
    arm.find_peers()
    import onnx_graph

    weight_max = onnx_graph.int8_weight_max() if args.precision == "int8" else None
    onnx_graph.build(args.model, f"{path}.{os.getpid()}", weight_max, masked=True)
    os.replace(f"{path}.{os.getpid()}", path)
    return path


class OnnxRuntime(Padded):
    def __init__(self, args):
        super().__init__(args)
        if args.precision not in ("f32", "int8"):
            sys.exit(f"--precision {args.precision}: f32 or int8")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = args.threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(graph(args), options, providers=["CPUExecutionProvider"])
        arm.set_threads(args.threads)

    def run(self, ids, mask):
        return self.session.run(None, {"ids": ids.astype(np.int32), "mask": mask.astype(np.int32)})[0]


if __name__ == "__main__":
    arm.main(OnnxRuntime, arm.parse(__doc__))
