# SPDX-License-Identifier: Apache-2.0
def process_batch(texts):
    return texts


def get_model_info():
    return {"loss": float("nan")}
