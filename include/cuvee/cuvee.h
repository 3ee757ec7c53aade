/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee.h: the whole public API of libcuvee, text classification with transformers on CPUs.
 *
 * Limits and caveats first
 *   - Linux, x86-64 and arm64. One model in memory serves any number of threads.
 *   - Model files are mapped, not copied. If another program shortens a mapped file the kernel
 *     kills the reader (SIGBUS); replace model files by rename, never in place.
 *   - Opening a model directory for the first time packs it into a cache in the user's home (see
 *     cuvee_model_open); CUVEE_MODEL_NO_CACHE or CUVEE_CACHE_MAX=0 keeps it in memory instead.
 *   - The library never exits, aborts, prints, changes the locale or handles signals. Of the
 *     environment it reads CUVEE_ISA, CUVEE_CACHE, CUVEE_CACHE_MAX, XDG_CACHE_HOME and HOME, and
 *     options beat them.
 *   - A pool starts threads: create pools after fork(), not before.
 *
 * Example (error checks left out; examples/c/classify.c has them)
 *
 *     cuvee_model *model;  cuvee_pool *pool;  cuvee_result *result;  cuvee_error err;
 *     cuvee_model_open("models/sentiment-en", NULL, &model, &err);
 *     cuvee_pool_create(model, NULL, &pool, &err);
 *     cuvee_text text = { .ptr = "Ripe, long and lovely.", .len = 22 };
 *     cuvee_classify(pool, &text, 1, NULL, &result, &err);
 *     printf("%s %f\n", cuvee_model_label(model, cuvee_result_labels(result)[0]),
 *            cuvee_result_scores(result)[0]);
 *
 * Conventions
 *   Functions that can fail return int: CUVEE_OK (0) or a negative CUVEE_E_* code. Outputs named
 *   ret_... are written on success only. `err` may be NULL; it is filled on failure only.
 *   Structs with a struct_size: cuvee_pool_options o = CUVEE_OPTIONS(cuvee_pool_options) sets it to
 *   sizeof the struct and the rest to zero. In options zero means default, and a NULL pointer all
 *   defaults. A program compiled against an older header keeps working; a struct_size larger than
 *   the library's own is CUVEE_E_ARGUMENT.
 *   Ownership words: borrows (until return), keeps (until closed), gives (the caller releases).
 */
#ifndef CUVEE_CUVEE_H
#define CUVEE_CUVEE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CUVEE_VERSION_MAJOR 0
#define CUVEE_VERSION_MINOR 1
#define CUVEE_VERSION_PATCH 0

#if defined(__GNUC__)
#define CUVEE_API __attribute__((visibility("default")))
#define CUVEE_MUST_CHECK __attribute__((warn_unused_result))
#else
#define CUVEE_API
#define CUVEE_MUST_CHECK
#endif

/* ------------------------------------------------------------------------------------------ */
/* Errors                                                                                     */

enum cuvee_code {
    CUVEE_OK = 0,
    CUVEE_E_ARGUMENT = -1,    /* a caller's mistake: NULL, a range, struct_size, an unknown name */
    CUVEE_E_NOMEM = -2,       /* out of memory */
    CUVEE_E_IO = -3,          /* a system call failed; os_errno says which way */
    CUVEE_E_FORMAT = -4,      /* a file does not follow its format */
    CUVEE_E_UNSUPPORTED = -5, /* well formed, but nothing that this build or CPU can do */
    CUVEE_E_LIMIT = -6,       /* a limit that has a name was exceeded */
    CUVEE_E_BUSY = -7,        /* the queue is full */
    CUVEE_E_TIMEOUT = -8,     /* the deadline passed */
    CUVEE_E_CANCELLED = -9,   /* cuvee_pool_cancel() dropped it */
    CUVEE_E_TOO_LONG = -10,   /* text longer than max_length, and truncation was refused */
    CUVEE_E_NONFINITE = -11,  /* the model gave NaN or infinity for this text */
    CUVEE_E_SCRIPT = -12      /* a Python script failed, or gave something that is no result */
};

