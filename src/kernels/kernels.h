/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of kernels: one function pointer per hot operation, and the tile height of the tier.
 *
 * DESIGN
 *   Each tier is a folder (ref/, avx2/, avx512/) that fills one struct kernels. ref/ is the oracle:
 *   it sums in double and is always built. What is the same for all tiers - the loop nests of a
 *   matrix product and of attention, packing - lives beside this file and calls through the table,
 *   so that a new tier brings microkernels only (BLIS's split of framework and kernels).
 *
 *   Determinism: every output element is a function of its own row only, summed over k in one order
 *   that does not depend on the number of rows. That is what makes a text's scores the same alone
 *   or in a batch.
 *
 * Packed matrix layout (all tiers read the same): W (N,K), y = x W^T, is cut into panels of 32
 * output columns. Inside a panel, 4 bytes of k of each column lie together: 1 f32, 2 bf16 or 4 s8;
 * then the same of the next column, and after 32 columns the next k. So a step is always 128 bytes:
 * two cache lines, two zmm, four ymm. Columns past N and k past K are zero. Panels are 64-byte
 * aligned, and a range of whole panels is itself a packed matrix. */
#ifndef CUVEE_KERNELS_KERNELS_H
#define CUVEE_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

#define CUVEE__PANEL          32 /* output columns per panel */
#define CUVEE__MAX_TILE_ROWS  32
#define CUVEE__MAX_BLOCK_ROWS 256

/* Element-wise functions of config.json ("hidden_act"); kernels apply them to a tile. NaN stays
 * NaN; at -infinity and +infinity each gives its limit. */
enum act {
    ACT_NONE,
    ACT_GELU,        /* x * Phi(x), with erf: "gelu", "gelu_python" */
    ACT_GELU_COARSE, /* the same to 1.3e-4, in half the time; for results that are rounded to 8 bits
                        next. Not in config.json */
    ACT_GELU_TANH,   /* tanh form: "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_accurate" */
    ACT_QUICK_GELU,  /* x * sigmoid(1.702 x) */
    ACT_RELU,
    ACT_SILU, /* "silu", "swish" */
    ACT_TANH
};

/* Rows of inputs or outputs: f32; or bf16 on a tier that has gemm_bf16_tile, where a product takes
 * that (cuvee__gemm_takes_bf16). No smaller members: a struct that is copied right after a byte of
 * it was written waits for that byte. */
struct rows {
    void *ptr;
    size_t ld;          /* values */
    size_t value_bytes; /* 4 or 2 */
};

static inline struct rows f32_rows(float *ptr, size_t ld)
{
    return (struct rows){ptr, ld, sizeof *ptr};
}

static inline struct rows bf16_rows(void *ptr, size_t ld)
{
    return (struct rows){ptr, ld, sizeof(uint16_t)};
}

static inline bool holds_bf16(struct rows m)
{
    return m.value_bytes == sizeof(uint16_t);
}

static inline struct rows rows_from(struct rows m, size_t first)
{
    return (struct rows){(char *)m.ptr + first * m.ld * m.value_bytes, m.ld, m.value_bytes};
}

static inline struct rows columns_from(struct rows m, size_t first)
{
    return (struct rows){(char *)m.ptr + first * m.value_bytes, m.ld, m.value_bytes};
}

/* What a matrix product does with the sums before they are stored:
 *   c = act(sum + bias) + residual */
struct epilogue {
    const float *bias; /* (N) padded to a multiple of CUVEE__PANEL; NULL = none */
    enum act act;
    const float *residual; /* row r at residual + r * ld_residual; NULL = none; may be the output */
    size_t ld_residual;
};

/* How a row of inputs was quantised: x * input_scale is about scale * (q - zero). */
struct row_scale {
    float scale;
    int32_t zero;
};

/* What a row of inputs spans: its smallest and largest value and 0. */
struct row_range {
    float low, high;
    bool finite; /* all of its values, and high - low */
};

/* What takes a tile of integer sums back: the panel's columns, the tile's rows. */
struct dequantise {
    const struct row_scale *rows;
    const float *scales;
    const int32_t *sums;
};

enum { CUVEE__MAX_RUN = 8 };

/* A row block's inputs in the type that the microkernel takes. */
struct inputs {
    const void *rows;
    size_t ld;                      /* values */
    const struct row_scale *scales; /* of int8 */
};

struct packed;

/* What a microkernel brings into the second-level cache while it runs, for the calls after it: the
 * two lines at ptr + i * step for its i-th step of weights (128 bytes). Never read, so it may lie
 * behind the end of the weights. */
struct ahead {
    const void *ptr;
    size_t step; /* bytes */
};

struct kernels {
    const char *name; /* tier: "ref", "avx2", "avx512", ... */
    /* Rows of one microkernel call, at most CUVEE__MAX_TILE_ROWS. */
    size_t tile_rows, bf16_tile_rows, int8_tile_rows;

    /* Rows that a panel serves in one go, at most CUVEE__MAX_BLOCK_ROWS: so many that reading
     * weights keeps up with multiplying, so few that they stay in the second-level cache. */
    size_t block_rows;

    /* bf16 products are so fast that attention in f32 would cost more time than it saves error,
     * with bf16 weights too. */
    bool prefers_bf16_attention;

    /* tile[r][j] (+)= sum over k of a[r * lda + k] * panel[k * ld_panel + j], r < rows, j < 32.
     *   rows 1 .. tile_rows; n_k >= 1; tile, panel: rows of 32 floats, 64-byte aligned, row strides
     *   32, or more for parts of another matrix, a multiple of 16; accumulate: add to what tile
     *   holds, else overwrite. a has no alignment. */
    void (*gemm_f32_tile)(size_t rows, size_t n_k, const float *a, size_t lda, const float *panel,
                          size_t ld_panel, struct ahead ahead, float *tile, size_t ld_tile,
                          bool accumulate);

    /* The same with bf16 weights and inputs, panel[k / 2 * 64 + j * 2 + k % 2]; n_k is even, and
     * denormals may count as 0. NULL where the machine cannot: panels are widened then. */
    void (*gemm_bf16_tile)(size_t rows, size_t n_k, const uint16_t *a, size_t lda,
                           const uint16_t *panel, struct ahead ahead, float *tile, size_t ld_tile,
                           bool accumulate);

    /* Rows as pairs of the panel that gemm_bf16_tile takes: panel[k / 2 * 64 + j * 2 + k % 2] =
     * v[k * ldv + j], j < 32, k < n_k; behind an odd n_k zeros. NULL where that is. */
    void (*pair_rows_bf16)(uint16_t *panel, const uint16_t *v, size_t ldv, size_t n_k);

    /* A piece of a bf16 panel as a piece of an f32 panel; n_k is even. */
    void (*widen_panel)(float *to, const uint16_t *panel, size_t n_k);

    /* The same in exact integers, panel[k / 4 * 128 + j * 4 + k % 4]; a is readable up to a
     * multiple of 4. run: as in struct packed. */
    void (*gemm_int8_tile)(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                           const int8_t *panel, struct ahead ahead, size_t run, int32_t *tile);

    /* y[i] = x[i] * input_scales[i] (NULL = ones), then each block of `block` values becomes its
     * Walsh-Hadamard transform: for h = 1, 2, 4, .. block / 2 (t[i], t[i+h]) becomes
     * (t[i] + t[i+h], t[i] - t[i+h]), one rounding each: the same bits on every tier. block is a
     * power of two that divides n. x: n floats, which may be y; or n bf16.
     * ret: the range of y. */
    void (*rotate_row)(float *y, const void *x, bool is_bf16, const float *input_scales, size_t n,
                       size_t block, struct row_range *ret);

    /* Quantise a row: y = x * input_scales (NULL = ones), the range of y and 0 onto 0 .. max.
     * q has room for n rounded up to 64. The same bits on every tier. A row with a value that is
     * not finite gets the scale NaN; one that is 0 all over, or nearly (below 2^-100), scale 0.
     * range: of y, where it is known; or NULL. */
    void (*quantise_row)(uint8_t *q, const float *x, const float *input_scales, size_t n,
                         uint32_t max, const struct row_range *range, struct row_scale *ret);

    /* y[i] = x[i] rounded to bf16, to nearest even; a NaN stays one. */
    void (*narrow_bf16)(uint16_t *y, const float *x, size_t n);

    /* A whole product, tile after tile, instead of gemm.c's loops over the kernels around this
     * one, and with the same bits. c may be bf16. false: not this product. NULL: never. */
    bool (*gemm_rows)(size_t m, const struct inputs *in, const struct packed *w,
                      const struct epilogue *e, struct rows c);

    /* As tile_f32_store, of integer sums: the value is
     * (tile[r][j] - zero[r] * sums[j]) * (scale[r] * scales[j]). */
    void (*tile_int8_store)(size_t rows, size_t cols, const int32_t *tile,
                            const struct dequantise *d, const struct epilogue *e, struct rows c);

    /* Finish a tile: c[r][j] = act(tile[r][j] + bias[j]) + residual[r * ld + j] for j < cols <= 32.
     * c, bias and residual already point at column 0 of this tile. */
    void (*tile_f32_store)(size_t rows, size_t cols, const float *tile, const struct epilogue *e,
                           struct rows c);

    /* Columns of a panel out of rows of another matrix: panel[k * 32 + j] = w[j * ldw + k] for
     * j < cols, and 0 for the other j < 32; k < n_k. cols is 1 .. 32. */
    void (*transpose_f32)(float *panel, const float *w, size_t ldw, size_t cols, size_t n_k);

    /* In place over the n scores of each row, at x + r * ld: x = exp(scale * x - max) / sum. n
     * >= 1. A NaN or +inf anywhere in a row gives NaN everywhere, and so do scores that are all
     * -inf; beside others -inf gives 0. A row has room for n rounded up to 16; whatever lies there
     * past n becomes 0. */
    void (*softmax_f32)(float *x, size_t ld, size_t rows, size_t n, float scale);

    /* y[r,:] = (x[r,:] - mean) / sqrt(var + eps) * gamma + beta, population variance; y may equal
     * x. Row r at x + r * ldx, y + r * ldy; d >= 1. */
    void (*layernorm_f32)(float *y, size_t ldy, const float *x, size_t ldx, const float *gamma,
                          const float *beta, size_t rows, size_t d, float eps);

    /* In place: x[i] = act(x[i]). */
    void (*act_f32)(enum act act, float *x, size_t n);

    /* y[i] += x[i] */
    void (*add_f32)(float *y, const float *x, size_t n);

    /* Widen n stored numbers (little-endian, no alignment) to f32, exactly. */
    void (*widen_f16)(float *y, const void *x, size_t n);
    void (*widen_bf16)(float *y, const void *x, size_t n);
};

/* Fill k with the kernels of a tier. `isa` is CUVEE__ISA_* bits of os/cpu.h: ref first, then each
 * tier that the bits allow overwrites. */
void cuvee__kernels_init(struct kernels *k, unsigned isa);

/* Choose a tier. cap: NULL = CUVEE_ISA, and without that the best one; a name that is unknown, not
 * built or not supported by CPU and OS is an error that lists what there is.
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT (unknown name), CUVEE_E_UNSUPPORTED. */
int cuvee__kernels_choose(struct kernels *k, const char *cap, cuvee_error *err);

/* NULL-terminated names, "ref" first: what is compiled in, and what can run here. */
const char *const *cuvee__kernels_built(void);
const char *const *cuvee__kernels_usable(void);

/* ---- tier-independent loops (gemm.c, attention.c) ---- */

enum weight_type { WEIGHT_F32, WEIGHT_BF16, WEIGHT_INT8 };

/* A matrix (n outputs, k inputs) in packed layout; read only once it is packed, in private memory
 * or in a mapped file. Arrays over n have room for whole panels, and zeros there. */
struct packed {
    enum weight_type type;
    size_t n, k;
    const void *panels; /* f32 [n/32][k][32]; bf16 [n/32][k/2][32][2]; s8 [n/32][k/4][32][4] */
    const void *next;   /* what to fetch while the last panel is used; NULL: what lies behind it */
    /* WEIGHT_INT8 only. A weight is scales[n] * q, q an integer within +-127. */
    const float *scales;       /* (n) */
    const int32_t *sums;       /* (n) sum over k of q */
    const float *input_scales; /* (k) inputs are multiplied by this first; NULL = ones */
    uint32_t activation_max;   /* quantised inputs are 0 .. activation_max, at most 255 */
    uint32_t run;              /* 0, 1, 2, 4 or 8: cuvee__int8_run of its rows, the least */
    uint32_t rotation;         /* inputs are rotated in blocks of so many; 1 or 0 = not */
};

/* Bytes of the panels of an (n,k) matrix; false when they wrap. */
bool cuvee__packed_bytes(enum weight_type type, size_t n, size_t k, size_t *ret_bytes);

/* Output columns first .. first + n - 1 of w, in place; first is a multiple of CUVEE__PANEL. A
 * product with them gives the same bits as the same columns of the whole product, so threads may
 * share one product by columns: c, bias and residual move along by `first`. */
struct packed cuvee__packed_columns(const struct packed *w, size_t first, size_t n);

/* Put rows first .. first + n_rows - 1 of W (row j at w + (j - first) * ldw, k values) into the
 * panels of a matrix of p's type (f32 or bf16, then rounded to nearest even), n and k; p->panels
 * itself is not looked at. What pads the last panel is zeroed when its final row is packed, so pack
 * every row once. */
void cuvee__pack_rows(const struct packed *p, void *panels, size_t first, size_t n_rows,
                      const float *w, size_t ldw);

/* The same for integer weights q. ret_sums: (n), written as the panels are. */
void cuvee__pack_int8_rows(const struct packed *p, int8_t *panels, int32_t *ret_sums, size_t first,
                           size_t n_rows, const int8_t *q, size_t ldq);

/* How many groups of 4 k of a row of weights may be summed in 16 bits before they are widened,
 * whatever the inputs 0 .. activation_max: 8, 4, 2 or 1; 0 when even two products may not fit.
 * Machines without integer dot products need it, and are the faster the longer the runs. */
size_t cuvee__int8_run(const int8_t *q, size_t k, uint32_t activation_max);

/* c = epilogue(a W^T).  a (m,K); c (m,N), which must not overlap a.
 * With bf16 weights the result is that of their f32 values, to the bit; but on a tier with
 * gemm_bf16_tile the inputs are rounded to bf16 as well.
 * Where inputs are converted, ACT_GELU is ACT_GELU_COARSE: their rounding errs more by far.
 *   scratch  cuvee__gemm_scratch_bytes, 64-byte aligned; the caller's own: inputs or weights are
 *            converted into it. NULL for f32.
 * Nothing is allocated; uses about 40 KB of stack. Row strides that are a multiple of 4 KB are
 * slow: the rows of a tile then fight for one set of the first-level cache. Callers add a cache
 * line to such strides. */
void cuvee__gemm(const struct kernels *k, size_t m, struct rows a, const struct packed *w,
                 const struct epilogue *e, struct rows c, void *scratch);

/* Whether the product before this one should give bf16: this rounds its inputs to that or to less,
 * and rows of half the size stay in a nearer cache. */
bool cuvee__gemm_takes_bf16(const struct kernels *k, const struct packed *w);

/* For threads that share a product by columns: the inputs are converted once for all of them.
 *     if (cuvee__gemm_can_share(k, m, a, w))  converted at all, and m is within one row block
 *         convert  each its rows first .. first + n - 1 of the m, into one scratch `shared`; own is
 *                  a scratch that no other thread uses now, which may be `shared` for one of them
 *         then     each its columns, as a w of their own; the bits are those of cuvee__gemm()
 * Both scratches are of cuvee__gemm_scratch_bytes. */
bool cuvee__gemm_can_share(const struct kernels *k, size_t m, struct rows a,
                           const struct packed *w);
void cuvee__gemm_convert(const struct kernels *k, size_t m, size_t first, size_t n, struct rows a,
                         const struct packed *w, void *shared, void *own);
void cuvee__gemm_shared(const struct kernels *k, size_t m, const struct packed *w,
                        const struct epilogue *e, struct rows c, void *shared);

/* Scratch of a product of up to m rows with k inputs, on any tier; a multiple of 64. It does not
 * grow beyond a few hundred rows. 0 for f32. k is capped by the caller. */
size_t cuvee__gemm_scratch_bytes(enum weight_type type, size_t m, size_t k);

/* Floats of scratch that attention over n_tokens needs. */
size_t cuvee__attention_scratch(size_t n_tokens, size_t head_size);

/* One head of one text. */
struct head {
    struct rows q, k, v; /* (n_queries, head_size), (n_tokens, head_size) twice; of one kind */
    size_t n_queries, n_tokens, head_size;
    float scale;
};

/* out = softmax(scale * q k^T) v.
 *   h    1 <= n_queries <= n_tokens, and a row of out does not depend on n_queries: the last layer
 *        asks for the first token's row only, when the head reads nothing else. Narrow rows, where
 *        cuvee__attention_takes_bf16: probabilities are rounded to bf16 as well.
 *   out  (n_queries, head_size), f32.    scratch  64-byte aligned. */
void cuvee__attention(const struct kernels *kern, const struct head *h, struct rows out,
                      float *scratch);

bool cuvee__attention_takes_bf16(const struct kernels *kern, size_t head_size);

#endif
