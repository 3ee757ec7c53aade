/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 (FIPS 180-4), to name model files. Not for secrets: no care for timing. */
#ifndef CUVEE_BASE_SHA256_H
#define CUVEE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t n_bytes;
    unsigned char block[64]; /* n_bytes % 64 of them filled */
};

void cuvee__sha256_init(struct sha256 *h);
void cuvee__sha256_update(struct sha256 *h, const void *bytes, size_t n);
/* 64 lower-case hex digits and a NUL; the state is spent afterwards. */
void cuvee__sha256_final_hex(struct sha256 *h, char ret_hex[65]);

#endif