/* Detail of one failure, owned by the caller. */
typedef struct cuvee_error {
    int code;       /* enum cuvee_code */
    int os_errno;   /* errno of a failed system call, else 0 */
    int64_t offset; /* byte offset in the file that msg names, or -1 */
    char msg[496];  /* one line of UTF-8, no newline; names the file, tensor, text or byte */
} cuvee_error;

/* Name of a code, such as "busy"; never NULL, also for codes that do not exist.
 * Returns  a constant string.        Threads  any.        Since 0.1 */
CUVEE_API const char *cuvee_code_name(int code);

/* ------------------------------------------------------------------------------------------ */
/* Versions                                                                                   */

/* Version of the library that runs, "0.1.0".
 * Returns  a constant string.        Threads  any.        Since 0.1 */
CUVEE_API const char *cuvee_version(void);

/* Compiler, build type and kernel tiers of this library, one line.
 * Returns  a constant string.        Threads  any.        Since 0.1 */
CUVEE_API const char *cuvee_build_info(void);

/* ------------------------------------------------------------------------------------------ */
/* Model: weights, tokenizer, labels; immutable once open                                     */

/* Initializer of a struct that starts with struct_size. */
#ifdef __cplusplus
#define CUVEE_OPTIONS(type)                                                                        \
    [] {                                                                                           \
        type cuvee_zero = type();                                                                  \
        cuvee_zero.struct_size = sizeof(type);                                                     \
        return cuvee_zero;                                                                         \
    }()
#else
#define CUVEE_OPTIONS(type) {.struct_size = sizeof(type)}
#endif

typedef struct cuvee_model cuvee_model;

/* Arithmetic of the linear layers; all else is f32 in all of them. */
enum cuvee_precision {
    CUVEE_PRECISION_DEFAULT = 0, /* a directory: f32; a packed file: its own */
    CUVEE_PRECISION_F32 = 1,
    CUVEE_PRECISION_BF16 = 2,
    CUVEE_PRECISION_INT8 = 3
};

/* What runs a Python script. */
enum cuvee_python_host {
    CUVEE_PYTHON_AUTO = 0,    /* embed where that is possible, else process */
    CUVEE_PYTHON_EMBED = 1,   /* CPython 3.9 or later in this process, one for good: its library is
                                 loaded on first use and never left again */
    CUVEE_PYTHON_PROCESS = 2, /* a worker process for each call at the same time: whatever happens
                                 in it, this process lives */
    CUVEE_PYTHON_METACALL = 3 /* through libmetacall, where that is installed; one call at a time */
};

/* How far packing is: done of total layers; called on the thread that packs, from 0 of total (which
 * may be long before 1: 8 bits need time) to total of total. Must not call back into cuvee. */
typedef void cuvee_pack_progress_fn(void *user, size_t done, size_t total);

#define CUVEE_MODEL_NO_CACHE 1u /* pack a directory into memory, read and write no cache */

typedef struct cuvee_model_options {
    size_t struct_size;
    uint32_t precision;       /* enum cuvee_precision */
    uint32_t flags;           /* CUVEE_MODEL_* */
    const char *cache_dir;    /* NULL = $CUVEE_CACHE, else $XDG_CACHE_HOME/cuvee, else
                                 ~/.cache/cuvee */
    uint64_t cache_max_bytes; /* of all its packed files; 0 = $CUVEE_CACHE_MAX, else 8 GiB */

    /* For Python scripts. */
    uint32_t python_host; /* enum cuvee_python_host */
    uint32_t max_batch;   /* texts of one process_batch(); 0 = the script's MAX_BATCH, else 32 */
    uint32_t concurrency; /* calls at the same time; 0 = the script's MAX_CONCURRENCY, else 1 */
    const char *python;   /* an interpreter or a venv; NULL = $VIRTUAL_ENV, else python3 */
    const char *const *script_args; /* (n_script_args) sys.argv[1:] of the script; borrows */
    size_t n_script_args;
    uint64_t recycle_calls; /* process host: a worker process is replaced after so many calls, */
    uint64_t recycle_bytes; /* or when it holds so much memory; 0 = never */

    /* When a directory has to be packed; NULL = none. */
    cuvee_pack_progress_fn *on_pack;
    void *on_pack_user;
} cuvee_model_options;

