/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_CLI_MEASURE_ATTACH_H
#define CUVEE_CLI_MEASURE_ATTACH_H

#include <stdbool.h>

#include "cuvee/cuvee.h"

struct attach_target {
    bool is_group;   /* else a process */
    char text[1024]; /* its number; or the group's directory */
};

/* What `cuvee measure attach TEXT` is to follow: a number is a process; a path is a control group,
 * either a directory or as /proc/PID/cgroup has it; anything else is a unit of systemd, ".service"
 * may be left out. Returns CUVEE_OK; CUVEE_E_ARG, and err says what was looked for. */
int cli__measure_attach_find(const char *text, struct attach_target *ret, cuvee_error *err);

#endif
