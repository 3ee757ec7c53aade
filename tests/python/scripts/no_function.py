# SPDX-License-Identifier: Apache-2.0
LABELS = ["a"]
