/* SPDX-License-Identifier: Apache-2.0
 *
 * The AMX intrinsics of the kernels in portable C, after the operation sections of the Intel SDM,
 * so that this tier too is tested on every machine. What the instruction would fault at ends the
 * test with a message: a configuration that is not allowed, a register without one, shapes that do
 * not fit each other. Denormals stay what they are; the instruction takes them for 0. */
#ifndef TESTS_KERNELS_AMX_MODEL_H
#define TESTS_KERNELS_AMX_MODEL_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/bf16.h"

enum { MODEL_TILES = 8, MODEL_ROWS = 16, MODEL_BYTES = 64 };

/* Of each thread, and of each file of kernels: none leaves its registers to another. */
static _Thread_local struct model_tile {
    size_t rows, bytes; /* 0: not configured */
    _Alignas(64) uint8_t data[MODEL_ROWS][MODEL_BYTES];
} model_tiles[MODEL_TILES];

#define MODEL static __attribute__((noinline, unused))

MODEL void model_fault(const char *what, size_t tile)
{
    fprintf(stderr, "AMX model: tile %zu: %s\n", tile, what);
    abort();
}

MODEL struct model_tile *model_use(size_t i)
{
    if (i >= MODEL_TILES) model_fault("there is none", i);
    if (!model_tiles[i].rows) model_fault("not configured", i);
    return &model_tiles[i];
}

MODEL void model_release(void)
{
    memset(model_tiles, 0, sizeof model_tiles);
}

MODEL void model_loadconfig(const void *memory)
{
    uint8_t config[64];
    memcpy(config, memory, sizeof config);
    model_release();
    if (config[0] != 1) model_fault("palette is not 1", 0);
    for (size_t i = 1; i < 16; i++)
        if (config[i]) model_fault("a start row, or a reserved byte", 0);
    for (size_t i = 0; i < 16; i++) {
        const size_t bytes = config[16 + 2 * i] + 256u * config[17 + 2 * i], rows = config[48 + i];
        if (i >= MODEL_TILES && (rows || bytes)) model_fault("configured, but there is none", i);
        if (bytes > MODEL_BYTES || rows > MODEL_ROWS) model_fault("too large", i);
        if ((bytes == 0) != (rows == 0))
            model_fault("rows without bytes, or bytes without rows", i);
        if (i >= MODEL_TILES) continue;
        model_tiles[i].rows = rows;
        model_tiles[i].bytes = bytes;
    }
}

MODEL void model_zero(size_t i)
{
    struct model_tile *t = model_use(i);
    memset(t->data, 0, sizeof t->data);
}

MODEL void model_load(size_t i, const void *from, size_t stride)
{
    struct model_tile *t = model_use(i);
    memset(t->data, 0, sizeof t->data);
    for (size_t r = 0; r < t->rows; r++)
        memcpy(t->data[r], (const char *)from + r * stride, t->bytes);
}

MODEL void model_store(size_t i, void *to, size_t stride)
{
    const struct model_tile *t = model_use(i);
    for (size_t r = 0; r < t->rows; r++) memcpy((char *)to + r * stride, t->data[r], t->bytes);
}

/* c (M, N) += a (M, K) b (K, N) in groups of 4 bytes of K. */
MODEL struct model_tile *model_operands(size_t c, size_t a, size_t b)
{
    const struct model_tile *sums = model_use(c), *rows = model_use(a), *columns = model_use(b);
    if (c == a || c == b || a == b) model_fault("used twice by one instruction", c);
    if (sums->bytes % 4 || rows->bytes % 4 || columns->bytes % 4) model_fault("not groups of 4", c);
    if (sums->rows != rows->rows) model_fault("rows of sums and inputs differ", c);
    if (sums->bytes != columns->bytes) model_fault("columns of sums and weights differ", c);
    if (rows->bytes / 4 != columns->rows) model_fault("depths differ", c);
    return &model_tiles[c];
}

MODEL void model_dpbusd(size_t c, size_t a, size_t b)
{
    struct model_tile *sums = model_operands(c, a, b);
    for (size_t m = 0; m < sums->rows; m++)
        for (size_t n = 0; n < sums->bytes / 4; n++) {
            uint32_t sum;
            memcpy(&sum, &sums->data[m][4 * n], sizeof sum);
            for (size_t k = 0; k < model_tiles[a].bytes; k++) {
                const int weight = (int8_t)model_tiles[b].data[k / 4][4 * n + k % 4];
                sum += (uint32_t)(model_tiles[a].data[m][k] * weight);
            }
            memcpy(&sums->data[m][4 * n], &sum, sizeof sum);
        }
}

MODEL float model_bf16(const uint8_t *p)
{
    uint16_t bits;
    memcpy(&bits, p, sizeof bits);
    return float_of_bf16(bits);
}

/* Even and odd k are summed apart from 0, by fused multiply-adds, then added to each other and to
 * the sum. */
MODEL void model_dpbf16ps(size_t c, size_t a, size_t b)
{
    struct model_tile *sums = model_operands(c, a, b);
    for (size_t m = 0; m < sums->rows; m++)
        for (size_t n = 0; n < sums->bytes / 4; n++) {
            float sum, part[2] = {0.0f, 0.0f};
            for (size_t k = 0; k < model_tiles[a].bytes / 4; k++)
                for (size_t i = 0; i < 2; i++)
                    part[i] = fmaf(model_bf16(&model_tiles[a].data[m][4 * k + 2 * i]),
                                   model_bf16(&model_tiles[b].data[k][4 * n + 2 * i]), part[i]);
            memcpy(&sum, &sums->data[m][4 * n], sizeof sum);
            sum += part[0] + part[1];
            memcpy(&sums->data[m][4 * n], &sum, sizeof sum);
        }
}

#define _tile_loadconfig(config)     model_loadconfig(config)
#define _tile_release()              model_release()
#define _tile_zero(i)                model_zero(i)
#define _tile_loadd(i, from, stride) model_load(i, from, (size_t)(stride))
#define _tile_stored(i, to, stride)  model_store(i, to, (size_t)(stride))
#define _tile_dpbusd(c, a, b)        model_dpbusd(c, a, b)
#define _tile_dpbf16ps(c, a, b)      model_dpbf16ps(c, a, b)

#endif