/* Open a Hugging Face model directory (config.json, tokenizer.json or vocab.txt, safetensors), a
 * packed file that cuvee_model_pack() made, or a Python script: a file whose name ends in .py, with
 * a function process_batch(texts) (docs/python-host.md).
 *   path       UTF-8 path; borrows.    options  NULL = defaults; borrows.
 *   ret_model  gives; release with cuvee_model_close().
 *
 * A directory is packed on first use, and the packed file is kept in the cache directory: all
 * processes then map one copy of the weights, and opening takes milliseconds. A cache that cannot
 * be used (read-only, full, none) is no error: the model is packed into this process's memory, and
 * cuvee_model_info.cache_note says why.
 *
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT, CUVEE_E_IO, CUVEE_E_FORMAT, CUVEE_E_UNSUPPORTED (also: the
 *          packed file has another precision), CUVEE_E_LIMIT, CUVEE_E_NOMEM.
 * Threads  any; the open model may serve many threads at once. While another process packs into
 *          the same cache directory, the first opening of a directory waits for it.
 * Memory   a shared read-only mapping of the packed file and a few KB; without a cache the same
 *          bytes in memory.
 * Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_model_open(const char *path,
                                                const cuvee_model_options *options,
                                                cuvee_model **ret_model, cuvee_error *err);

/* Release the caller's hold; pools made from the model keep it alive until they are freed.
 *   model  may be NULL.
 * Returns  nothing.        Threads  once per model_open; not while another call uses this handle.
 * Since 0.1 */
CUVEE_API void cuvee_model_close(cuvee_model *model);

/* What is inside a model. Strings belong to the model. */
typedef struct cuvee_model_info {
    size_t struct_size;         /* set by the caller */
    const char *path;           /* as given to cuvee_model_open() */
    const char *family;         /* config.json model_type, such as "distilbert" */
    const char *architecture;   /* config.json architectures[0] */
    const char *weights_dtype;  /* as stored: "f32", "f16", "bf16", "f64" or "mixed" */
    const char *tokenizer;      /* "wordpiece" */
    const char *activation;     /* feed-forward activation, "gelu" */
    const char *problem_type;   /* "single_label", "multi_label" or "regression" */
    uint64_t n_parameters;      /* elements of all tensors in use */
    uint64_t weights_file_bytes; /* total of the safetensors files */
    uint32_t n_layers, hidden_size, n_heads, intermediate_size, vocab_size;
    uint32_t max_length;        /* tokens of one text, special tokens included */
    uint32_t n_labels;
    uint32_t lowercase;         /* 1 when the tokenizer lower-cases */
    const char *precision;      /* "f32", "bf16" or "int8" */
    const char *packed_path;    /* the file that is mapped; NULL: packed in memory */
    const char *cache_note;     /* why it is not in the cache, one line; NULL: nothing to say */
    const char *source_sha256;  /* over all files that the model was made of; NULL when it is in
                                   memory (nobody needed it) */
    uint64_t packed_bytes;      /* of the packed file, or of memory */
    uint32_t packed_layout;     /* version of what is in it; files of another one are refused */

    /* Of a Python script. Then the strings above but path and source_sha256 (the hash of
     * the script's own text) are NULL, the numbers but n_labels (labels used so far) 0. */
    const char *script_host; /* "embed", "process" or "metacall"; NULL: this is no script */
    const char *script_info; /* what get_model_info() gave, as JSON; or NULL */
    const char *python, *python_version; /* the interpreter's path; "3.11.2" */
    uint32_t max_batch, max_concurrency;
} cuvee_model_info;

