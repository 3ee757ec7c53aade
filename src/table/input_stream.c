/* SPDX-License-Identifier: Apache-2.0
 *
 * The window grows by doubling up to about twice TABLE_MAX_RECORD_BYTES and is moved to the front
 * when half of it is consumed, so every byte is copied a bounded number of times. */
#include "table/input_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "table/reader.h"
#include "table/text_decoder.h"

#define CHUNK_BYTES ((size_t)64 * 1024)
/* A signal that comes between the look at *stop and the wait does not end the wait; the next look
 * does. */
#define STOP_CHECK_MS 200

/* Where standard input is now. */
static int stdin_fd = STDIN_FILENO;

int cuvee__input_detach_stdin(cuvee_error *err)
{
    if (stdin_fd != STDIN_FILENO) return CUVEE_OK;
    const int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int nothing = fd < 0 ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0) {
        const int e = errno;
        if (nothing >= 0) close(nothing);
        if (fd >= 0) close(fd);
        return cuvee__fail_os(err, e, "standard input");
    }
    close(nothing);
    stdin_fd = fd;
    return CUVEE_OK;
}

bool cuvee__input_is_stdin(const char *path)
{
    return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0;
}

int cuvee__input_init(struct input_stream *in, const char *path, const char *encoding,
                      cuvee_error *err)
{
    *in = (struct input_stream){.fd = stdin_fd};
    if (!cuvee__input_is_stdin(path)) {
        /* Not blocking: open() of a FIFO would wait for its writer where no stop flag is looked
         * at. */
        in->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (in->fd < 0) return cuvee__fail_os(err, errno, "cannot open");
        in->owns_fd = true;
    }
    struct stat st;
    if (fstat(in->fd, &st) < 0) return cuvee__fail_os(err, errno, "cannot read");
    if (S_ISDIR(st.st_mode)) return cuvee__fail_os(err, EISDIR, "cannot read");
    in->is_regular = S_ISREG(st.st_mode);
    if (in->is_regular) {
        const off_t at = lseek(in->fd, 0, SEEK_CUR);
        if (at >= 0 && st.st_size > at) in->bytes_total = (uint64_t)(st.st_size - at);
    }
    if (!encoding) return CUVEE_OK;
    in->is_utf8_by_order = cuvee__encoding_is_utf8(encoding);
    return in->is_utf8_by_order ? CUVEE_OK : cuvee__decoder_create(encoding, &in->decoder, err);
}

void cuvee__input_deinit(struct input_stream *in)
{
    if (in->owns_fd) close(in->fd);
    cuvee__decoder_free(in->decoder);
    cuvee__free(in->window);
    *in = (struct input_stream){.fd = -1};
}

/* Standard input may have moved since. */
static int fd_of(const struct input_stream *in)
{
    return in->owns_fd ? in->fd : stdin_fd;
}

/* Room for n bytes after the window's end. */
static int make_room(struct input_stream *in, size_t n, cuvee_error *err)
{
    const size_t live = in->end - in->begin;
    if (in->begin > 0 && live <= in->room / 2) {
        memmove(in->window, in->window + in->begin, live);
        in->begin = 0;
        in->end = live;
    }
    if (in->room - in->end >= n) return CUVEE_OK;
    const size_t room = cuvee__max(in->room * 2, in->end + n);
    char *window = cuvee__realloc_array(in->window, room, 1);
    if (!window) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    in->window = window;
    in->room = room;
    return CUVEE_OK;
}

/* Wait until read() does not block. Returns INPUT_LINE (go on), INPUT_PAUSED or CUVEE_E_*. */
static int wait_for_input(const struct input_stream *in, cuvee_error *err)
{
    for (;;) {
        if (in->stop && *in->stop) return cuvee__fail(err, CUVEE_E_CANCELLED, "interrupted");
        if (in->is_regular) return INPUT_LINE;
        struct pollfd wait = {.fd = fd_of(in), .events = POLLIN};
        const int n = poll(&wait, 1, in->may_pause ? 0 : in->stop ? STOP_CHECK_MS : -1);
        if (n > 0) return INPUT_LINE; /* or a hang-up or a bad descriptor: read() says which */
        if (n == 0 && in->may_pause) return INPUT_PAUSED;
        if (n < 0 && errno != EINTR) return cuvee__fail_os(err, errno, "cannot wait for input");
    }
}

