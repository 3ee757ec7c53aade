# SPDX-License-Identifier: Apache-2.0
"""A classifier of Transformers as a model of OpenVINO."""

import openvino
import torch


class Logits(torch.nn.Module):
    """Tensors in, a tensor out: what can be traced."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits


def convert(model):
    """Inputs: input_ids and attention_mask (B,T) int64; output: logits (B,C). It may share weights with model."""
    ids = torch.ones((2, 8), dtype=torch.int64)
    mask = ids.clone()
    mask[1, 5:] = 0  # so that the trace keeps the mask
    return openvino.convert_model(Logits(model), example_input={"input_ids": ids, "attention_mask": mask})


def save(converted, path):
    """An XML file and, beside it, its weights."""
    openvino.save_model(converted, path, compress_to_fp16=False)
