/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model_weights.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

size_t cuvee__dtype_bytes(enum dtype dtype)
{
    switch (dtype) {
    case DTYPE_F64:
        return 8;
    case DTYPE_F32:
        return 4;
    case DTYPE_F16:
    case DTYPE_BF16:
        return 2;
    case DTYPE_OTHER:
        break;
    }
    return 0;
}

static void narrow_f64(float *y, const unsigned char *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = cuvee__load_le64(x + 8 * i);
        double value;
        memcpy(&value, &bits, sizeof value);
        y[i] = (float)value; /* too large becomes infinity (IEC 60559), as in torch */
    }
}

void cuvee__tensor_widen(const struct kernels *k, const struct tensor *t, size_t first, size_t n,
                         float *y)
{
    const unsigned char *x = t->data + first * cuvee__dtype_bytes(t->dtype);
    switch (t->dtype) {
    case DTYPE_F16:
        k->widen_f16(y, x, n);
        break;
    case DTYPE_BF16:
        k->widen_bf16(y, x, n);
        break;
    case DTYPE_F64:
        narrow_f64(y, x, n);
        break;
    default:
        memcpy(y, x, n * sizeof *y);
        break; /* F32; the resolver lets nothing else through */
    }
}

void cuvee__weights_deinit(struct model_weights *w)
{
    cuvee__free(w->layers);
    *w = (struct model_weights){0};
}
