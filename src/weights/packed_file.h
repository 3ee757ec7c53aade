/* SPDX-License-Identifier: Apache-2.0
 *
 * The container of a packed model: a header, sections of bytes, and a table that says where each
 * lies and what it is (docs/formats.md). What the sections mean is model/'s business.
 *
 *     header, 512 bytes | section, section, ... each from a multiple of 64 | table, to the end
 *
 * Numbers are as the machine has them; the header says so, and a file of the other byte order is
 * refused. The header has a checksum over itself and the table, compared at open, and one over all
 * sections, which only cuvee__packed_verify() reads. */
#ifndef CUVEE_WEIGHTS_PACKED_FILE_H
#define CUVEE_WEIGHTS_PACKED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/sha256.h"
#include "cuvee/cuvee.h"
#include "os/file.h"
#include "os/new_file.h"

/* One more whenever a byte of the format or of a kernel's layout means something else. */
#define CUVEE__PACKED_LAYOUT 1
#define CUVEE__PACKED_ALIGN  64

/* The kind of section that this folder knows: text without NUL, the directory that the file was
 * made of. The other kinds are model/'s. */
enum { PACKED_SOURCE = 1 };

/* An entry of the table: 64 bytes. */
struct packed_section {
    uint32_t kind, role, layer, part; /* what it is */
    uint32_t type;                    /* of its numbers */
    uint32_t extra[3];
    uint64_t offset, bytes; /* from the start of the file */
    uint64_t dims[2];       /* rows, columns; 0 where there are none */
};

/* What the file was made of, as lower-case hex digits without a NUL. */
struct packed_origin {
    char source[64];  /* SHA-256 over all files of the model directory that count */
    char weights[64]; /* over the weight files alone, see cuvee_model_sha256() */
    char key[64];     /* in the cache: the identity of those files; else zero bytes */
};

struct packed_header {
    char magic[8];
    uint32_t byte_order, layout;
    uint32_t precision; /* enum cuvee_precision */
    uint32_t n_sections;
    uint64_t table_offset, file_bytes;
    struct packed_origin origin;
    char data_sha256[64];  /* of all bytes between header and table */
    char table_sha256[64]; /* of the header, with this field as zeros, and the table */
    char padding[152];
};

/* ---- reading ---- */

struct packed_file {
    const unsigned char *bytes; /* 64-byte aligned */
    const struct packed_header *header;
    const struct packed_section *sections; /* in order of their offsets, no two overlap */
};

/* True when the bytes begin like a packed file. */
bool cuvee__packed_is_one(struct span bytes);

/* Check header and table; time does not depend on the size of the sections.
 *   bytes  64-byte aligned; must outlive ret.    path  for messages.
 * Returns CUVEE_OK, CUVEE_E_FORMAT, CUVEE_E_UNSUPPORTED (another layout). */
int cuvee__packed_open(struct span bytes, const char *path, struct packed_file *ret,
                       cuvee_error *err);

/* Compare the sections with their checksum, letting go of the pages that were read. */
int cuvee__packed_verify(const struct file_map *map, const struct packed_file *f, const char *path,
                         cuvee_error *err);

/* "f32", "bf16", "int8"; "" for anything else. */
const char *cuvee__precision_name(unsigned precision);

/* The checksum that belongs into the header. */
void cuvee__packed_table_sha256(const struct packed_header *header,
                                const struct packed_section *sections, char ret[64]);

/* ---- writing: begin and append, section by section, then finish ---- */

struct packed_writer {
    struct new_file *file; /* borrowed */
    struct packed_section *sections;
    size_t n, room;
    uint64_t at;      /* where the next byte goes */
    bool is_hashed;   /* a file in memory is its own witness: no checksum of the data */
    bool failed;      /* an error came from writing, not from what was written */
    struct sha256 data;
};

void cuvee__packed_writer_init(struct packed_writer *w, struct new_file *file, bool is_hashed);
void cuvee__packed_writer_deinit(struct packed_writer *w);

/* Begin a section; offset and bytes are filled in. */
int cuvee__packed_begin(struct packed_writer *w, const struct packed_section *section,
                        cuvee_error *err);
/* The section that was begun last; type and extra may still be set. */
struct packed_section *cuvee__packed_current(struct packed_writer *w);
/* Bytes of that section. */
int cuvee__packed_append(struct packed_writer *w, const void *bytes, size_t n, cuvee_error *err);
/* A section in one piece. */
int cuvee__packed_put(struct packed_writer *w, const struct packed_section *section,
                      const void *bytes, size_t n, cuvee_error *err);
/* Table and header: the file is complete. */
int cuvee__packed_finish(struct packed_writer *w, unsigned precision,
                         const struct packed_origin *origin, cuvee_error *err);

#endif