/* Describe a model.
 *   info  written in full; info->struct_size must be set.
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT.        Threads  any.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_model_describe(const cuvee_model *model,
                                                    cuvee_model_info *info, cuvee_error *err);

/* SHA-256 over the model's weight files, in shard order, as 64 hex digits. Reads every byte, unless
 * the model comes from a packed file: then it is the hash that was taken when packing.
 *   ret_hex  65 bytes of the caller's, NUL-terminated on success.
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT, CUVEE_E_IO.
 * Threads  any; blocks for about 3 ms per MB.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_model_sha256(const cuvee_model *model, char ret_hex[65],
                                                  cuvee_error *err);

/* Name of label i as in config.json id2label (LABEL_0, LABEL_1, ... without one). A script's labels
 * are those of its LABELS, then others in the order in which it first used them; their number
 * grows. i  0 .. n_labels - 1; anything else gives NULL. Returns  a string of the model's. Threads
 * any.        Since 0.1 */
CUVEE_API const char *cuvee_model_label(const cuvee_model *model, size_t i);

/* ------------------------------------------------------------------------------------------ */
/* Texts and tokens                                                                           */

/* One input: UTF-8, may hold NUL bytes. Invalid bytes are replaced by U+FFFD and counted.
 * pair_ptr NULL = a single text; else, also with pair_len 0, the second text of a pair. */
typedef struct cuvee_text {
    const char *ptr; /* may be NULL when len is 0 */
    size_t len;      /* bytes */
    const char *pair_ptr;
    size_t pair_len;
} cuvee_text;

enum cuvee_truncation {
    CUVEE_TRUNCATE_RIGHT = 0, /* default: drop tokens at the end; pairs: longest first */
    CUVEE_TRUNCATE_LEFT = 1,  /* drop tokens at the start */
    CUVEE_TRUNCATE_ERROR = 2  /* refuse: the text gets status CUVEE_E_TOO_LONG */
};

typedef struct cuvee_tokens {
    size_t n;             /* tokens, special ones included */
    int32_t *ids;         /* (n) */
    int32_t *type_ids;    /* (n) 0 for the first text, 1 for the second */
    const char **strings; /* (n) vocabulary entries; NUL-terminated; belong to the model */
    int truncated;        /* 1 when tokens were dropped */
    int replaced;         /* 1 when invalid UTF-8 was replaced */
} cuvee_tokens;

typedef struct cuvee_tokenize_options {
    size_t struct_size;
    uint32_t max_length; /* tokens, special ones included; 0 = the model's. An error when larger
                            than that, or when it leaves no room beside the special tokens */
    uint32_t truncation; /* enum cuvee_truncation */
} cuvee_tokenize_options;

/* Token ids of one text, as the model sees them.
 *   ret_tokens  gives; release with cuvee_tokens_free().
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT, CUVEE_E_TOO_LONG, CUVEE_E_NOMEM.
 * Threads  any.        Source  Hugging Face tokenizers (fast), id for id.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_tokenize(const cuvee_model *model, const cuvee_text *text,
                                              const cuvee_tokenize_options *options,
                                              cuvee_tokens **ret_tokens, cuvee_error *err);

/* Release what cuvee_tokenize() gave; NULL is fine.
 * Returns  nothing.        Threads  any, once.        Since 0.1 */
CUVEE_API void cuvee_tokens_free(cuvee_tokens *tokens);

/* ------------------------------------------------------------------------------------------ */
/* Packed files and their cache                                                               */

typedef struct cuvee_pack_options {
    size_t struct_size;
    uint32_t precision; /* enum cuvee_precision; 0 = f32 */
    uint32_t flags;     /* must be 0 */
    const cuvee_text *calibration; /* texts like those to come, for int8; NULL = weights alone */
    size_t n_calibration;
    cuvee_pack_progress_fn *on_pack; /* NULL = none */
    void *on_pack_user;
} cuvee_pack_options;

/* Pack a model directory into one file that cuvee_model_open() maps.
 *   directory  UTF-8 path; borrows.        file  UTF-8 path, replaced when it exists; borrows.
 *   options    NULL = defaults; borrows.
 * The file is written aside in the same directory and renamed: readers see the old one or the new
 * one, never a half.
 * Returns  as cuvee_model_open(); CUVEE_E_UNSUPPORTED when directory is a packed file.
 * Threads  any.        Memory  a few MB beside the mapped source.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_model_pack(const char *directory, const char *file,
                                                const cuvee_pack_options *options,
                                                cuvee_error *err);

/* Compare every byte of a packed file with the checksum that it carries, and open it.
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT, CUVEE_E_IO, CUVEE_E_FORMAT (damaged, or no packed file),
 *          CUVEE_E_UNSUPPORTED (made by another version), CUVEE_E_NOMEM.
 * Threads  any; blocks for about 3 ms per MB.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_model_verify(const char *file, cuvee_error *err);

/* The cache directory that would be used. It need not exist.
 *   cache_dir  as in cuvee_model_options.
 *   ret_path   room bytes of the caller's, NUL-terminated on success.
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT, CUVEE_E_IO (no home directory), CUVEE_E_LIMIT (room).
 * Threads  any.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_cache_path(const char *cache_dir, char *ret_path, size_t room,
                                                cuvee_error *err);

/* One packed file of the cache; the strings are gone when the callback returns. */
typedef struct cuvee_cache_entry {
    const char *path;      /* of the packed file */
    const char *source;    /* the directory that it was made of; "" when the file is damaged or was
                              made by another version */
    const char *precision; /* "f32", "bf16", "int8"; "" as above */
    uint64_t bytes;
    int64_t used_s; /* when it was last opened, seconds since 1970 */
} cuvee_cache_entry;

/* Visit the packed files of the cache, the longest unused first. A directory that does not exist
 * has none.
 *   visit  returns 0 to go on, anything else to stop.
 * Returns  CUVEE_OK, CUVEE_E_IO, CUVEE_E_NOMEM; what visit returned when it stopped.
 * Threads  any; visit runs on the caller's thread.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_cache_visit(const char *cache_dir,
                                                 int (*visit)(void *user,
                                                              const cuvee_cache_entry *entry),
                                                 void *user, cuvee_error *err);

/* Remove the packed files of the cache. Processes that have them open are not disturbed; the disk
 * space is free when they end.
 *   ret_n, ret_bytes  what was removed; may be NULL.
 * Returns  CUVEE_OK, CUVEE_E_IO, CUVEE_E_NOMEM.
 * Threads  any; waits while a process packs.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_cache_clear(const char *cache_dir, uint64_t *ret_n,
                                                 uint64_t *ret_bytes, cuvee_error *err);

/* ------------------------------------------------------------------------------------------ */
/* Pool: workers and a bounded queue in front of one model                                    */

typedef struct cuvee_pool cuvee_pool;

/* What one forward pass did; for metrics. */
typedef struct cuvee_batch_record {
    uint64_t batch;    /* 0, 1, 2, ... over the whole pool, as the forward passes began */
    uint32_t worker;   /* 0 .. n_workers - 1 */
    uint32_t n_texts;
    uint32_t n_tokens;
    uint32_t n_members; /* workers that had a part in it: idle ones help others */
    uint64_t start_ns; /* monotonic clock, when tokenizing began */
    uint64_t tokenize_ns, forward_ns; /* one after the other */
} cuvee_batch_record;

typedef struct cuvee_pool_options {
    size_t struct_size;
    uint32_t n_workers;    /* 0 = one per allowed core (affinity mask, cgroup quota); up to 1024.
                              Exactly as many as the mask has, and more than one: each stays on a
                              core of its own */
    uint32_t batch_tokens; /* budget of one forward pass; 0 = 512; 1 .. 65536. A longer text is a
                              batch of its own */
    uint32_t max_queue;    /* texts waiting; 0 = 65536. A call may bring more only into an empty
                              queue; a call of no texts counts as one */
    const char *isa;       /* cap of the kernel tier, one of cuvee_machine_info.tiers_built; NULL =
                              CUVEE_ISA, and without that the best one */
    /* After each forward pass; NULL = none. Called by the workers, several at once; must be quick
     * and must not call a blocking function of the same pool. The record is gone on return. */
    void (*on_batch)(void *user, const cuvee_batch_record *record);
    void *on_batch_user;
} cuvee_pool_options;

