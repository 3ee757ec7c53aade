/* SPDX-License-Identifier: Apache-2.0
 *
 * Input that comes in pieces: what is there is given out when input pauses, at whatever byte that
 * is; waits end when the stop flag is set; FIFOs and standard input are files like others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "table_test.h"

static struct {
    int to; /* write end of the pipe that is standard input */
    struct reader *reader;
    struct row_block block;
    bool end;
} io;

static void feed_bytes(const void *bytes, size_t n)
{
    assert_int_equal(write(io.to, bytes, n), n);
}

static void feed(const char *text)
{
    feed_bytes(text, strlen(text));
}

static void make_stdin_a_pipe(void)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_true(dup2(fds[0], STDIN_FILENO) >= 0);
    close(fds[0]);
    io.to = fds[1];
    io.end = false;
}

static void open_stdin(const struct reader_options *options)
{
    assert_int_equal(cuvee__reader_open("-", options, &io.reader, NULL), CUVEE_OK);
}

/* Fill what comes without blocking for ever, and compare. */
static void expect_rows(const char *rows)
{
    struct buffer got = {0};
    cuvee__row_block_clear(&io.block);
    assert_int_equal(cuvee__reader_fill(io.reader, &io.block, 1000, SIZE_MAX, NULL, &io.end, NULL),
                     CUVEE_OK);
    describe_rows(&got, &io.block);
    assert_int_equal(cuvee__buffer_append_char(&got, '\0'), CUVEE_OK);
    assert_string_equal(got.ptr, rows);
    cuvee__buffer_deinit(&got);
}

static void close_stdin(const char *last_rows)
{
    close(io.to);
    expect_rows(last_rows);
    assert_true(io.end);
    cuvee__reader_close(io.reader);
    cuvee__row_block_deinit(&io.block);
}

static void pauses_flush_whole_rows(void **state)
{
    (void)state;
    make_stdin_a_pipe();
    feed("text,n\n1,a\n");
    open_stdin(&(struct reader_options){.format = TABLE_CSV});
    expect_rows("2:1\n");
    feed("2,b\n3,c\n\"4");
    expect_rows("3:2\n4:3\n");
    assert_false(io.end);
    feed("\n\"\"");
    feed("x\",d\n5,e\n6");
    expect_rows("5:4\\n\"x\n7:5\n");
    feed(",f\r");
    close_stdin("8:6\n");

    make_stdin_a_pipe();
    open_stdin(&(struct reader_options){.format = TABLE_TEXT});
    feed("a\nb");
    expect_rows("1:a\n");
    feed("c\n\n");
    expect_rows("2:bc\n3:\n");
    feed("d");
    close_stdin("4:d\n");

    make_stdin_a_pipe();
    open_stdin(&(struct reader_options){.format = TABLE_JSONL});
    feed("{\"text\":\"a\"}\n\n{\"te");
    expect_rows("1:a\n");
    feed("xt\":\"b\"}\n");
    expect_rows("3:b\n");
    close_stdin("");
}

static void format_of_a_pipe_is_found(void **state)
{
    (void)state;
    make_stdin_a_pipe();
    feed("\n{");
    open_stdin(&(struct reader_options){0});
    assert_int_equal(cuvee__reader_format(io.reader), TABLE_JSONL);
    assert_int_equal(cuvee__reader_bytes_total(io.reader), 0);
    feed("\"text\":\"a\"}\n");
    expect_rows("2:a\n");
    assert_int_equal(cuvee__reader_bytes_read(io.reader), 14);
    close_stdin("");
}

struct slow_writer {
    int fd;
    const char *bytes;
    size_t n;
};

static void *write_slowly(void *arg)
{
    const struct slow_writer *w = arg;
    for (size_t i = 0; i < w->n; i++)
        if (write(w->fd, w->bytes + i, 1) != 1) break;
    close(w->fd);
    return NULL;
}

/* Byte by byte, so that pauses fall anywhere: same rows as from a file. */
static void any_cut_gives_the_same_rows(void **state)
{
    (void)state;
    static const char csv[] =
        "\xEF\xBB\xBFtext,n\r\n\"a\r\nb\"\"c\",1\r\n\r\n\"x\"y,2\r\nplain,3\r\n"
        "\xC3\xA9,4\r\n\"open\r\nz,5\r\n";
    static const char utf16[] = "\xFF\xFE\x3D\xD8\x00\xDE\n\0a\0\r\0\n\0\x00\xD8";
    static const char jsonl[] = "{\"text\":\"a\"}\n{\"text\":\n{\"text\":\"b\"}";
    static const struct {
        const char *bytes;
        size_t n;
        enum table_format format;
    } cases[] = {{csv, sizeof csv - 1, TABLE_CSV},
                 {utf16, sizeof utf16 - 1, TABLE_TEXT},
                 {jsonl, sizeof jsonl - 1, TABLE_AUTO}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int round = 0; round < 20; round++) {
            write_file("whole", cases[i].bytes, cases[i].n);
            const struct reader_options options = {.format = cases[i].format};
            char *whole = read_rows("whole", &options, 1000);
            make_stdin_a_pipe();
            struct slow_writer w = {io.to, cases[i].bytes, cases[i].n};
            pthread_t thread;
            assert_int_equal(pthread_create(&thread, NULL, write_slowly, &w), 0);
            char *pieces = read_rows(round % 2 ? "-" : "/dev/stdin", &options, 1000);
            pthread_join(thread, NULL);
            assert_string_equal(pieces, whole);
            cuvee__free(whole);
            cuvee__free(pieces);
        }
}

