/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/advise_arms.h"

#include <stddef.h>
#include <string.h>

static const struct arm_traits known[] = {
    {"python-single", ADVISE_PYTHON, 1, true, true, false, false, NULL, "One Python process.",
     "When it dies, the work stops until it is started again."},
    {"python-tuned", ADVISE_PYTHON, 1, true, true, false, false, NULL,
     "One Python process, whose script sorts and batches.",
     "When it dies, the work stops until it is started again."},
    {"python-multi", ADVISE_PYTHON, 2, true, false, false, false, NULL,
     "Python processes with a model each, and the queues between them.",
     "A worker that dies takes its share of the work along; the others go on."},
    {"python-shared", ADVISE_PYTHON, 3, true, false, false, false, NULL,
     "Python processes, queues, and a segment of shared memory that somebody must remove.",
     "A worker that dies takes its share of the work along; a parent that dies leaves the "
     "segment."},
    {"python-ctypes", ADVISE_PYTHON, 2, false, false, false, false, NULL,
     "One Python process, and libcuvee in it.",
     "When it dies, the work stops until it is started again."},
    {"process-per-request", ADVISE_PYTHON, 1, true, false, true, false, NULL,
     "A Python process for each request.", "A request that dies is that request only."},
    {"onnxruntime", ADVISE_PYTHON, 2, false, false, false, false, NULL,
     "One Python process, and an export of the model that must be made anew with it.",
     "When it dies, the work stops until it is started again."},
    {"openvino", ADVISE_PYTHON, 2, false, false, false, false, NULL,
     "One Python process, and an export of the model that must be made anew with it.",
     "When it dies, the work stops until it is started again."},
    {"embed", ADVISE_PYTHON, 2, true, false, true, true, "embed",
     "One process of cuvee and the Python within it.",
     "A crash of the script's libraries is a crash of the whole."},
    {"process", ADVISE_PYTHON, 2, true, false, true, true, "process",
     "One process of cuvee and Python processes that it looks after.",
     "A crash of the script costs one retry; the service goes on."},
    {"metacall", ADVISE_C, 3, true, false, true, true, "metacall",
     "One process of cuvee, MetaCall, and the Python within it.",
     "A crash of the script's libraries, or of the bridge, is a crash of the whole."},
    {"go-metacall", ADVISE_GO, 3, true, false, true, false, NULL,
     "A Go program, MetaCall, and the Python within it.",
     "A crash of the script's libraries, or of the bridge, is a crash of the whole."},
    {"native-8proc", ADVISE_C, 2, false, false, true, false, NULL,
     "Processes of cuvee that map one model, and what starts them.",
     "A process that dies takes its share of the work along; the others go on."},
    {"native", ADVISE_C, 1, false, false, true, true, NULL, "One process of cuvee, without Python.",
     "When it dies, the work stops until it is started again."},
};

/* The longest name counts: go-metacall before metacall, native-8proc before native. */
const struct arm_traits *cuvee__advise_traits(const char *arm)
{
    static const struct arm_traits unknown = {"",
                                              ADVISE_ANY_TEAM,
                                              2,
                                              false,
                                              false,
                                              false,
                                              false,
                                              NULL,
                                              "An arm of the plan's author; counted as two parts.",
                                              "What breaks alone is not known."};
    const struct arm_traits *found = &unknown;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const size_t n = strlen(known[i].name);
        if (strncmp(arm, known[i].name, n) == 0 && (arm[n] == '\0' || arm[n] == '-') &&
            n > strlen(found->name))
            found = &known[i];
    }
    return found;
}
