/* SPDX-License-Identifier: Apache-2.0
 *
 * What the AMX microkernels share. A tile of up to 32 rows x 32 columns is four tile registers; a
 * step of k is 64 bytes of each row and 16 groups of 4 bytes of the panel, which lie as AMX wants
 * them. So 4 loads serve 4 products:
 *
 *              B0 (6)   B1 (7)
 *     A0 (4)   C  (0)   C  (1)     rows 0 .. 15
 *     A1 (5)   C  (2)   C  (3)     rows 16 ..
 *
 * Registers are configured for just the rows there are: a product takes a cycle a row. They are
 * given back at the end of a call, so that a thread that is switched has nothing more to save, and
 * other users of AMX in this process find what they expect: nothing. */
#ifndef CUVEE_KERNELS_AMX_TILES_AMX_H
#define CUVEE_KERNELS_AMX_TILES_AMX_H

#include <string.h>

#include "base/checked.h"
#include "kernels/tiers.h"
#include "kernels/x86_intrin.h"

enum {
    AMX_TILE_ROWS = 32,
    AMX_REGISTER_ROWS = 16,
    AMX_STEP = 64,               /* bytes of a row in one step of k */
    AMX_GROUP = 4,               /* bytes of a row, and of a column, that are multiplied at once */
    AMX_LINE = 4 * CUVEE__PANEL, /* bytes of a panel for one group of k */
    AMX_PANEL_STEP = AMX_STEP / AMX_GROUP * AMX_LINE,
};

/* The memory operand of ldtilecfg, palette 1 (Intel SDM, "LDTILECFG"). */
struct amx_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

/* The registers for `rows` rows. */
const struct amx_config *cuvee__amx_config(size_t rows);

/* What is left of k behind whole steps, with zeros up to one. */
struct amx_rest {
    _Alignas(64) uint8_t inputs[AMX_TILE_ROWS * AMX_STEP];
    _Alignas(64) uint8_t columns[AMX_PANEL_STEP];
};

/* n_bytes of each row, 1 .. AMX_STEP - 1, a multiple of AMX_GROUP. */
static inline void amx_copy_rest(struct amx_rest *rest, size_t rows, size_t n_bytes,
                                 const uint8_t *a, size_t row_bytes, const uint8_t *b)
{
    memset(rest->inputs, 0, rows * AMX_STEP);
    for (size_t r = 0; r < rows; r++)
        memcpy(rest->inputs + r * AMX_STEP, a + r * row_bytes, n_bytes);
    const size_t used = n_bytes / AMX_GROUP * AMX_LINE;
    memcpy(rest->columns, b, used);
    memset(rest->columns + used, 0, sizeof rest->columns - used);
    __asm__ volatile("" ::: "memory"); /* gcc 12 does not know that a tile load reads memory */
}

/* The lines of one step of k, as struct ahead has them. */
CUVEE__INLINE const char *amx_prefetch_step(const char *next, size_t step)
{
    const char *end = next + step * (AMX_STEP / AMX_GROUP);
    for (const char *p = next; p < end; p += 64) _mm_prefetch(p, _MM_HINT_T1);
    return end;
}

/* One step of k. Tile registers are constants of the instruction, so these are macros. */
#define AMX_MULTIPLY_16(product, a, row_bytes, b)                                                  \
    do {                                                                                           \
        _tile_loadd(4, a, row_bytes);                                                              \
        _tile_loadd(6, b, AMX_LINE);                                                               \
        _tile_loadd(7, (b) + AMX_LINE / 2, AMX_LINE);                                              \
        product(0, 4, 6);                                                                          \
        product(1, 4, 7);                                                                          \
    } while (0)

#define AMX_MULTIPLY_32(product, a, row_bytes, b)                                                  \
    do {                                                                                           \
        AMX_MULTIPLY_16(product, a, row_bytes, b);                                                 \
        _tile_loadd(5, (a) + AMX_REGISTER_ROWS * (row_bytes), row_bytes);                          \
        product(2, 5, 6);                                                                          \
        product(3, 5, 7);                                                                          \
    } while (0)

/* The four registers of sums, 4 bytes each, to a tile whose rows are row_bytes apart. */
CUVEE__INLINE void amx_store(void *tile, size_t row_bytes, bool is_high)
{
    char *low = tile, *high = low + AMX_REGISTER_ROWS * row_bytes;
    _tile_stored(0, low, row_bytes);
    _tile_stored(1, low + AMX_LINE / 2, row_bytes);
    if (!is_high) return;
    _tile_stored(2, high, row_bytes);
    _tile_stored(3, high + AMX_LINE / 2, row_bytes);
}

/* All steps of k. */
#define AMX_MULTIPLY_ALL(multiply, product, rows, n_bytes, a, row_bytes, b, ahead)                 \
    do {                                                                                           \
        const char *next_ = (ahead).ptr;                                                           \
        const size_t whole_ = (n_bytes) / AMX_STEP * AMX_STEP;                                     \
        for (size_t k_ = 0; k_ < whole_; k_ += AMX_STEP) {                                         \
            multiply(product, (a) + k_, row_bytes, (b) + k_ / AMX_GROUP * AMX_LINE);               \
            next_ = amx_prefetch_step(next_, (ahead).step);                                        \
        }                                                                                          \
        if (whole_ < (n_bytes)) {                                                                  \
            struct amx_rest rest_;                                                                 \
            amx_copy_rest(&rest_, rows, (n_bytes)-whole_, (a) + whole_, row_bytes,                 \
                          (b) + whole_ / AMX_GROUP * AMX_LINE);                                    \
            multiply(product, rest_.inputs, AMX_STEP, rest_.columns);                              \
        }                                                                                          \
    } while (0)

#endif
