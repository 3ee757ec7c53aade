/* SPDX-License-Identifier: Apache-2.0
 *
 * All talk goes through here: stderr, one line at a time, from any thread. On a terminal the last
 * line may be a progress bar; a message takes its place and the bar comes back below. */
#ifndef CUVEE_CLI_CONSOLE_H
#define CUVEE_CLI_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* Call once, before anything else of this file. */
void cli__console_open(void);

/* stderr is a terminal that can move its cursor. */
bool cli__console_is_terminal(void);
/* Width of the terminal in columns; 80 when there is none. */
int cli__console_columns(void);
/* The terminal draws UTF-8. */
bool cli__console_is_utf8(void);

/* Print one line. Control characters, which come from file names and data, become '?'. */
void cli__console_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Print bytes as they are: whole lines that hold no foreign control characters. */
void cli__console_write(struct span text);
/* Draw or redraw the bar; "" takes it away. */
void cli__console_bar(const char *line);

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_BAR };
/* Escape sequence for stderr; "" without a terminal or with NO_COLOR. */
const char *cli__console_style(enum style style);

/* Flush stdout. Returns EXIT_OK; EXIT_OUTPUT after a message when it cannot be written, and EXIT_OK
 * without a word when its reader is gone. */
int cli__stdout_finish(void);

#endif
