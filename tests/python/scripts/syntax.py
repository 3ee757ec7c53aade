# SPDX-License-Identifier: Apache-2.0
def process_batch(texts:
