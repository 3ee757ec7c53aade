/* SPDX-License-Identifier: Apache-2.0
 *
 * Process events of the kernel (netlink, "proc connector"): every fork, exec and exit on the
 * machine, also of what lives for less than a tick. A process is a member when its parent was one
 * as it was forked; what becomes of the parent later does not matter. Every process of the machine
 * is told about, so a pid that is used again is known anew, and no exit has to be believed.
 *   In containers the socket may open and say nothing, or say pids of another namespace: so the
 * fork of the command itself is waited for before the source is trusted. */
#define _GNU_SOURCE /* SO_RCVBUFFORCE */
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure/meter/meter.h"

enum { RECEIVE_BYTES = 8 << 20, TEST_MS = 30 /* it is there when fork() returns */ };

static unsigned char members[METER_MAX_PIDS / 8];

static bool is_member(uint32_t pid)
{
    return pid < METER_MAX_PIDS && members[pid / 8] & 1u << pid % 8;
}

static void set_member(uint32_t pid, bool is)
{
    if (pid >= METER_MAX_PIDS) return;
    const unsigned bit = 1u << pid % 8;
    /* A page of zeros that stays unread costs nothing. */
    if (is)
        members[pid / 8] = (unsigned char)(members[pid / 8] | bit);
    else if (members[pid / 8] & bit)
        members[pid / 8] = (unsigned char)(members[pid / 8] & ~bit);
}

bool meter_events_open(struct meter *m)
{
    const int fd = socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
    struct {
        struct nlmsghdr header;
        struct cn_msg message;
        enum proc_cn_mcast_op op;
    } __attribute__((packed, aligned(4))) listen;
    memset(&listen, 0, sizeof listen);
    listen.header.nlmsg_len = sizeof listen;
    listen.header.nlmsg_type = NLMSG_DONE;
    listen.message.id.idx = CN_IDX_PROC;
    listen.message.id.val = CN_VAL_PROC;
    listen.message.len = sizeof listen.op;
    listen.op = PROC_CN_MCAST_LISTEN;
    const int bytes = RECEIVE_BYTES;
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        send(fd, &listen, sizeof listen, 0) != (ssize_t)sizeof listen) {
        meter_say(m, "U events 0 process events are not allowed here: %s\n", strerror(errno));
        if (fd >= 0) close(fd);
        return false;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    m->events_fd = fd;
    set_member((uint32_t)getpid(), true);
    return true;
}

static void take(struct meter *m, const struct proc_event *event)
{
    if (event->what == PROC_EVENT_FORK) {
        const uint32_t child = (uint32_t)event->event_data.fork.child_pid;
        if (child != (uint32_t)event->event_data.fork.child_tgid) return; /* a thread */
        const bool is = is_member((uint32_t)event->event_data.fork.parent_tgid);
        set_member(child, is);
        if (!is) return;
        m->n_processes++;
        if (!m->group.is_used && !m->is_starting) meter_add(m, (int)child);
    } else if (event->what == PROC_EVENT_EXEC) {
        m->n_execs += is_member((uint32_t)event->event_data.exec.process_tgid);
    } else if (event->what == PROC_EVENT_EXIT) {
        const uint32_t pid = (uint32_t)event->event_data.exit.process_pid;
        if (pid == (uint32_t)event->event_data.exit.process_tgid) m->n_exits += is_member(pid);
    }
}

void meter_events_drain(struct meter *m)
{
    _Alignas(8) char bytes[4096];
    while (m->events_fd >= 0) {
        const ssize_t n = recv(m->events_fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == ENOBUFS) {
            m->n_overruns++;
            continue;
        }
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        const struct nlmsghdr *header = (const void *)bytes;
        size_t left = (size_t)n;
        for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
            struct cn_msg message;
            struct proc_event event;
            const char *payload = NLMSG_DATA(header);
            if (header->nlmsg_len < NLMSG_LENGTH(sizeof message)) continue;
            memcpy(&message, payload, sizeof message);
            if (message.id.idx != CN_IDX_PROC || message.len > sizeof event ||
                header->nlmsg_len < NLMSG_LENGTH(sizeof message + message.len))
                continue;
            /* Copied: after the header of 20 bytes it is not where a uint64_t may be. */
            memset(&event, 0, sizeof event);
            memcpy(&event, payload + sizeof message, message.len);
            take(m, &event);
        }
    }
}

bool meter_events_test(struct meter *m, int pid)
{
    const uint64_t until = meter_now_us(m) + TEST_MS * 1000;
    if (m->events_fd < 0) return false;
    for (;;) {
        meter_events_drain(m);
        if (is_member((uint32_t)pid)) {
            meter_say(m, "U events 1 proc connector\n");
            return true;
        }
        if (meter_now_us(m) > until) break;
        poll(&(struct pollfd){.fd = m->events_fd, .events = POLLIN}, 1, 10);
    }
    close(m->events_fd);
    m->events_fd = -1;
    meter_say(m, "U events 0 process events are silent here, as in many containers\n");
    return false;
}

void meter_events_know(struct meter *m)
{
    for (size_t i = 0; i < m->n; i++) {
        if (is_member((uint32_t)m->processes[i].pid)) continue;
        set_member((uint32_t)m->processes[i].pid, true);
        m->n_processes++;
    }
}