/* read() up to room bytes; 0 of them at the end. Returns INPUT_LINE, INPUT_PAUSED or CUVEE_E_*. */
static int read_bytes(struct input_stream *in, char *out, size_t room, size_t *ret_len,
                      cuvee_error *err)
{
    for (;;) {
        const int rc = wait_for_input(in, err);
        if (rc != INPUT_LINE) return rc;
        const ssize_t n = read(fd_of(in), out, room);
        if (n >= 0) {
            in->bytes_read += (uint64_t)n;
            *ret_len = (size_t)n;
            return INPUT_LINE;
        }
        if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
            return cuvee__fail_os(err, errno, "cannot read on at byte %" PRIu64, in->bytes_read);
    }
}

/* Decode what the decoder holds to the window's end. */
static int drain_decoder(struct input_stream *in, bool at_end, cuvee_error *err)
{
    for (bool is_done = false; !is_done;) {
        const int rc = make_room(in, CHUNK_BYTES, err);
        if (rc < 0) return rc;
        size_t n;
        is_done =
            cuvee__decoder_run(in->decoder, at_end, in->window + in->end, in->room - in->end, &n);
        in->end += n;
    }
    return CUVEE_OK;
}

/* Bring more bytes into the window, or set at_end. Returns INPUT_LINE, INPUT_PAUSED or
 * CUVEE_E_*. */
static int read_more(struct input_stream *in, cuvee_error *err)
{
    size_t room, n;
    int rc;
    if (in->decoder) {
        char *space = cuvee__decoder_space(in->decoder, &room);
        rc = read_bytes(in, space, room, &n, err);
        if (rc != INPUT_LINE) return rc;
        cuvee__decoder_added(in->decoder, n);
        rc = drain_decoder(in, n == 0, err);
    } else {
        rc = make_room(in, CHUNK_BYTES, err);
        if (rc < 0) return rc;
        /* At the start no more than the decoder can take over, should a mark call for one. */
        room = in->started ? in->room - in->end : CHUNK_BYTES - in->end;
        rc = read_bytes(in, in->window + in->end, room, &n, err);
        if (rc != INPUT_LINE) return rc;
        in->end += n;
    }
    if (rc < 0) return rc;
    if (n == 0) in->at_end = true;
    return INPUT_LINE;
}

/* Does the window start with mark? Reads no further than it takes to know. */
static int has_mark(struct input_stream *in, const char *mark, bool *ret_has, cuvee_error *err)
{
    const size_t n = strlen(mark);
    for (;;) {
        const size_t have = cuvee__min(in->end - in->begin, n);
        const bool is_like = have == 0 || memcmp(in->window + in->begin, mark, have) == 0;
        *ret_has = is_like && have == n;
        if (!is_like || have == n || in->at_end) return INPUT_LINE;
        const int rc = read_more(in, err);
        if (rc != INPUT_LINE) return rc;
    }
}

/* The bytes read so far turned out to be UTF-16. */
static int switch_to_decoder(struct input_stream *in, const char *encoding, cuvee_error *err)
{
    const int rc = cuvee__decoder_create(encoding, &in->decoder, err);
    if (rc < 0) return rc;
    size_t room;
    char *space = cuvee__decoder_space(in->decoder, &room);
    const size_t n = in->end - in->begin; /* <= CHUNK_BYTES == room, see read_more() */
    memcpy(space, in->window + in->begin, n);
    cuvee__decoder_added(in->decoder, n);
    in->begin = in->end = 0;
    return drain_decoder(in, in->at_end, err);
}

/* Obey a UTF-16 byte-order mark unless the caller named an encoding; drop U+FEFF at the start of
 * the text. */
