# SPDX-License-Identifier: Apache-2.0
"""The worker process of the process host. Runs below contract.py, in the same namespace.

Messages are five native integers over two pipes, data lies in an area of shared memory:

  to us     CALL n_texts bytes_of_request    request: n + 1 offsets (u64), then the texts
            CLOSE                            the end, after the script's close()
  from us   READY / FAILED / DONE / RAISED  offset length, of the answer in the area
            READY: JSON of what the script says of itself
            FAILED, RAISED: JSON [line, where, traceback]
            DONE: see answer()
"""
import os
import struct

FD, AREA_FD = 200, 204  # child.h; the area is the second of the passed ones
CALL, CLOSE = 1, 2
READY, FAILED, DONE, RAISED = 1, 2, 3, 4
MESSAGE = struct.Struct("=5Q")
HEADER = struct.Struct("=4Q")


class Area:
    """The shared memory; either side may make it longer, none shorter."""

    def __init__(self, fd):
        self.fd = fd
        self.map = None
        self.refresh()

    def refresh(self):
        import mmap

        length = os.fstat(self.fd).st_size
        if self.map is None or length != len(self.map):
            if self.map is not None:
                self.map.close()
            self.map = mmap.mmap(self.fd, length)

    def put(self, offset, parts):
        """Returns where they lie together."""
        length = sum(map(len, parts))
        if offset + length > len(self.map):
            os.ftruncate(self.fd, (offset + length + 65535) // 65536 * 65536)
            self.refresh()
        self.map[offset:offset + length] = b"".join(parts)
        return offset, length


def answer(columns, n):
    """Scores (f64), indexes of labels (u32), the labels' names (u32 length and bytes each), and JSON of what few
    rows have. Before them a header: number of rows, of names, bytes of names, bytes of JSON."""
    labels, scores, extras, every, errors = columns
    index = {}
    indexes = [index.setdefault(label, len(index)) for label in labels]
    names = []
    for label in index:
        name = label.encode("utf-8")
        names += struct.pack("=I", len(name)), name
    names = b"".join(names)
    rest = b""
    if extras or every or errors:
        import json

        rest = json.dumps([extras, every, errors]).encode("ascii")
    return [HEADER.pack(n, len(index), len(names), len(rest)),
            struct.pack("=%dd" % n, *scores), struct.pack("=%dI" % n, *indexes), names, rest]


def texts_of(area, n, length):
    if length > len(area.map):
        area.refresh()
    request = area.map[:length]  # a copy of our own
    offsets = struct.unpack_from("=%dQ" % (n + 1), request)
    return [str(request[a:b], "utf-8", "replace") for a, b in zip(offsets, offsets[1:])]


def mark(name):
    """A phase mark for `cuvee measure`."""
    fd = os.environ.get("MEASURE_FD", "")
    if fd.isdigit():
        try:
            os.write(int(fd), (name + "\n").encode())
        except OSError:
            pass


def read_message():
    message = b""
    while len(message) < MESSAGE.size:
        piece = os.read(FD, MESSAGE.size - len(message))
        if not piece:
            os._exit(0)  # whoever started us is gone, or has no more work
        message += piece
    return MESSAGE.unpack(message)


def send(kind, place):
    os.write(FD + 1, MESSAGE.pack(kind, place[0], place[1], 0, 0))


def told(error):
    import json

    return [json.dumps(describe(error)).encode("ascii")]


def die_with_parent():
    """When the other end of this pipe is closed the kernel sends SIGIO, which ends us whatever we do."""
    import fcntl

    fd = FD + 2
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)


def prepare():
    import faulthandler
    import resource
    import signal
    import sys

    die_with_parent()
    faulthandler.enable()  # where it crashed, on standard error
    sys.stdout = sys.stderr
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us; that ends us
    for fd in (FD, FD + 1, FD + 2, FD + 3, AREA_FD):
        os.set_inheritable(fd, False)


def facts(script):
    import json
    import sys

    return [json.dumps({
        "max_batch": script.max_batch, "max_concurrency": script.max_concurrency,
        "labels": script.labels, "info": script.info(),
        "version": ".".join(map(str, sys.version_info[:3]))}).encode("ascii")]


def serve(path, args):
    prepare()
    area = Area(AREA_FD)
    try:
        mark("runtime-ready")
        script = Script(path, args)
        said = facts(script)
        script.warmup()
        mark("model-loaded")
    except BaseException as error:
        send(FAILED, area.put(0, told(error)))
        return
    send(READY, area.put(0, said))
    is_first = True
    while True:
        kind, n, length, _, _ = read_message()
        if kind == CLOSE:
            try:
                script.close()
            finally:
                os._exit(0)
        try:
            parts, kind = answer(script.call(texts_of(area, n, length)), n), DONE
        except BaseException as error:
            parts, kind = told(error), RAISED
        send(kind, area.put((length + 63) // 64 * 64, parts))
        if is_first:
            mark("first-result")
            is_first = False
        del parts


def main():
    import sys

    serve(sys.argv[1], sys.argv[2:])


main()
