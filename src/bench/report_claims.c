/* SPDX-License-Identifier: Apache-2.0
 *
 * The page's tables of what was published: claims, and what to use for what. */
#include "bench/report_parts.h"
#include "report/html.h"

void cuvee__report_put_claims(struct report *r)
{
    static const char *const columns[] = {"claim", "published", "found here"};
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    struct html_table t;
    cuvee__html_table_open(r->out, &t, columns, 3);
    for (size_t i = 0; i < REPORT_CLAIMS; i++) {
        const struct report_claim *c = &cuvee__report_claims[i];
        cuvee__html_cell(r->out, &t, c->what);
        cuvee__html_cell_open(r->out, &t);
        cuvee__prose_published(&p, c->published);
        if (*c->note) {
            sink_put_str(r->out, " <span class=\"soft\">");
            cuvee__prose_published(&p, c->note);
            sink_put_str(r->out, "</span>");
        }
        cuvee__html_cell_close(r->out, &t);
        cuvee__html_cell_open(r->out, &t);
        cuvee__report_put_found(r, i, &p);
        cuvee__html_cell_close(r->out, &t);
    }
    cuvee__html_table_close(r->out, &t);
}

void cuvee__report_put_uses(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    struct html_table t;
    cuvee__html_table_open(r->out, &t, cuvee__report_use_columns, REPORT_USE_COLUMNS);
    for (size_t i = 0; i < REPORT_USES; i++) {
        const struct report_use *u = &cuvee__report_uses[i];
        cuvee__html_cell(r->out, &t, u->what);
        cuvee__html_cell(r->out, &t, u->published);
        for (int of_published = 1; of_published >= 0; of_published--) {
            cuvee__html_cell_open(r->out, &t);
            cuvee__report_put_use(r, i, of_published, &p);
            cuvee__html_cell_close(r->out, &t);
        }
    }
    cuvee__html_table_close(r->out, &t);
}
