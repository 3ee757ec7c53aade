/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON text, and the members of an object as they were written. */
#ifndef CUVEE_TABLE_JSON_WRITER_H
#define CUVEE_TABLE_JSON_WRITER_H

#include "base/sink.h"

/* Append text as a JSON string, with its quotes. Valid UTF-8 passes as it is; invalid parts become
 * U+FFFD, so the output is JSON whatever comes in. */
void cuvee__json_put_string(struct sink *out, struct span text);

/* Append the members of a raw JSON object, without its braces, separated by commas, byte for byte:
 * spellings of numbers and escapes survive. A key that is one of `taken` gets "in_" in front until
 * no other key of the object is like it; no taken name may start with "in_".
 * *ret_n: members appended.
 * Returns CUVEE_OK, or CUVEE_E_FORMAT when this is not an object (out may have grown); out->rc
 * apart. */
int cuvee__json_put_members(struct sink *out, struct span object, const struct span *taken,
                            size_t n_taken, size_t *ret_n);

#endif