/* Start workers in front of a model.
 *   model     keeps (counted) until cuvee_pool_free().
 *   ret_pool  gives; release with cuvee_pool_free().
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT (an unknown tier too), CUVEE_E_UNSUPPORTED (a tier that this
 *          CPU lacks), CUVEE_E_NOMEM, CUVEE_E_IO (a thread does not start; those that did are
 *          stopped).
 * Threads  any. Workers have all signals blocked.
 * Memory   a constant arena per worker, sized here; only the tokenizer's scratch may still grow,
 *          with the longest text.
 * Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_pool_create(cuvee_model *model,
                                                 const cuvee_pool_options *options,
                                                 cuvee_pool **ret_pool, cuvee_error *err);

/* Finish what was accepted (to drop it, call cuvee_pool_cancel() first), stop the workers, release
 * the pool; NULL is fine. Every done() has returned when this returns.
 * Returns  nothing.
 * Threads  once, when no other call uses the pool; not from a callback; blocks.        Since 0.1 */
CUVEE_API void cuvee_pool_free(cuvee_pool *pool);

/* Drop what waits in the queue: those texts end with status CUVEE_E_CANCELLED. Texts that a worker
 * has taken are finished, but a script's calls are ended too, all of that model (embedded C code
 * that does not come back to Python is not); callers of cuvee_classify() that wait for room go on;
 * later calls work. NULL is fine. Returns  nothing.        Threads  any; done callbacks of calls
 * that end thereby may run inside. Since 0.1 */
CUVEE_API void cuvee_pool_cancel(cuvee_pool *pool);

typedef struct cuvee_pool_info {
    size_t struct_size;      /* set by the caller */
    const char *isa;         /* tier in use */
    const char *precision;   /* the model's */
    uint32_t n_workers;
    uint32_t batch_tokens;
    uint64_t arena_bytes;    /* per worker */
    uint64_t n_batches;      /* forward passes so far */
    uint64_t n_texts, n_tokens; /* that went through them */
} cuvee_pool_info;

/* Describe a pool.
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT.
 * Threads  any; the counters may lag.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_pool_describe(const cuvee_pool *pool, cuvee_pool_info *info,
                                                   cuvee_error *err);

/* ------------------------------------------------------------------------------------------ */
/* Classify                                                                                   */

enum cuvee_activation {
    CUVEE_ACTIVATION_AUTO = 0, /* by problem_type: sigmoid for multi-label or one label, none for
                                  regression, else softmax */
    CUVEE_ACTIVATION_SOFTMAX = 1,
    CUVEE_ACTIVATION_SIGMOID = 2,
    CUVEE_ACTIVATION_NONE = 3 /* logits */
};

typedef struct cuvee_classify_options {
    size_t struct_size;
    uint32_t max_length; /* as in cuvee_tokenize_options */
    uint32_t truncation; /* enum cuvee_truncation */
    uint32_t activation; /* enum cuvee_activation */
    int64_t timeout_ms;  /* cuvee_classify() waits at most so long for room in the queue (not for
                            the result); 0 = for ever. cuvee_submit() ignores it */
    int64_t deadline_ms; /* scripts: one call of process_batch() may take so long, then its texts
                            end with CUVEE_E_TIMEOUT; 0 = for ever. Since 0.1 */
} cuvee_classify_options;

typedef struct cuvee_result cuvee_result;

