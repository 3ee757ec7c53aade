/* SPDX-License-Identifier: Apache-2.0
 *
 * The only file that reads the environment. Each returns NULL when unset or empty; options beat
 * them. */
#ifndef CUVEE_BASE_ENV_H
#define CUVEE_BASE_ENV_H

const char *cuvee__env_isa(void);   /* CUVEE_ISA: cap of the kernel tier */
const char *cuvee__env_model(void); /* CUVEE_MODEL: default model directory, for the command line */
const char *cuvee__env_cache(void);     /* CUVEE_CACHE: cache directory */
const char *cuvee__env_cache_max(void); /* CUVEE_CACHE_MAX: its size, "2G"; "0" = no cache */
const char *cuvee__env_xdg_cache(void); /* XDG_CACHE_HOME (XDG base directory specification) */
const char *cuvee__env_xdg_data(void);  /* XDG_DATA_HOME (the same specification) */
const char *cuvee__env_home(void);      /* HOME */
const char *cuvee__env_path(void);      /* PATH */
const char *cuvee__env_virtual_env(void); /* VIRTUAL_ENV: the Python environment in use */
const char *cuvee__env_metacall_library(void); /* CUVEE_METACALL_LIBRARY: libmetacall.so */
const char *cuvee__env_measure_fd(void);  /* MEASURE_FD: where marks for `cuvee measure` go */
const char *cuvee__env_no_color(void); /* NO_COLOR (no-color.org) */
const char *cuvee__env_term(void);     /* TERM */

#endif
