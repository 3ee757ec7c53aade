# SPDX-License-Identifier: Apache-2.0
"""The strongest f32 graph that ONNX Runtime's CPU provider runs for DistilBERT and BERT classifiers.

It is built directly from the fused operators of com.microsoft (EmbedLayerNormalization, Attention,
SkipLayerNormalization, BiasGelu), which is what its transformer optimiser makes of an export at best; so the
result depends on no exporter and no pattern matching.
"""

import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

NAMES = {
    "distilbert": {
        "prefix": "distilbert.",
        "layers": "n_layers",
        "heads": "n_heads",
        "layer": "transformer.layer.{}.",
        "q": "attention.q_lin",
        "k": "attention.k_lin",
        "v": "attention.v_lin",
        "o": "attention.out_lin",
        "ln1": "sa_layer_norm",
        "up": "ffn.lin1",
        "down": "ffn.lin2",
        "ln2": "output_layer_norm",
        "head": ("pre_classifier", "Relu"),
    },
    "bert": {
        "prefix": "bert.",
        "layers": "num_hidden_layers",
        "heads": "num_attention_heads",
        "layer": "encoder.layer.{}.",
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "o": "attention.output.dense",
        "ln1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "ln2": "output.LayerNorm",
        "head": ("bert.pooler.dense", "Tanh"),
    },
}


class Graph:
    def __init__(self):
        self.nodes, self.weights, self.n = [], [], 0

    def weight(self, array, name):
        self.weights.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def node(self, op, inputs, domain="", **attributes):
        self.n += 1
        out = f"{op}_{self.n}"
        self.nodes.append(helper.make_node(op, inputs, [out], domain=domain, **attributes))
        return out


def build(model_dir, path):
    """Write the ONNX file of a model directory; inputs: ids (B,T) int32; output: logits (B,C)."""
    model_dir = pathlib.Path(model_dir)
    config = json.loads((model_dir / "config.json").read_text())
    names = NAMES[config["model_type"]]
    tensors = {k: v.astype(np.float32) for k, v in load_file(str(model_dir / "model.safetensors")).items()}
    eps = float(config.get("layer_norm_eps", 1e-12))
    ms = "com.microsoft"

    def get(name):
        return tensors[names["prefix"] + name]

    def layer_norm(name):
        return get(name + ".weight"), get(name + ".bias")

    g = Graph()
    gamma, beta = layer_norm("embeddings.LayerNorm")
    segment = config["model_type"] == "bert"
    inputs = [
        "ids",
        "segments" if segment else "",
        g.weight(get("embeddings.word_embeddings.weight"), "word"),
        g.weight(get("embeddings.position_embeddings.weight"), "position"),
        g.weight(get("embeddings.token_type_embeddings.weight"), "type") if segment else "",
        g.weight(gamma, "embed_gamma"),
        g.weight(beta, "embed_beta"),
    ]
    if segment:
        shape = g.node("Shape", ["ids"])
        zero = helper.make_tensor("zero", TensorProto.INT32, [1], [0])
        g.nodes.append(helper.make_node("ConstantOfShape", [shape], ["segments"], value=zero))
    g.nodes.append(
        helper.make_node("EmbedLayerNormalization", inputs, ["x0", "mask_unused"], domain=ms, epsilon=eps)
    )
    x = "x0"
    for i in range(config[names["layers"]]):
        p = names["layer"].format(i)
        qkv_w = np.concatenate([get(p + names[s] + ".weight") for s in "qkv"]).T
        qkv_b = np.concatenate([get(p + names[s] + ".bias") for s in "qkv"])
        context = g.node(
            "Attention",
            [x, g.weight(qkv_w, f"qkv_w{i}"), g.weight(qkv_b, f"qkv_b{i}")],
            domain=ms,
            num_heads=config[names["heads"]],
        )

        def linear(a, name, tag):
            return g.node("MatMul", [a, g.weight(get(p + name + ".weight").T, f"{tag}_w{i}")])

        def skip_norm(a, residual, norm, bias, tag):
            gamma, beta = layer_norm(p + norm)
            return g.node(
                "SkipLayerNormalization",
                [a, residual, g.weight(gamma, f"{tag}_g{i}"), g.weight(beta, f"{tag}_b{i}"),
                 g.weight(get(p + bias + ".bias"), f"{tag}_bias{i}")],
                domain=ms,
                epsilon=eps,
            )

        x = skip_norm(linear(context, names["o"], "o"), x, names["ln1"], names["o"], "ln1")
        up = linear(x, names["up"], "up")
        hidden = g.node("BiasGelu", [up, g.weight(get(p + names["up"] + ".bias"), f"up_bias{i}")], domain=ms)
        x = skip_norm(linear(hidden, names["down"], "down"), x, names["ln2"], names["down"], "ln2")

    first = g.node("Gather", [x, g.weight(np.array(0, dtype=np.int64), "first")], axis=1)
    head, activation = names["head"]
    pooled = g.node(
        "Gemm",
        [first, g.weight(tensors[head + ".weight"], "head_w"), g.weight(tensors[head + ".bias"], "head_b")],
        transB=1,
    )
    pooled = g.node(activation, [pooled])
    g.nodes.append(
        helper.make_node(
            "Gemm",
            [pooled, g.weight(tensors["classifier.weight"], "cls_w"), g.weight(tensors["classifier.bias"], "cls_b")],
            ["logits"],
            transB=1,
        )
    )
    graph = helper.make_graph(
        g.nodes,
        "classifier",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, ["B", "T"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["B", "C"])],
        initializer=g.weights,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(ms, 1)], ir_version=8
    )
    onnx.save(model, str(path))
