/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/packed_file.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"

#define MAGIC        "\x93" "CUVEE\r\n" /* no text file, and damaged by what changes line ends */
#define BYTE_ORDER   UINT32_C(0x01020304)
#define MAX_SECTIONS 65536

_Static_assert(sizeof(struct packed_section) == 64, "an entry of the table has no gaps");
_Static_assert(sizeof(struct packed_header) == 512, "the header has no gaps");

/* ---- reading ---- */

bool cuvee__packed_is_one(struct span bytes)
{
    return bytes.len >= 8 && memcmp(bytes.ptr, MAGIC, 8) == 0;
}

void cuvee__packed_table_sha256(const struct packed_header *header,
                                const struct packed_section *sections, char ret[64])
{
    struct packed_header h = *header;
    struct sha256 sum;
    char hex[65];
    memset(h.table_sha256, 0, sizeof h.table_sha256);
    cuvee__sha256_init(&sum);
    cuvee__sha256_update(&sum, &h, sizeof h);
    cuvee__sha256_update(&sum, sections, h.n_sections * sizeof *sections);
    cuvee__sha256_final_hex(&sum, hex);
    memcpy(ret, hex, 64);
}

static int check_header(const struct packed_header *h, size_t len, const char *path,
                        cuvee_error *err)
{
    if (h->byte_order != BYTE_ORDER)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "%s: packed on a machine with another byte order; pack it again", path);
    if (h->layout != CUVEE__PACKED_LAYOUT)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "%s: packed file of layout %" PRIu32 ", this version reads %d; "
                           "pack it again",
                           path, h->layout, CUVEE__PACKED_LAYOUT);
    if (h->file_bytes != len)
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "%s: packed file of %" PRIu64 " bytes has %zu: truncated?", path,
                           h->file_bytes, len);
    const uint64_t table = h->table_offset;
    if (h->n_sections > MAX_SECTIONS || table % CUVEE__PACKED_ALIGN || table < sizeof *h ||
        table > len || len - table != h->n_sections * sizeof(struct packed_section))
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "%s: packed file: %" PRIu32 " sections at byte %" PRIu64
                           " do not fit its %zu bytes",
                           path, h->n_sections, table, len);
    return CUVEE_OK;
}

static int check_precision(const struct packed_header *h, const char *path, cuvee_error *err)
{
    if (*cuvee__precision_name(h->precision)) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_FORMAT, "%s: packed file of unknown precision %" PRIu32, path,
                       h->precision);
}

static int check_table(const struct packed_file *f, const char *path, cuvee_error *err)
{
    uint64_t end = sizeof *f->header;
    for (uint32_t i = 0; i < f->header->n_sections; i++) {
        const struct packed_section *s = &f->sections[i];
        if (s->offset % CUVEE__PACKED_ALIGN || s->offset < end ||
            s->offset > f->header->table_offset ||
            s->bytes > f->header->table_offset - s->offset)
            return cuvee__fail(err, CUVEE_E_FORMAT,
                               "%s: packed file: section %" PRIu32 " (%" PRIu64
                               " bytes at byte %" PRIu64 ") lies outside or over another",
                               path, i, s->bytes, s->offset);
        end = s->offset + s->bytes;
    }
    return CUVEE_OK;
}

int cuvee__packed_open(struct span bytes, const char *path, struct packed_file *ret,
                       cuvee_error *err)
{
    if (!cuvee__packed_is_one(bytes))
        return cuvee__fail(err, CUVEE_E_FORMAT, "%s: not a packed model", path);
    if (bytes.len < sizeof(struct packed_header))
        return cuvee__fail(err, CUVEE_E_FORMAT, "%s: packed file ends inside its header", path);
    struct packed_file f = {.bytes = (const unsigned char *)bytes.ptr};
    f.header = (const void *)bytes.ptr;
    int rc = check_header(f.header, bytes.len, path, err);
    if (rc < 0) return rc;
    f.sections = (const void *)(bytes.ptr + f.header->table_offset);
    char sum[64];
    cuvee__packed_table_sha256(f.header, f.sections, sum);
    if (memcmp(sum, f.header->table_sha256, sizeof sum) != 0)
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "%s: packed file: header or table is damaged (checksum)", path);
    if ((rc = check_precision(f.header, path, err)) < 0) return rc;
    if ((rc = check_table(&f, path, err)) < 0) return rc;
    *ret = f;
    return CUVEE_OK;
}

