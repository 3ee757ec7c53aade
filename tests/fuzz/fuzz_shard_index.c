/* SPDX-License-Identifier: Apache-2.0
 *
 * model.safetensors.index.json: no file name that is let through may reach outside the
 * directory. */
#include <string.h>

#include "base/alloc.h"
#include "fuzz.h"
#include "weights/shard_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct shard_index x;
    cuvee_error err = {.msg = ""};
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    const int rc = cuvee__shard_index_parse((struct span){(const char *)bytes, len}, "f", &x, &err);
    if (rc < 0) {
        HOLDS(rc == CUVEE_E_FORMAT || rc == CUVEE_E_LIMIT);
        HOLDS(err.code == rc && strncmp(err.msg, "f: ", 3) == 0);
    } else {
        HOLDS(x.n_files >= 1 && x.n_files <= CUVEE__MAX_SHARDS);
        for (size_t i = 0; i < x.n_files; i++) {
            HOLDS(*x.files[i] && !strchr(x.files[i], '/') && strcmp(x.files[i], "..") != 0);
            HOLDS(i == 0 || strcmp(x.files[i - 1], x.files[i]) < 0);
            HOLDS(cuvee__shard_index_file(&x, x.files[i]) == i);
        }
        cuvee__shard_index_deinit(&x);
    }
    HOLDS(cuvee__alloc_count() - cuvee__free_count() == live);
    return 0;
}
