# SPDX-License-Identifier: Apache-2.0
"""The strongest graphs that ONNX Runtime's CPU provider runs for DistilBERT and BERT classifiers.

They are built directly from the fused operators of com.microsoft (EmbedLayerNormalization, Attention,
SkipLayerNormalization, BiasGelu), which is what its transformer optimiser makes of an export at best; so the
result depends on no exporter and no pattern matching. The int8 graph has QAttention and DynamicQuantizeMatMul in
place of the products: dynamic u8 activations, s8 weights with a scale per output column.
"""

import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

MICROSOFT = "com.microsoft"

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


def int8_weight_max():
    """What int8 weights may be here: without VNNI the u8 x s8 products saturate in 16 bits unless weights keep to 7 bits
    ("reduce_range")."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        flags = next((line for line in f if line.startswith("flags")), "").split()
    return 127 if "avx512_vnni" in flags or "avx_vnni" in flags else 63


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


class Linears:
    """Nodes of the matrix products, in f32 or dynamic int8."""

    def __init__(self, graph, weight_max):
        self.g, self.weight_max = graph, weight_max

    def quantized(self, w, name):
        """Names of an s8 matrix (k, n) and its scales (n)."""
        scale = np.maximum(np.abs(w).max(axis=0), 1e-12) / self.weight_max
        q = np.clip(np.rint(w / scale), -self.weight_max, self.weight_max).astype(np.int8)
        return self.g.weight(q, name), self.g.weight(scale.astype(np.float32), name + "_scale")

    def product(self, a, w, name):
        if self.weight_max is None:
            return self.g.node("MatMul", [a, self.g.weight(w, name)])
        q, scale = self.quantized(w, name)
        return self.g.node("DynamicQuantizeMatMul", [a, q, scale], domain=MICROSOFT)

    def attention(self, x, w, bias, name, mask, heads):
        bias = self.g.weight(bias, name + "_b")
        if self.weight_max is None:
            return self.g.node("Attention", [x, self.g.weight(w, name), bias, mask], domain=MICROSOFT, num_heads=heads)
        q, scale = self.quantized(w, name)
        y = [f"{name}_x{i}" for i in range(3)]
        self.g.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], y))
        zero = self.g.weight(np.array(0, np.int8), name + "_zero")
        inputs = [y[0], q, bias, y[1], scale, mask, y[2], zero]
        return self.g.node("QAttention", inputs, domain=MICROSOFT, num_heads=heads)


def build(model_dir, path, weight_max=None, masked=False):
    """Write the ONNX file of a model directory. Inputs: ids (B,T) int32, with masked also mask (B,T) int32; output:
    logits (B,C). weight_max: None for f32; else int8 weights up to it (63 or 127)."""
    model_dir = pathlib.Path(model_dir)
    config = json.loads((model_dir / "config.json").read_text())
    names = NAMES[config["model_type"]]
    tensors = {k: v.astype(np.float32) for k, v in load_file(str(model_dir / "model.safetensors")).items()}
    eps = float(config.get("layer_norm_eps", 1e-12))

    def get(name):
        return tensors[names["prefix"] + name]

    def layer_norm(name):
        return get(name + ".weight"), get(name + ".bias")

    g = Graph()
    linears = Linears(g, weight_max)
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
    if masked:
        inputs.append("mask")
    if segment:
        shape = g.node("Shape", ["ids"])
        zero = helper.make_tensor("zero", TensorProto.INT32, [1], [0])
        g.nodes.append(helper.make_node("ConstantOfShape", [shape], ["segments"], value=zero))
    g.nodes.append(
        helper.make_node("EmbedLayerNormalization", inputs, ["x0", "n_tokens"], domain=MICROSOFT, epsilon=eps)
    )
    x, mask = "x0", "n_tokens" if masked else ""
    for i in range(config[names["layers"]]):
        p = names["layer"].format(i)
        qkv_w = np.concatenate([get(p + names[s] + ".weight") for s in "qkv"]).T
        qkv_b = np.concatenate([get(p + names[s] + ".bias") for s in "qkv"])
        context = linears.attention(x, qkv_w, qkv_b, f"qkv_w{i}", mask, config[names["heads"]])

        def linear(a, name, tag):
            return linears.product(a, get(p + name + ".weight").T, f"{tag}_w{i}")

        def skip_norm(a, residual, norm, bias, tag):
            gamma, beta = layer_norm(p + norm)
            return g.node(
                "SkipLayerNormalization",
                [a, residual, g.weight(gamma, f"{tag}_g{i}"), g.weight(beta, f"{tag}_b{i}"),
                 g.weight(get(p + bias + ".bias"), f"{tag}_bias{i}")],
                domain=MICROSOFT,
                epsilon=eps,
            )

        x = skip_norm(linear(context, names["o"], "o"), x, names["ln1"], names["o"], "ln1")
        up = linear(x, names["up"], "up")
        hidden = g.node("BiasGelu", [up, g.weight(get(p + names["up"] + ".bias"), f"up_bias{i}")], domain=MICROSOFT)
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
        [helper.make_tensor_value_info(name, TensorProto.INT32, ["B", "T"]) for name in ["ids", "mask"][: 1 + masked]],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["B", "C"])],
        initializer=g.weights,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)], ir_version=8
    )
    onnx.save(model, str(path))