int cuvee__packed_verify(const struct file_map *map, const struct packed_file *f, const char *path,
                         cuvee_error *err)
{
    const size_t step = (size_t)1 << 20; /* what is in the footprint at any time */
    const size_t end = (size_t)f->header->table_offset;
    struct sha256 sum;
    char hex[65];
    cuvee__sha256_init(&sum);
    for (size_t off = sizeof *f->header; off < end; off += step) {
        const size_t n = cuvee__min(step, end - off);
        cuvee__sha256_update(&sum, f->bytes + off, n);
        cuvee__file_map_release(map, off, n);
    }
    cuvee__sha256_final_hex(&sum, hex);
    if (memcmp(hex, f->header->data_sha256, 64) == 0) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_FORMAT, "%s: packed file is damaged: its bytes have SHA-256 "
                       "%s, not the one that it carries", path, hex);
}

const char *cuvee__precision_name(unsigned precision)
{
    static const char *const names[] = {"", "f32", "bf16", "int8"};
    return names[precision < sizeof names / sizeof *names ? precision : 0];
}

/* ---- writing ---- */

void cuvee__packed_writer_init(struct packed_writer *w, struct new_file *file, bool is_hashed)
{
    *w = (struct packed_writer){
        .file = file, .at = sizeof(struct packed_header), .is_hashed = is_hashed};
    cuvee__sha256_init(&w->data);
}

void cuvee__packed_writer_deinit(struct packed_writer *w)
{
    cuvee__free(w->sections);
    w->sections = NULL;
}

static int write_at(struct packed_writer *w, uint64_t at, const void *bytes, size_t n,
                    cuvee_error *err)
{
    const int rc = cuvee__new_file_write(w->file, at, bytes, n, err);
    if (rc < 0) w->failed = true;
    return rc;
}

static int append(struct packed_writer *w, const void *bytes, size_t n, cuvee_error *err)
{
    if (n == 0) return CUVEE_OK;
    const int rc = write_at(w, w->at, bytes, n, err);
    if (rc < 0) return rc;
    w->at += n;
    if (w->is_hashed) cuvee__sha256_update(&w->data, bytes, n);
    return CUVEE_OK;
}

/* Zeros up to where a section may begin. */
static int align(struct packed_writer *w, cuvee_error *err)
{
    static const char zeros[CUVEE__PACKED_ALIGN];
    return append(w, zeros, (size_t)(-w->at % CUVEE__PACKED_ALIGN), err);
}

int cuvee__packed_begin(struct packed_writer *w, const struct packed_section *section,
                        cuvee_error *err)
{
    if (w->n == w->room) {
        const size_t room = cuvee__max(64, 2 * w->room);
        struct packed_section *sections = cuvee__realloc_array(w->sections, room, sizeof *sections);
        if (!sections) return cuvee__fail(err, CUVEE_E_NOMEM, "table of sections: out of memory");
        w->sections = sections;
        w->room = room;
    }
    const int rc = align(w, err);
    if (rc < 0) return rc;
    struct packed_section *s = &w->sections[w->n++];
    *s = *section;
    s->offset = w->at;
    s->bytes = 0;
    return CUVEE_OK;
}

struct packed_section *cuvee__packed_current(struct packed_writer *w)
{
    return &w->sections[w->n - 1];
}

int cuvee__packed_append(struct packed_writer *w, const void *bytes, size_t n, cuvee_error *err)
{
    w->sections[w->n - 1].bytes += n;
    return append(w, bytes, n, err);
}

int cuvee__packed_put(struct packed_writer *w, const struct packed_section *section,
                      const void *bytes, size_t n, cuvee_error *err)
{
    const int rc = cuvee__packed_begin(w, section, err);
    return rc < 0 ? rc : cuvee__packed_append(w, bytes, n, err);
}

int cuvee__packed_finish(struct packed_writer *w, unsigned precision,
                         const struct packed_origin *origin, cuvee_error *err)
{
    int rc = align(w, err);
    if (rc < 0) return rc;
    const size_t table_bytes = w->n * sizeof *w->sections;
    struct packed_header h = {
        .magic = MAGIC,
        .byte_order = BYTE_ORDER,
        .layout = CUVEE__PACKED_LAYOUT,
        .precision = precision,
        .n_sections = (uint32_t)w->n,
        .table_offset = w->at,
        .file_bytes = w->at + table_bytes,
        .origin = *origin,
    };
    char hex[65];
    cuvee__sha256_final_hex(&w->data, hex);
    if (w->is_hashed) memcpy(h.data_sha256, hex, 64);
    cuvee__packed_table_sha256(&h, w->sections, h.table_sha256);
    rc = write_at(w, w->at, w->sections, table_bytes, err);
    return rc < 0 ? rc : write_at(w, 0, &h, sizeof h, err);
}