static int look_at_marks(struct input_stream *in, cuvee_error *err)
{
    static const struct {
        const char *mark, *encoding;
    } marks[] = {{"\xFF\xFE", "UTF-16LE"}, {"\xFE\xFF", "UTF-16BE"}};
    if (in->started) return INPUT_LINE;
    bool has;
    int rc;
    for (size_t i = 0; i < 2 && !in->decoder && !in->is_utf8_by_order; i++) {
        rc = has_mark(in, marks[i].mark, &has, err);
        if (rc != INPUT_LINE) return rc;
        if (has && (rc = switch_to_decoder(in, marks[i].encoding, err)) < 0) return rc;
    }
    rc = has_mark(in, "\xEF\xBB\xBF", &has, err);
    if (rc != INPUT_LINE) return rc;
    if (has) in->begin += 3;
    in->started = true;
    return INPUT_LINE;
}

/* Length of the line at p with its end, or 0 when it does not end within len bytes. The first *seen
 * bytes are known to hold no end; what was looked at in vain is added to them. */
static size_t line_length(const char *p, size_t len, bool cr_ends, bool at_end, size_t *seen)
{
    if (!cr_ends) {
        const char *lf = len > *seen ? memchr(p + *seen, '\n', len - *seen) : NULL;
        *seen = len;
        return lf ? (size_t)(lf - p) + 1 : 0;
    }
    size_t i = *seen;
    while (i < len && p[i] != '\n' && p[i] != '\r') i++;
    *seen = i;
    if (i == len) return 0;
    if (p[i] == '\n') return i + 1;
    if (i + 1 < len) return p[i + 1] == '\n' ? i + 2 : i + 1;
    return at_end ? i + 1 : 0; /* the next byte tells CR from CRLF */
}

int cuvee__input_line(struct input_stream *in, size_t off, bool cr_ends, struct span *ret_line,
                      cuvee_error *err)
{
    int rc = look_at_marks(in, err);
    size_t seen = 0;
    while (rc == INPUT_LINE) {
        const size_t have = in->end - in->begin - off;
        const char *line = have ? in->window + in->begin + off : "";
        size_t n = line_length(line, have, cr_ends, in->at_end, &seen);
        if (off + (n ? n : have) > TABLE_MAX_RECORD_BYTES) return INPUT_TOO_LONG;
        if (!n && in->at_end) {
            if (!have) return INPUT_END;
            n = have;
        }
        if (n) {
            *ret_line = (struct span){line, n};
            return INPUT_LINE;
        }
        rc = read_more(in, err);
    }
    return rc;
}

void cuvee__input_consume(struct input_stream *in, size_t n)
{
    in->begin += n;
    if (in->begin == in->end) in->begin = in->end = 0;
}

int cuvee__input_skip_line(struct input_stream *in, bool cr_ends, cuvee_error *err)
{
    const bool may_pause = in->may_pause;
    int rc = INPUT_LINE;
    in->may_pause = false;
    while (rc == INPUT_LINE) {
        const size_t have = in->end - in->begin;
        size_t seen = 0;
        const size_t n =
            have ? line_length(in->window + in->begin, have, cr_ends, in->at_end, &seen) : 0;
        cuvee__input_consume(in, n ? n : seen);
        if (n || in->at_end) break;
        rc = read_more(in, err);
    }
    in->may_pause = may_pause;
    return rc;
}

int cuvee__input_peek(struct input_stream *in, int *ret_byte, cuvee_error *err)
{
    int rc = look_at_marks(in, err);
    size_t i = 0;
    while (rc == INPUT_LINE) {
        for (; in->begin + i < in->end; i++) {
            const char c = in->window[in->begin + i];
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
            *ret_byte = (unsigned char)c;
            return CUVEE_OK;
        }
        if (in->at_end || i >= CHUNK_BYTES) {
            *ret_byte = -1;
            return CUVEE_OK;
        }
        rc = read_more(in, err);
    }
    return rc;
}
