/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_places.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/error.h"
#include "os/file.h"
#include "os/program.h"

/* Make path absolute and see that it is there. */
static bool settle(char *path, size_t room)
{
    char *real = cuvee__path_resolve(path);
    if (!real) return false;
    const int n = snprintf(path, room, "%s", real);
    cuvee__free(real);
    return n > 0 && (size_t)n < room;
}

bool cli__bench_find_data(const char *in_source, const char *installed, char *path, size_t room)
{
    char program[4096];
    if (cuvee__program_directory(program, sizeof program)) {
        snprintf(path, room, "%s/../../%s", program, in_source);
        if (settle(path, room)) return true;
        snprintf(path, room, "%s/../share/cuvee/%s", program, installed);
        if (settle(path, room)) return true;
    }
    snprintf(path, room, "%s/%s", CUVEE_DATA_DIR, installed);
    return settle(path, room);
}

/* Data of the user, not a cache: what is in it cannot be made again without the network. */
static void find_venv(char *path, size_t room)
{
    const char *data = cuvee__env_xdg_data(), *home = cuvee__env_home();
    if (data)
        snprintf(path, room, "%s/cuvee/bench-venv", data);
    else
        snprintf(path, room, "%s/.local/share/cuvee/bench-venv", home ? home : "");
}

static bool find_library(const char *program, char *path, size_t room)
{
    static const char *const places[] = {"libcuvee.so", "../" CUVEE_LIBRARY_DIR "/libcuvee.so"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, room, "%s/%s", program, places[i]);
        if (settle(path, room)) return true;
    }
    *path = '\0';
    return false;
}

/* A venv's links are not resolved: they are what makes it one. Without a word about it python3 need
 * not be there: some arms do without. */
static int find_python(const char *python, struct bench_places *p, cuvee_error *err)
{
    snprintf(p->python, sizeof p->python, "%.4300s/bin/python", python ? python : p->venv);
    if (cuvee__file_exists(p->python)) return CUVEE_OK;
    snprintf(p->python, sizeof p->python, "%s", python ? python : "python3");
    if (!python || cuvee__program_exists(p->python)) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_IO, "--python %s: neither an interpreter nor a venv", python);
}

int cli__bench_places_find(const char *python, struct bench_places *ret, cuvee_error *err)
{
    char program[4096];
    memset(ret, 0, sizeof *ret);
    if (!cuvee__program_directory(program, sizeof program))
        return cuvee__fail(err, CUVEE_E_IO, "the system does not tell where this program is");
    snprintf(ret->cuvee, sizeof ret->cuvee, "%s/cuvee", program);
    find_library(program, ret->library, sizeof ret->library);
    find_venv(ret->venv, sizeof ret->venv);
    if (!cli__bench_find_data("bench/arms", "arms", ret->arms, sizeof ret->arms))
        snprintf(ret->arms, sizeof ret->arms, "%s/arms", CUVEE_DATA_DIR);
    return find_python(python, ret, err);
}

const char *cli__bench_expand(const char *path, char *expanded, size_t room)
{
    const char *home = cuvee__env_home();
    if (!home || strncmp(path, "~/", 2) != 0) return path;
    snprintf(expanded, room, "%s/%s", home, path + 2);
    return expanded;
}

const char *cli__bench_shorten(const char *path)
{
    char *here = cuvee__path_resolve(".");
    const size_t n = here ? strlen(here) : 0;
    const bool is_below = n && strncmp(path, here, n) == 0 && path[n] == '/' && path[n + 1];
    cuvee__free(here);
    return is_below ? path + n + 1 : path;
}
