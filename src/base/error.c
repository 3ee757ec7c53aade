/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Make msg one printable line that does not end inside a UTF-8 character. */
static void tidy_message(char *msg, size_t cap)
{
    size_t n = strnlen(msg, cap - 1);
    if (n == cap - 1) { /* perhaps cut: drop a character that lost its tail */
        size_t lead = n;
        while (lead > 0 && n - lead < 4 && ((unsigned char)msg[lead - 1] & 0xC0) == 0x80) lead--;
        if (lead > 0) {
            const unsigned char c = (unsigned char)msg[lead - 1];
            const size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
            if (need > n - lead + 1) n = lead - 1;
        }
    }
    msg[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)msg[i] < 0x20 || msg[i] == 0x7F) msg[i] = '?';
}

static int fill(cuvee_error *err, int code, int os_errno, int64_t offset, const char *fmt,
                va_list ap)
{
    if (!err) return code;
    /* fmt's arguments may point into err->msg itself (a prefix), so build aside. */
    char msg[sizeof err->msg];
    vsnprintf(msg, sizeof msg, fmt, ap);
    if (os_errno) {
        char text[128];
        const size_t n = strlen(msg);
        /* glibc gives the text back, POSIX and musl fill the buffer: %m reads errno on both. */
        const int saved = errno;
        errno = os_errno;
        snprintf(text, sizeof text, "%m");
        errno = saved;
        snprintf(msg + n, sizeof msg - n, ": %s", text);
    }
    tidy_message(msg, sizeof msg);
    err->code = code;
    err->os_errno = os_errno;
    err->offset = offset;
    memcpy(err->msg, msg, sizeof msg);
    return code;
}

int cuvee__fail(cuvee_error *err, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, code, 0, -1, fmt, ap);
    va_end(ap);
    return code;
}

int cuvee__fail_os(cuvee_error *err, int os_errno, const char *fmt, ...)
{
    const int code = os_errno == ENOMEM ? CUVEE_E_NOMEM : CUVEE_E_IO;
    va_list ap;
    va_start(ap, fmt);
    fill(err, code, os_errno, -1, fmt, ap);
    va_end(ap);
    return code;
}

int cuvee__fail_at(cuvee_error *err, int code, int64_t offset, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, code, 0, offset, fmt, ap);
    va_end(ap);
    return code;
}

void cuvee__error_prefix(cuvee_error *err, const char *fmt, ...)
{
    if (!err) return;
    char msg[2 * sizeof err->msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    const size_t n = strlen(msg);
    snprintf(msg + n, sizeof msg - n, ": %s", err->msg);
    tidy_message(msg, sizeof err->msg);
    memcpy(err->msg, msg, sizeof err->msg);
}

const char *cuvee_code_name(int code)
{
    switch (code) {
    case CUVEE_OK: return "ok";
    case CUVEE_E_ARGUMENT: return "bad argument";
    case CUVEE_E_NOMEM: return "out of memory";
    case CUVEE_E_IO: return "input or output error";
    case CUVEE_E_FORMAT: return "bad format";
    case CUVEE_E_UNSUPPORTED: return "unsupported";
    case CUVEE_E_LIMIT: return "limit exceeded";
    case CUVEE_E_BUSY: return "busy";
    case CUVEE_E_TIMEOUT: return "timed out";
    case CUVEE_E_CANCELLED: return "cancelled";
    case CUVEE_E_TOO_LONG: return "text too long";
    case CUVEE_E_NONFINITE: return "non-finite scores";
    case CUVEE_E_SCRIPT:
        return "script error";
    default: return "unknown code";
    }
}
