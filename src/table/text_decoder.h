/* SPDX-License-Identifier: Apache-2.0
 *
 * Any encoding that iconv knows to UTF-8, in pieces. Undecodable bytes become 0xFF (see
 * input_stream.h). */
#ifndef CUVEE_TABLE_TEXT_DECODER_H
#define CUVEE_TABLE_TEXT_DECODER_H

#include <stdbool.h>
#include <stddef.h>

#include "cuvee/cuvee.h"

struct text_decoder;

/* True when the encoding needs no decoder: UTF-8 under any of its names. */
bool cuvee__encoding_is_utf8(const char *encoding);

/* Returns CUVEE_OK, CUVEE_E_ARGUMENT (iconv does not know the name), CUVEE_E_NOMEM. */
int cuvee__decoder_create(const char *encoding, struct text_decoder **ret_decoder,
                          cuvee_error *err);
void cuvee__decoder_free(struct text_decoder *d);

/* Where to put the next bytes of the input: room for *ret_room of them, at least 1. */
char *cuvee__decoder_space(struct text_decoder *d, size_t *ret_room);
/* n bytes were put there. */
void cuvee__decoder_added(struct text_decoder *d, size_t n);

/* Decode into out as much as its room (at least 16) takes; at_end: no more input will come.
 * *ret_len bytes were written. Returns true when all input that can be decoded now is, false when
 * out is full. */
bool cuvee__decoder_run(struct text_decoder *d, bool at_end, char *out, size_t room,
                        size_t *ret_len);

#endif
