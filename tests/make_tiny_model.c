/* SPDX-License-Identifier: Apache-2.0
 *
 * make_tiny_model DIR [distilbert|bert [F32|F16|BF16 [SHARDS]]]: tiny_model.h for shell scripts. */
#include <stdio.h>
#include <stdlib.h>

#include "tiny_model.h"

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 5) {
        fputs("usage: make_tiny_model DIR [distilbert|bert [F32|F16|BF16 [SHARDS]]]\n", stderr);
        return 2;
    }
    const struct tiny_model shape = {
        .family = argc > 2 ? argv[2] : NULL,
        .dtype = argc > 3 ? argv[3] : NULL,
        .n_shards = argc > 4 ? strtoul(argv[4], NULL, 10) : 0,
    };
    return tiny_model_write(argv[1], &shape) == 0 ? 0 : 1;
}
