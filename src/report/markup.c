/* SPDX-License-Identifier: Apache-2.0 */
#include "report/markup.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

void cuvee__markup_printf(struct sink *m, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text)
        m->rc = m->rc == CUVEE_OK ? CUVEE_E_LIMIT : m->rc; /* long text goes in by the others */
    else
        sink_put_str(m, text);
}

/* Walk over the characters; `replace` gives what stands for one, or NULL. */
static void put(struct sink *m, const char *text, const char *(*replace)(uint32_t))
{
    const size_t len = strlen(text);
    for (size_t at = 0, n; at < len && m->rc == CUVEE_OK; at += n) {
        const uint32_t c = cuvee__utf8_decode(text + at, len - at, &n);
        const char *other = replace(c);
        if (other)
            sink_put_str(m, other);
        else
            m->rc = cuvee__buffer_append(&m->bytes, text + at, n);
    }
}

static const char *in_xml(uint32_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
    case '\n':
        return NULL;
    case CUVEE__INVALID_UTF8:
    case 0xFFFE:
    case 0xFFFF:
        return "\xEF\xBF\xBD";
    default:
        return c < 0x20 || c == 0x7F ? "\xEF\xBF\xBD" : NULL;
    }
}

/* GitHub's Markdown, within a table. HTML is markup there too. */
static const char *in_markdown(uint32_t c)
{
    switch (c) {
    case '|':
        return "\\|";
    case '\\':
        return "\\\\";
    case '`':
        return "\\`";
    case '*':
        return "\\*";
    case '_':
        return "\\_";
    case '[':
        return "\\[";
    case ']':
        return "\\]";
    case '~':
        return "\\~";
    case '\t':
    case '\n':
    case '\r':
        return " ";
    default:
        return c == '\'' || c == '"' || c == '>' ? NULL : in_xml(c);
    }
}

void cuvee__markup_text(struct sink *m, const char *text)
{
    put(m, text, in_xml);
}

void cuvee__markup_markdown(struct sink *m, const char *text)
{
    put(m, text, in_markdown);
}

void cuvee__markup_number(struct sink *m, double x)
{
    char text[340]; /* a double has at most 309 digits before its point */
    int n = snprintf(text, sizeof text, "%.2f", x);
    while (n > 1 && text[n - 1] == '0') n--;
    if (n > 1 && text[n - 1] == '.') n--;
    text[n] = '\0';
    sink_put_str(m, strcmp(text, "-0") == 0 ? "0" : text);
}