/* Classify n texts and wait.
 *   texts       (n); borrows, with what they point to.        n  0 is fine.
 *   ret_result  gives; release with cuvee_result_free(). A text that fails has a status there.
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT, CUVEE_E_TIMEOUT, CUVEE_E_NOMEM, CUVEE_E_IO (no condition
 *          variable left in the system).
 * Threads  any number at once; blocks; not from a callback of the same pool. Callers who wait for
 *          room get it in the order in which they came.
 * Memory   (C + 5) x 4 bytes a text for the result; until then 32 more for a copy of texts.
 * Numerics a text's scores have the same bits alone and in any batch, at any n_workers, within one
 *          tier.
 * Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_classify(cuvee_pool *pool, const cuvee_text *texts, size_t n,
                                              const cuvee_classify_options *options,
                                              cuvee_result **ret_result, cuvee_error *err);

/* Called once per accepted cuvee_submit(), from a worker or from within cuvee_pool_cancel(); must
 * be quick and must not call a blocking function of the same pool (cuvee_submit() is none).
 *   result  gives; never NULL. */
typedef void cuvee_done(void *user, cuvee_result *result);

/* Queue n texts and return at once.
 *   texts   (n); the array is copied, the bytes are kept (must stay) until done() has begun.
 *   n       0 is fine.        done  not NULL.        user  handed to done().
 * Returns  CUVEE_OK; CUVEE_E_BUSY when the queue has no room or a caller of cuvee_classify() waits
 *          for it, CUVEE_E_ARGUMENT, CUVEE_E_NOMEM: done() is then never called.
 * Threads  any; does not block.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_submit(cuvee_pool *pool, const cuvee_text *texts, size_t n,
                                            const cuvee_classify_options *options, cuvee_done *done,
                                            void *user, cuvee_error *err);

/* ------------------------------------------------------------------------------------------ */
/* Results: columns, row i is text i; C = n_labels                                            */

/* Number of texts.
 * Returns  n.        Threads  any.        Since 0.1 */
CUVEE_API size_t cuvee_result_count(const cuvee_result *result);

/* Number of labels C.
 * Returns  C.        Threads  any.        Since 0.1 */
CUVEE_API size_t cuvee_result_n_labels(const cuvee_result *result);

/* Status per text: CUVEE_OK, CUVEE_E_TOO_LONG, CUVEE_E_NONFINITE, CUVEE_E_CANCELLED, CUVEE_E_NOMEM;
 * of scripts also CUVEE_E_SCRIPT, CUVEE_E_TIMEOUT, CUVEE_E_UNSUPPORTED (a pair of texts).
 * Returns  (n), with the result.        Threads  any.        Since 0.1 */
CUVEE_API const int32_t *cuvee_result_status(const cuvee_result *result);

/* Index of the best label per text (the first of equals); -1 where the status is not CUVEE_OK.
 * Returns  (n), with the result.        Threads  any.        Since 0.1 */
CUVEE_API const int32_t *cuvee_result_labels(const cuvee_result *result);

/* Score of that label, after the activation; 0 where the status is not CUVEE_OK.
 * Returns  (n), with the result.        Threads  any.        Since 0.1 */
CUVEE_API const float *cuvee_result_scores(const cuvee_result *result);

/* Scores of all labels, after the activation; 0 where the status is not CUVEE_OK. Of scripts see
 * cuvee_result_label_scores().
 * Returns  (n,C) row-major, with the result; NULL for scripts.
 * Threads  any.        Since 0.1 */
CUVEE_API const float *cuvee_result_all_scores(const cuvee_result *result);

/* Tokens that the model saw, special ones included; 0 for a text that it did not see.
 * Returns  (n), with the result.        Threads  any.        Since 0.1 */
CUVEE_API const uint32_t *cuvee_result_tokens(const cuvee_result *result);

#define CUVEE_NOTE_TRUNCATED 1u /* tokens were dropped to fit max_length */
#define CUVEE_NOTE_REPLACED 2u  /* invalid UTF-8 was replaced */

/* CUVEE_NOTE_* bits per text.
 * Returns  (n), with the result.        Threads  any.        Since 0.1 */
CUVEE_API const uint32_t *cuvee_result_notes(const cuvee_result *result);

/* Scores of a script as it gave them; NaN where it gave none, or the status is not CUVEE_OK.
 * Returns  (n), with the result; NULL for other models.        Threads  any.        Since 0.1 */
