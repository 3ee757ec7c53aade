/* SPDX-License-Identifier: Apache-2.0
 *
 * make_results DIR INPUT.csv [CUVEE]: the example of example_results.h as a directory of results,
 * and what is made of it, to look at. With CUVEE it measures a few commands, which hold memory as
 * their arms would, and takes that for what `cuvee measure` kept of the runs. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json_at.h"
#include "bench/report.h"
#include "example_results.h"

enum { SEED = 7, BLOCKS = 6, ITEMS = 1000 };

/* $0 is cuvee, $1 the input. */
static const struct {
    const char *arm, *command;
} measured[] = {
    {"native-f32", "\"$0\" classify -q -o /dev/null --column description \"$1\""},
    {"native-8proc", "for i in 1 2 3 4 5 6 7 8; do \"$0\" classify -q -o /dev/null --column "
                     "description --threads 1 \"$1\" & done; wait"},
    {"python-multi",
     "for i in 1 2 3 4 5 6 7 8; do python3 -c 'import time\nhold = []\nfor i in range(30):\n"
     "    hold.append(bytearray(2 << 20)); time.sleep(0.02 + 0.01 * '$i')\n' & sleep 0.15; done; "
     "\"$0\" measure mark model-loaded; wait"},
    {"embed", "\"$0\" measure mark runtime-ready; \"$0\" measure mark heap=9000000; python3 -c "
              "'import time; a = bytearray(150 << 20); time.sleep(.5); b = bytearray(90 << 20); "
              "time.sleep(.4); del a; time.sleep(.4)'; \"$0\" measure mark model-loaded; "
              "sleep 0.2"},
};

/* `cuvee measure -q -o PATH -- sh -c COMMAND CUVEE INPUT` */
static int measure(const char *cuvee, const char *command, const char *input, const char *path)
{
    const char *const argv[] = {cuvee, "measure", "-q",  "-o",  path, "--", "sh",
                                "-c",  command,   cuvee, input, NULL};
    int status;
    const pid_t pid = fork();
    if (pid == 0) {
        execv(cuvee, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0 ? -1 : 0;
}

static int measure_arms(const json_t *results, const char *dir, const char *cuvee,
                        const char *input)
{
    for (size_t a = 0; a < sizeof measured / sizeof *measured; a++) {
        const json_t *run;
        size_t i;
        json_array_foreach(json_object_get(results, "runs"), i, run)
        {
            char path[4200];
            if (strcmp(cuvee__json_text_at(run, "arm"), measured[a].arm) != 0 ||
                !json_is_true(json_object_get(run, "counts")))
                continue;
            snprintf(path, sizeof path, "%s/%s", dir, cuvee__json_text_at(run, "files.measure"));
            if (measure(cuvee, measured[a].command, input, path) < 0) return -1;
            break;
        }
    }
    return 0;
}

static int make_directory(const char *dir, const char *name)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    mkdir(path, 0777); /* it may be there */
    return access(path, W_OK);
}

static int write_file(const char *dir, const char *name, struct sink *text)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    int rc = f && fwrite(text->bytes.ptr, 1, text->bytes.len, f) == text->bytes.len ? 0 : -1;
    if (f && fclose(f)) rc = -1;
    cuvee__buffer_deinit(&text->bytes);
    *text = (struct sink){.rc = CUVEE_OK};
    return rc;
}

static int write_reports(const json_t *results, const char *dir)
{
    static const size_t widths[] = {40, 80, 120, 200};
    struct sink out = {0};
    cuvee_error err;
    if (cuvee__report_html(results, dir, &out, &err) < 0 || write_file(dir, "report.html", &out) ||
        cuvee__report_markdown(results, &out, &err) < 0 || write_file(dir, "report.md", &out) ||
        cuvee__report_github(results, &out, &err) < 0 || write_file(dir, "github.json", &out))
        return -1;
    for (size_t i = 0; i < 2 * sizeof widths / sizeof *widths; i++) {
        const struct report_terminal t = {
            .width = widths[i / 2], .is_utf8 = i % 2, .has_colour = i % 2};
        char name[32];
        snprintf(name, sizeof name, "table-%zu%s.txt", t.width, t.is_utf8 ? "" : "-ascii");
        if (cuvee__report_terminal(results, &t, &out, &err) < 0 || write_file(dir, name, &out))
            return -1;
    }
    for (size_t i = 0; i < CUVEE__REPORT_PLOTS; i++) {
        char name[64];
        bool is_there;
        snprintf(name, sizeof name, "%s.svg", cuvee__report_plot_names[i]);
        if (cuvee__report_plot(results, dir, i, &out, &is_there, &err) < 0 ||
            write_file(dir, name, &out))
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: make_results DIR INPUT.csv [CUVEE]\n");
        return 2;
    }
    const char *dir = argv[1];
    char path[4200];
    json_t *results = example_results(SEED, BLOCKS, ITEMS, argv[2]);
    if (!results || make_directory(dir, "") < 0 || make_directory(dir, "answers") < 0 ||
        make_directory(dir, "runs") < 0 || example_write_answers(results, dir, SEED) < 0) {
        perror(dir);
        return 1;
    }
    if (argc > 3 && measure_arms(results, dir, argv[3], argv[2]) < 0) {
        fprintf(stderr, "make_results: a command could not be measured\n");
        return 1;
    }
    snprintf(path, sizeof path, "%s/results.json", dir);
    if (json_dump_file(results, path, JSON_INDENT(1)) < 0) return 1;
    if (write_reports(results, dir) < 0) {
        fprintf(stderr, "make_results: a report could not be made\n");
        return 1;
    }
    json_decref(results);
    return 0;
}