static void fifo_is_waited_for(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("fifo.csv", 0600), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const int fd = open("fifo.csv", O_WRONLY); /* waits for the reader */
        static const char text[] = "text\na\nb\n";
        _exit(fd >= 0 && write(fd, text, sizeof text - 1) == sizeof text - 1 ? 0 : 1);
    }
    char *rows = read_rows("fifo.csv", &(struct reader_options){0}, 10);
    assert_string_equal(rows, "2:a\n3:b\n");
    cuvee__free(rows);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    unlink("fifo.csv");
}

static volatile sig_atomic_t stop_flag;

static void on_alarm(int signo)
{
    (void)signo;
    stop_flag = 1;
}

static void set_alarm(void)
{
    struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &act, NULL);
    stop_flag = 0;
    alarm(1);
}

static void stop_ends_a_wait(void **state)
{
    (void)state;
    static volatile int stop;
    cuvee_error err;
    struct reader *r;

    /* The header never comes. */
    make_stdin_a_pipe();
    stop = 1;
    const struct reader_options csv = {.format = TABLE_CSV, .stop = &stop};
    assert_int_equal(cuvee__reader_open("-", &csv, &r, &err), CUVEE_E_CANCELLED);
    close(io.to);

    /* Half a record, then nothing: a signal ends the wait, and the record is whole when the rest
     * comes. */
    make_stdin_a_pipe();
    open_stdin(&(struct reader_options){.format = TABLE_TEXT});
    feed("ab");
    set_alarm();
    cuvee__row_block_clear(&io.block);
    assert_int_equal(
        cuvee__reader_fill(io.reader, &io.block, 10, SIZE_MAX, &stop_flag, &io.end, &err),
        CUVEE_OK);
    assert_int_equal(stop_flag, 1);
    assert_int_equal(io.block.n_rows, 0);
    assert_false(io.end);
    feed("c\n");
    expect_rows("1:abc\n");
    close_stdin("");
}

/* Rows before a failed read are kept; half a row is not passed off as one. */
static void read_error_in_the_middle(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
    close(ends[0]);
    io.to = ends[1];
    feed("a\nb\nhalf");
    open_stdin(&(struct reader_options){.format = TABLE_TEXT});
    expect_rows("1:a\n2:b\n");
    /* A peer that goes with bytes unread resets the connection. */
    assert_int_equal(write(STDIN_FILENO, "unread", 6), 6);
    close(io.to);
    cuvee_error err;
    cuvee__row_block_clear(&io.block);
    assert_int_equal(cuvee__reader_fill(io.reader, &io.block, 10, SIZE_MAX, NULL, &io.end, &err),
                     CUVEE_E_IO);
    assert_int_equal(err.os_errno, ECONNRESET);
    assert_string_equal(err.msg,
                        "standard input: cannot read on at byte 8: Connection reset by peer");
    assert_int_equal(io.block.n_rows, 0);
    cuvee__reader_close(io.reader);
    cuvee__row_block_deinit(&io.block);
}

static void closed_standard_input(void **state)
{
    (void)state;
    close(STDIN_FILENO);
    char *rows = read_rows("-", &(struct reader_options){0}, 10);
    assert_string_equal(
        rows, "E input or output error: standard input: cannot read: Bad file descriptor\n");
    cuvee__free(rows);
}

/* What the shell's < gives may stand in the middle of a file. */
static void stdin_goes_on_where_it_was_left(void **state)
{
    (void)state;
    write_file("a.txt", "skipped\na\n", 10);
    const int fd = open("a.txt", O_RDONLY);
    assert_true(dup2(fd, STDIN_FILENO) >= 0);
    if (fd != STDIN_FILENO) close(fd);
    assert_int_equal(lseek(STDIN_FILENO, 8, SEEK_SET), 8);
    char *rows = read_rows("-", &(struct reader_options){0}, 10);
    assert_string_equal(rows, "1:a\n");
    cuvee__free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_flush_whole_rows),
        cmocka_unit_test(format_of_a_pipe_is_found),
        cmocka_unit_test(any_cut_gives_the_same_rows),
        cmocka_unit_test(fifo_is_waited_for),
        cmocka_unit_test(stop_ends_a_wait),
        cmocka_unit_test(read_error_in_the_middle),
        cmocka_unit_test(closed_standard_input),
        cmocka_unit_test(stdin_goes_on_where_it_was_left),
    };
    return cmocka_run_group_tests(tests, table_test_enter, table_test_leave);
}
