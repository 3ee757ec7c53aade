/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* struct winsize */
#include "console.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/env.h"
#include "exit_code.h"
#include "os/thread.h"

static struct {
    struct mutex mutex; /* one line at a time; guards has_bar */
    bool is_terminal;   /* the next three are set by cli__console_open, then constant */
    bool is_utf8;
    bool use_color;
    bool has_bar; /* a bar stands on the last line, cursor behind it */
} console = {.mutex = {PTHREAD_MUTEX_INITIALIZER}};

void cli__console_open(void)
{
    const char *term = cuvee__env_term();
    console.is_terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    console.use_color = console.is_terminal && !cuvee__env_no_color();
    /* The user's character set, without changing the locale of this program. */
    const locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (locale == (locale_t)0) return;
    console.is_utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
}

bool cli__console_is_terminal(void)
{
    return console.is_terminal;
}

bool cli__console_is_utf8(void)
{
    return console.is_utf8;
}

int cli__console_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

const char *cli__console_style(enum style style)
{
    static const char *const escapes[] = {
        [STYLE_PLAIN] = "\033[0m", [STYLE_BOLD] = "\033[1m", [STYLE_DIM] = "\033[2m",
        [STYLE_BAR] = "\033[35m"};
    return console.use_color ? escapes[style] : "";
}

/* Lines are whole: built first, then one fwrite, so that other writers to the same terminal or log
 * do not cut them. */
void cli__console_write(struct span text)
{
    cuvee__mutex_lock(&console.mutex);
    if (console.has_bar) fputs("\r\033[K", stderr);
    console.has_bar = false;
    fwrite(text.ptr, 1, text.len, stderr);
    fflush(stderr);
    cuvee__mutex_unlock(&console.mutex);
}

void cli__console_say(const char *fmt, ...)
{
    char line[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line - 1, fmt, ap);
    va_end(ap);
    size_t n = strlen(line);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F) line[i] = '?';
    line[n++] = '\n';
    cli__console_write((struct span){line, n});
}

void cli__console_bar(const char *line)
{
    cuvee__mutex_lock(&console.mutex);
    if (*line || console.has_bar) fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    console.has_bar = *line != '\0';
    cuvee__mutex_unlock(&console.mutex);
}

int cli__stdout_finish(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return EXIT_OK;
    if (errno == EPIPE) return EXIT_OK;
    cli__console_say("cuvee: cannot write to standard output: %s", strerror(errno));
    return EXIT_OUTPUT;
}
