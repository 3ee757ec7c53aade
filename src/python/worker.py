# SPDX-License-Identifier: Apache-2.0
"""The worker process of the process host. Runs below contract.py and packed.py, in the same namespace.

Messages are five native integers over two pipes, data lies in an area of shared memory:

  to us     CALL n_texts bytes_of_request    see texts_of()
            CLOSE                            the end, after the script's close()
  from us   READY / FAILED / DONE / RAISED  offset length, of the answer in the area
            READY: see facts(); FAILED, RAISED: told(); DONE: answer()
"""
import os
import stat

FD, AREA_FD = 200, 204  # child.h; the area is the second of the passed ones
CALL, CLOSE = 1, 2
READY, FAILED, DONE, RAISED = 1, 2, 3, 4
MESSAGE = struct.Struct("=5Q")


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

    def take(self, length):
        """A copy of our own."""
        if length > len(self.map):
            self.refresh()
        return self.map[:length]

    def put(self, offset, parts):
        """Returns where they lie together."""
        length = sum(map(len, parts))
        if offset + length > len(self.map):
            os.ftruncate(self.fd, (offset + length + 65535) // 65536 * 65536)
            self.refresh()
        self.map[offset:offset + length] = b"".join(parts)
        return offset, length


class Marks:
    """Phase marks for `cuvee measure`: lines into the pipe whose number is in MEASURE_FD, as long as that number still
    means the pipe that it meant before the script could close or open anything."""

    def __init__(self):
        text = os.environ.get("MEASURE_FD", "")
        self.fd = int(text) if text.isdigit() and 2 < int(text) < FD else -1
        self.pipe = self.identity()

    def identity(self):
        try:
            st = os.fstat(self.fd)
        except OSError:
            return None
        return (st.st_dev, st.st_ino) if stat.S_ISFIFO(st.st_mode) else None

    def mark(self, name):
        if self.pipe and self.identity() == self.pipe:
            try:
                os.write(self.fd, (name + "\n").encode())
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


def die_with_parent():
    """When the other end of this pipe is closed the kernel sends SIGIO, which ends us whatever we do."""
    import fcntl

    fd = FD + 2
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)


def close_ends():
    """In a child that the script forked: who started us sees our end by our ends of the pipes, while it may live on."""
    for fd in (FD, FD + 1, FD + 2, AREA_FD):
        os.close(fd)


def prepare():
    import faulthandler
    import resource
    import signal

    die_with_parent()
    faulthandler.enable()  # where it crashed, on standard error
    part_streams()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us; that ends us
    os.close(FD + 3)  # the program, which runs now
    for fd in (FD, FD + 1, FD + 2, AREA_FD):
        os.set_inheritable(fd, False)
    os.register_at_fork(after_in_child=close_ends)


def load(path, args, marks):
    """The script and its facts(), ready for calls."""
    marks.mark("runtime-ready")
    script = Script(path, args)
    said = facts(script)
    marks.mark("script-imported")
    script.warmup()
    marks.mark("model-loaded")
    return script, said


def guarded(function, *args):
    """(result, None), or (None, told()) of what the function raised. Only to this process does it return."""
    pid = os.getpid()
    try:
        result, error = function(*args), None
    except BaseException as raised:
        if os.getpid() != pid:
            end_forked(raised)
        return None, told(raised)
    if os.getpid() != pid:
        end_forked(None)
    return result, error


def behind(length):
    """Where the answer to a request of this length is put."""
    return (length + 63) // 64 * 64


def serve(path, args):
    prepare()
    area = Area(AREA_FD)
    marks = Marks()
    loaded, failure = guarded(load, path, args, marks)
    if failure:
        send(FAILED, area.put(0, failure))
        return
    script, said = loaded
    send(READY, area.put(0, said))
    is_first = True

    def reply(n, length):
        return area.put(behind(length), answer(script.call(texts_of(area.take(length), n)), n))

    while True:
        kind, n, length, _, _ = read_message()
        if kind == CLOSE:
            try:
                script.close()
            finally:
                os._exit(0)
        place, failure = guarded(reply, n, length)
        if failure:
            place = area.put(behind(length), failure)
        send(RAISED if failure else DONE, place)
        if is_first:
            marks.mark("first-result")
            is_first = False


def main():
    import sys

    serve(sys.argv[1], sys.argv[2:])


main()
