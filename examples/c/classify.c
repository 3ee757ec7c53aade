/* SPDX-License-Identifier: Apache-2.0
 *
 * classify MODEL_DIRECTORY TEXT...: a line per text: label, score, text.
 * Build: cc classify.c $(pkg-config --cflags --libs cuvee) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cuvee/cuvee.h>

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: classify MODEL_DIRECTORY TEXT...\n");
        return 2;
    }
    const size_t n = (size_t)argc - 2;
    cuvee_text *texts = calloc(n, sizeof *texts);
    if (!texts) return 1;
    for (size_t i = 0; i < n; i++)
        texts[i] = (cuvee_text){.ptr = argv[i + 2], .len = strlen(argv[i + 2])};

    cuvee_model *model = NULL;
    cuvee_pool *pool = NULL;
    cuvee_result *result = NULL;
    cuvee_error err;
    int rc = cuvee_model_open(argv[1], NULL, &model, &err);
    if (rc == CUVEE_OK) rc = cuvee_pool_create(model, NULL, &pool, &err);
    if (rc == CUVEE_OK) rc = cuvee_classify(pool, texts, n, NULL, &result, &err);
    if (rc != CUVEE_OK) fprintf(stderr, "classify: %s\n", err.msg);

    for (size_t i = 0; i < cuvee_result_count(result); i++) {
        const int status = cuvee_result_status(result)[i];
        const char *label = status == CUVEE_OK
                                ? cuvee_model_label(model, (size_t)cuvee_result_labels(result)[i])
                                : cuvee_code_name(status);
        printf("%s\t%.6f\t%s\n", label, (double)cuvee_result_scores(result)[i], texts[i].ptr);
    }
    cuvee_result_free(result); /* all accept NULL */
    cuvee_pool_free(pool);
    cuvee_model_close(model);
    free(texts);
    return rc == CUVEE_OK ? 0 : 1;
}