CUVEE_API const double *cuvee_result_exact_scores(const cuvee_result *result);

/* A label of a script and the score that it gave for it. */
typedef struct cuvee_label_score {
    uint32_t label; /* for cuvee_model_label() */
    double score;
} cuvee_label_score;

/* All scores that a script gave for text i, in its order.
 *   ret_n  how many; 0 when it told only one.
 * Returns  (*ret_n), with the result; NULL when there are none.
 * Threads  any.        Since 0.1 */
CUVEE_API const cuvee_label_score *cuvee_result_label_scores(const cuvee_result *result, size_t i,
                                                             size_t *ret_n);

/* Further keys that a script gave for text i, as one JSON object.
 * Returns  a string of the result's; NULL when there are none.
 * Threads  any.        Since 0.1 */
CUVEE_API const char *cuvee_result_extra(const cuvee_result *result, size_t i);

/* Why a script gave no label for text i: one line, and below it perhaps a Python traceback.
 * Returns  a string of the result's; NULL when there is nothing to say.
 * Threads  any.        Since 0.1 */
CUVEE_API const char *cuvee_result_message(const cuvee_result *result, size_t i);

/* Release a result; NULL is fine.
 * Returns  nothing.        Threads  any, once.        Since 0.1 */
CUVEE_API void cuvee_result_free(cuvee_result *result);

/* ------------------------------------------------------------------------------------------ */
/* The machine                                                                                */

typedef struct cuvee_machine_info {
    size_t struct_size;      /* set by the caller */
    char cpu[128];           /* model name, empty when unknown */
    uint32_t allowed_cores;  /* affinity mask */
    double cgroup_cores;     /* cgroup CPU quota in cores; 0 = no quota */
    uint32_t default_workers; /* what n_workers = 0 gives */
    const char *tier;        /* what would be taken now; NULL when CUVEE_ISA cannot be met */
    const char *const *tiers_built;   /* NULL-terminated */
    const char *const *tiers_usable;  /* NULL-terminated: CPU and OS both support them */
    uint64_t memory_bytes;        /* physical */
    uint64_t memory_limit_bytes;  /* cgroup limit; 0 = none */
} cuvee_machine_info;

/* What the library sees of this machine: for `cuvee doctor` and logs.
 *   isa  as in cuvee_pool_options; NULL = CUVEE_ISA.
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT, CUVEE_E_UNSUPPORTED (a tier that this CPU lacks). An unknown
 *          or impossible tier fails, but info is filled all the same.
 * Threads  any.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_machine_describe(const char *isa, cuvee_machine_info *info,
                                                      cuvee_error *err);

typedef struct cuvee_python_info {
    size_t struct_size;  /* set by the caller */
    char python[1024];   /* the interpreter that scripts run in; empty: there is none */
    char version[32];    /* "3.11.2" */
    char library[1024];  /* its shared library; empty: it has none */
    char metacall[1024]; /* libmetacall; empty: it is not found */
    char metacall_trouble[512]; /* why it is not */
    const char *host;    /* what CUVEE_PYTHON_AUTO takes, "embed" or "process"; NULL: none */
    const char *why;     /* why that one; NULL: none */
} cuvee_python_info;

/* What a Python script would run in: for `cuvee doctor`. No Python is started in this process;
 * libmetacall, where there is one, is loaded and stays.
 *   python  as in cuvee_model_options; NULL = $VIRTUAL_ENV, else python3.
 * Returns  CUVEE_OK, CUVEE_E_ARGUMENT, CUVEE_E_IO, CUVEE_E_UNSUPPORTED, CUVEE_E_NOMEM. Without a
 *          Python that will do it fails, but info is filled all the same.
 * Threads  any; blocks for as long as a Python takes to start.        Since 0.1 */
CUVEE_API CUVEE_MUST_CHECK int cuvee_python_describe(const char *python, cuvee_python_info *info,
                                                     cuvee_error *err);

#ifdef __cplusplus
}
#endif
#endif
