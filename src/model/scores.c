/* SPDX-License-Identifier: Apache-2.0
 *
 * From logits to scores, by the rule of the Transformers text-classification pipeline. */
#include <math.h>

#include "model/model_parts.h"

static enum cuvee_activation auto_activation(const struct config *c)
{
    if (c->problem == PROBLEM_REGRESSION) return CUVEE_ACTIVATION_NONE;
    if (c->problem == PROBLEM_MULTI_LABEL || c->n_labels == 1) return CUVEE_ACTIVATION_SIGMOID;
    return CUVEE_ACTIVATION_SOFTMAX;
}

/* In double: there are few logits, and the only error left is the last rounding. */
static void softmax(const float *logits, size_t n, float *scores)
{
    double max = logits[0], sum = 0.0;
    for (size_t i = 1; i < n; i++) max = fmax(max, logits[i]);
    for (size_t i = 0; i < n; i++) sum += exp(logits[i] - max);
    for (size_t i = 0; i < n; i++) scores[i] = (float)(exp(logits[i] - max) / sum);
}

static void sigmoid(const float *logits, size_t n, float *scores)
{
    for (size_t i = 0; i < n; i++) scores[i] = (float)(1.0 / (1.0 + exp(-(double)logits[i])));
}

int32_t cuvee__model_scores(const cuvee_model *m, unsigned activation, const float *logits,
                            float *scores)
{
    const size_t n = m->config.n_labels;
    bool finite = true;
    for (size_t i = 0; i < n; i++) {
        finite = finite && isfinite(logits[i]);
        scores[i] = 0.0f;
    }
    if (!finite) return -1;

    if (activation == CUVEE_ACTIVATION_AUTO) activation = auto_activation(&m->config);
    if (activation == CUVEE_ACTIVATION_SOFTMAX)
        softmax(logits, n, scores);
    else if (activation == CUVEE_ACTIVATION_SIGMOID)
        sigmoid(logits, n, scores);
    else
        for (size_t i = 0; i < n; i++) scores[i] = logits[i];

    /* By score, not by logit: where two round to the same score, the pipeline takes the first. */
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (scores[i] > scores[best]) best = i;
    return (int32_t)best;
}
