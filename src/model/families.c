/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of families. Key names, defaults and module names follow Hugging Face
 * Transformers 5.24, configuration_*.py and modeling_*.py of each model_type. */
#include "model/families.h"

#include <string.h>

/* clang-format off */
static const struct family families[] = {
    {
        .model_type = "distilbert",
        .architecture = "DistilBertForSequenceClassification",

        .hidden_size       = {"dim", 768, "hidden_size"},
        .n_layers          = {"n_layers", 6, "num_hidden_layers"},
        .n_heads           = {"n_heads", 12, "num_attention_heads"},
        .intermediate_size = {"hidden_dim", 3072, NULL},
        .vocab_size        = {"vocab_size", 30522, NULL},
        .max_positions     = {"max_position_embeddings", 512, NULL},
        .n_types           = {NULL, 0, NULL},
        .act_key           = "activation",
        .eps_key           = NULL,
        .eps_fallback      = 1e-12,

        .prefix      = "distilbert.",
        .layer_roots = {"transformer.", "encoder."},
        .modules = {
            [ROLE_WORD]           = "embeddings.word_embeddings",
            [ROLE_POSITION]       = "embeddings.position_embeddings",
            [ROLE_EMBED_NORM]     = "embeddings.LayerNorm",
            [ROLE_QUERY]          = "attention.q_lin",
            [ROLE_KEY]            = "attention.k_lin",
            [ROLE_VALUE]          = "attention.v_lin",
            [ROLE_ATTENTION_OUT]  = "attention.out_lin",
            [ROLE_ATTENTION_NORM] = "sa_layer_norm",
            [ROLE_FFN_UP]         = "ffn.lin1",
            [ROLE_FFN_DOWN]       = "ffn.lin2",
            [ROLE_FFN_NORM]       = "output_layer_norm",
            [ROLE_HEAD_DENSE]     = "pre_classifier",
            [ROLE_HEAD_OUT]       = "classifier",
        },
        .head_act = ACT_RELU,
    },
    {
        .model_type = "bert",
        .architecture = "BertForSequenceClassification",

        .hidden_size       = {"hidden_size", 768, NULL},
        .n_layers          = {"num_hidden_layers", 12, NULL},
        .n_heads           = {"num_attention_heads", 12, NULL},
        .intermediate_size = {"intermediate_size", 3072, NULL},
        .vocab_size        = {"vocab_size", 30522, NULL},
        .max_positions     = {"max_position_embeddings", 512, NULL},
        .n_types           = {"type_vocab_size", 2, NULL},
        .act_key           = "hidden_act",
        .eps_key           = "layer_norm_eps",
        .eps_fallback      = 1e-12,

        .prefix      = "bert.",
        .layer_roots = {"encoder.", NULL},
        .modules = {
            [ROLE_WORD]           = "embeddings.word_embeddings",
            [ROLE_POSITION]       = "embeddings.position_embeddings",
            [ROLE_TYPE]           = "embeddings.token_type_embeddings",
            [ROLE_EMBED_NORM]     = "embeddings.LayerNorm",
            [ROLE_QUERY]          = "attention.self.query",
            [ROLE_KEY]            = "attention.self.key",
            [ROLE_VALUE]          = "attention.self.value",
            [ROLE_ATTENTION_OUT]  = "attention.output.dense",
            [ROLE_ATTENTION_NORM] = "attention.output.LayerNorm",
            [ROLE_FFN_UP]         = "intermediate.dense",
            [ROLE_FFN_DOWN]       = "output.dense",
            [ROLE_FFN_NORM]       = "output.LayerNorm",
            [ROLE_HEAD_DENSE]     = "bert.pooler.dense",
            [ROLE_HEAD_OUT]       = "classifier",
        },
        .head_act = ACT_TANH,
    },
};
/* clang-format on */

const struct family *cuvee__family_find(const char *model_type)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strcmp(families[i].model_type, model_type) == 0) return &families[i];
    return NULL;
}

const char *cuvee__families_supported(void)
{
    return "DistilBertForSequenceClassification, BertForSequenceClassification";
}
