/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/series_stream.h"

#include <inttypes.h>

#include "base/utf8.h"
#include "cuvee/cuvee.h"

enum { STRETCHES_SO_FAR = 1024 };

static void begin(struct series_stream *s)
{
    static const char head[] = "{\"schema\":\"measure-series/1\",\"unit\":\"byte\","
                               "\"p\":[\"pid\",\"rss\",\"pss\",\"cpu_ms\",\"minflt\",\"comm\"]}\n";
    if (s->has_begun || s->has_failed) return;
    s->has_begun = true;
    s->has_failed = s->write(s->arg, head, sizeof head - 1) != 0;
}

static void write_out(struct series_stream *s, struct span text)
{
    begin(s);
    if (!s->has_failed) s->has_failed = s->write(s->arg, text.ptr, text.len) != 0;
}

/* A JSON string of any bytes. */
static int put_string(struct buffer *b, const char *text)
{
    struct buffer valid = {0};
    uint64_t n_replaced = 0;
    int rc = cuvee__utf8_append_valid(&valid, text, strlen(text), &n_replaced);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append_char(b, '"');
    for (size_t i = 0; i < valid.len && rc == CUVEE_OK; i++) {
        const unsigned char c = (unsigned char)valid.ptr[i];
        if (c < 0x20)
            rc = cuvee__buffer_printf(b, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            rc = cuvee__buffer_printf(b, "\\%c", c);
        else
            rc = cuvee__buffer_append_char(b, (char)c);
    }
    if (rc == CUVEE_OK) rc = cuvee__buffer_append_char(b, '"');
    cuvee__buffer_deinit(&valid);
    return rc;
}

static int put_part(struct buffer *b, const struct series_part *p, bool has_pss)
{
    int rc = cuvee__buffer_printf(b, "[%d,%" PRIu64 ",", p->pid, p->rss * 1024);
    if (rc == CUVEE_OK)
        rc = has_pss ? cuvee__buffer_printf(b, "%" PRIu64, p->pss * 1024)
                     : cuvee__buffer_append_str(b, "null");
    if (rc == CUVEE_OK)
        rc =
            cuvee__buffer_printf(b, ",%" PRIu64 ",%" PRIu64 ",", p->cpu_us / 1000, p->minor_faults);
    if (rc == CUVEE_OK) rc = put_string(b, p->comm);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append_char(b, ']');
    return rc;
}

/* The times of a JSON line are seconds. */
static int put_time(struct buffer *b, uint64_t t_us)
{
    return cuvee__buffer_printf(b, "{\"t\":%" PRIu64 ".%06u", t_us / 1000000,
                                (unsigned)(t_us % 1000000));
}

static int put_frame(struct buffer *b, const struct series_frame *f)
{
    int rc = put_time(b, f->t_us);
    if (rc == CUVEE_OK && f->is_anchor)
        rc = cuvee__buffer_printf(b, ",\"stable\":%s,\"footprint\":%" PRIu64,
                                  f->is_stable ? "true" : "false", f->footprint * 1024);
    if (rc == CUVEE_OK && f->has_upper)
        rc = cuvee__buffer_printf(b, ",\"upper\":%" PRIu64, f->upper * 1024);
    if (rc == CUVEE_OK && f->has_charge)
        rc = cuvee__buffer_printf(b, ",\"charged\":%" PRIu64, f->charged * 1024);
    if (rc == CUVEE_OK && f->has_charge_peak)
        rc = cuvee__buffer_printf(b, ",\"charged_peak\":%" PRIu64, f->charged_peak * 1024);
    if (rc == CUVEE_OK && f->has_cpu)
        rc = cuvee__buffer_printf(b, ",\"cpu_s\":%" PRIu64 ".%06u", f->cpu_us / 1000000,
                                  (unsigned)(f->cpu_us % 1000000));
    if (rc == CUVEE_OK) rc = cuvee__buffer_append_str(b, ",\"p\":[");
    for (size_t i = 0; i < f->n && rc == CUVEE_OK; i++) {
        if (i) rc = cuvee__buffer_append_char(b, ',');
        if (rc == CUVEE_OK) rc = put_part(b, &f->parts[i], f->is_anchor);
    }
    if (rc == CUVEE_OK) rc = cuvee__buffer_append_str(b, "]}\n");
    return rc;
}

/* What was kept of the stretch, in the order of time. */
static void finish_stretch(struct series_stream *s)
{
    for (;;) {
        struct series_line *first = NULL;
        for (int i = 0; i < SERIES_LINES; i++)
            if (s->lines[i].is_known && (!first || s->lines[i].t_us < first->t_us))
                first = &s->lines[i];
        if (!first) return;
        write_out(s, buffer_span(&first->text));
        first->is_known = false;
    }
}

static void keep(struct series_stream *s, struct series_line *line, const struct series_frame *f,
                 uint64_t value)
{
    line->text.len = 0;
    line->is_known = true;
    line->t_us = f->t_us;
    line->value = value;
    if (put_frame(&line->text, f) < 0) s->has_failed = true;
}

void cuvee__series_stream_frame(struct series_stream *s, const struct series_frame *f)
{
    if (s->has_failed) return;
    if (f->t_us >= s->end_us) {
        finish_stretch(s);
        s->end_us = f->t_us + f->t_us / STRETCHES_SO_FAR + 1;
    }
    struct series_line *low = &s->lines[f->is_anchor ? 2 : 0], *high = low + 1;
    const uint64_t value = f->is_anchor ? f->footprint : f->rss;
    if (!high->is_known) {
        keep(s, high, f, value);
    } else if (value > high->value) {
        if (!low->is_known) { /* the one so far was the highest, and is the lowest now */
            const struct series_line moved = *low;
            *low = *high;
            *high = moved;
        }
        keep(s, high, f, value);
    } else if (!low->is_known || value < low->value) {
        keep(s, low, f, value);
    }
}

void cuvee__series_stream_mark(struct series_stream *s, uint64_t t_us, const char *text)
{
    struct buffer line = {0};
    if (s->has_failed) return;
    finish_stretch(s);
    int rc = put_time(&line, t_us);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append_str(&line, ",\"mark\":");
    if (rc == CUVEE_OK) rc = put_string(&line, text);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append_str(&line, "}\n");
    if (rc == CUVEE_OK)
        write_out(s, buffer_span(&line));
    else
        s->has_failed = true;
    cuvee__buffer_deinit(&line);
}

void cuvee__series_stream_end(struct series_stream *s)
{
    begin(s);
    if (!s->has_failed) finish_stretch(s);
}

void cuvee__series_stream_deinit(struct series_stream *s)
{
    for (int i = 0; i < SERIES_LINES; i++) cuvee__buffer_deinit(&s->lines[i].text);
    *s = (struct series_stream){0};
}
