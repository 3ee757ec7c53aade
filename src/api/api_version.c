/* SPDX-License-Identifier: Apache-2.0 */
#include "cuvee/cuvee.h"

#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)

#define VERSION                                                                                    \
    STRING(CUVEE_VERSION_MAJOR) "." STRING(CUVEE_VERSION_MINOR) "." STRING(CUVEE_VERSION_PATCH)

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* A constant, so that it needs no lock; tests/abi compares the tiers with those that there are. */
#if defined(__x86_64__)
#define TARGET "x86-64, tiers: ref avx2 avx512 avx512vnni avx512bf16 amx"
#elif defined(__aarch64__)
#define TARGET "arm64, tiers: ref"
#else
#define TARGET "other, tiers: ref"
#endif

const char *cuvee_version(void)
{
    return VERSION;
}

const char *cuvee_build_info(void)
{
    return "cuvee " VERSION ", " COMPILER ", " CUVEE__BUILD_TYPE ", " TARGET;
}
