/* SPDX-License-Identifier: Apache-2.0 */
#include "report/html.h"

#include "report/style.h"

static void put_tagged(struct sink *m, const char *open, const char *text, const char *close)
{
    sink_put_str(m, open);
    cuvee__markup_text(m, text);
    sink_put_str(m, close);
}

void cuvee__html_open(struct sink *m, const char *title)
{
    sink_put_str(m, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                         "<meta name=\"viewport\" content=\"width=device-width\"/>\n");
    put_tagged(m, "<title>", title, "</title>\n<style>\n");
    sink_put_str(m, cuvee__style_page);
    sink_put_str(m, cuvee__style_plots);
    sink_put_str(m, "</style>\n</head>\n<body>\n"
                    "<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\">");
    sink_put_str(m, cuvee__style_patterns);
    put_tagged(m, "</svg>\n<h1>", title, "</h1>\n");
}

void cuvee__html_close(struct sink *m, const char *footer)
{
    put_tagged(m, "<footer>", footer, "</footer>\n</body>\n</html>\n");
}

void cuvee__html_heading(struct sink *m, const char *text)
{
    put_tagged(m, "<h2>", text, "</h2>\n");
}

void cuvee__html_paragraph(struct sink *m, const char *text)
{
    put_tagged(m, "<p>", text, "</p>\n");
}

void cuvee__html_code(struct sink *m, const char *text)
{
    put_tagged(m, "<p><code>", text, "</code></p>\n");
}

void cuvee__html_figures_open(struct sink *m)
{
    sink_put_str(m, "<dl class=\"figures\">\n");
}

void cuvee__html_figure(struct sink *m, const char *name, const char *value)
{
    put_tagged(m, "<div><dt>", name, "</dt>");
    put_tagged(m, "<dd>", value, "</dd></div>\n");
}

void cuvee__html_figures_close(struct sink *m)
{
    sink_put_str(m, "</dl>\n");
}

static bool is_number(const struct html_table *t, size_t column)
{
    return t->columns[column][0] == '>';
}

void cuvee__html_table_open(struct sink *m, struct html_table *t, const char *const *columns,
                            size_t n_columns)
{
    *t = (struct html_table){columns, n_columns, 0};
    sink_put_str(m, "<div class=\"scroll\"><table>\n<tr>");
    for (size_t i = 0; i < n_columns; i++)
        put_tagged(m, is_number(t, i) ? "<th class=\"n\">" : "<th>", columns[i] + is_number(t, i),
                   "</th>");
    sink_put_str(m, "</tr>\n");
}

void cuvee__html_cell_open(struct sink *m, struct html_table *t)
{
    if (t->at == 0) sink_put_str(m, "<tr>");
    sink_put_str(m, is_number(t, t->at) ? "<td class=\"n\">" : "<td>");
}

void cuvee__html_cell_close(struct sink *m, struct html_table *t)
{
    sink_put_str(m, "</td>");
    t->at = (t->at + 1) % t->n_columns;
    if (t->at == 0) sink_put_str(m, "</tr>\n");
}

void cuvee__html_cell(struct sink *m, struct html_table *t, const char *text)
{
    cuvee__html_cell_open(m, t);
    cuvee__markup_text(m, text);
    cuvee__html_cell_close(m, t);
}

void cuvee__html_cell_struck(struct sink *m, struct html_table *t, const char *text)
{
    cuvee__html_cell_open(m, t);
    put_tagged(m, "<s>", text, "</s>");
    cuvee__html_cell_close(m, t);
}

void cuvee__html_cell_with_colour(struct sink *m, struct html_table *t, int series,
                                  const char *text)
{
    if (series < 0) {
        cuvee__html_cell(m, t, text);
        return;
    }
    cuvee__html_cell_open(m, t);
    cuvee__markup_printf(m,
                         "<svg class=\"plot\" width=\"12\" height=\"12\" viewBox=\"0 0 12 12\">"
                         "<rect class=\"c%d\" width=\"12\" height=\"12\"/>",
                         series % CUVEE__STYLE_COLOURS);
    if (series >= CUVEE__STYLE_COLOURS)
        sink_put_str(m, "<rect fill=\"url(#hatch)\" width=\"12\" height=\"12\"/>");
    sink_put_str(m, "</svg> ");
    cuvee__markup_text(m, text);
    cuvee__html_cell_close(m, t);
}

void cuvee__html_table_close(struct sink *m, struct html_table *t)
{
    while (t->at) cuvee__html_cell(m, t, "");
    sink_put_str(m, "</table></div>\n");
}
