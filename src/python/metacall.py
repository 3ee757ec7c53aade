# SPDX-License-Identifier: Apache-2.0
"""The script's side of the MetaCall host. Runs below contract.py and packed.py, in the same namespace.

One function of bytes to bytes is all that MetaCall sees of us, and no exception leaves it: MetaCall's strings end at a
NUL, bytes that are no UTF-8 crash it, and each dict and each exception that it converts leaks.

  request   HEADER: kind, script, number of texts, number of the request; then the texts, see texts_of()
            OPEN: executable, prefix and version of the chosen Python, the descriptor where Watch reads; path and
            arguments of the script
  reply     kind (u64); READY: the script's number (u64) and facts(); DONE: answer(); FAILED, RAISED: told();
            OTHER_PYTHON: version of this one
"""
import ctypes
import os
import threading
import time

OPEN, WARM_UP, CALL, CLOSE = 1, 2, 3, 4
READY, FAILED, DONE, RAISED, OTHER_PYTHON = 1, 2, 3, 4, 5
NUMBER = struct.Struct("=Q")

scripts = []
watch = None


class Watch:
    """Raises TimeoutError in the request whose number comes through a pipe, as often as it comes."""

    def __init__(self, fd):
        prototype = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.py_object)
        self.set_exception = prototype(("PyThreadState_SetAsyncExc", ctypes.pythonapi))
        self.none = ctypes.py_object()  # NULL
        self.fd = fd
        self.thread = threading.get_ident()
        self.number = 0  # of the request that may be interrupted
        self.is_raising = False
        threading.Thread(target=self.main, name="cuvee-deadline", daemon=True).start()

    def main(self):
        while True:
            number, = NUMBER.unpack(os.read(self.fd, NUMBER.size))
            self.is_raising = True  # before the look at self.number: see run()
            is_late = number == self.number
            if is_late:
                self.set_exception(self.thread, TimeoutError)
            self.is_raising = False
            if is_late:
                time.sleep(0.01)  # run() takes one in peace before the next comes

    def run(self, number, work):
        """The result of work(), or what it raised; no TimeoutError is on its way afterwards."""
        pid = os.getpid()
        try:
            self.number = number
            result = work()
            error = None
        except BaseException as raised:
            error = raised
        if os.getpid() != pid:
            end_forked(error)
        while True:
            try:
                self.number = 0
                while self.is_raising:
                    time.sleep(0)
                self.set_exception(self.thread, self.none)  # one that was not seen yet
                break
            except TimeoutError:
                pass
        return result if error is None else (RAISED, told(error))  # told() takes long: not to be hit itself


def use_python(executable, prefix):
    """Packages of the chosen Python, which MetaCall does not know, instead of those of its own."""
    import site

    if os.path.realpath(prefix) == os.path.realpath(sys.prefix):
        return
    sys.path[:] = [p for p in sys.path if os.path.basename(p) not in ("site-packages", "dist-packages")]
    for folder in site.getsitepackages([prefix]):
        site.addsitedir(folder)
    sys.executable, sys.prefix = executable, prefix


def open_script(executable, prefix, version, fd, path, *args):
    global watch
    here = "%d.%d" % sys.version_info[:2] + ("t" if "t" in sys.abiflags else "")  # t: without the GIL
    if version != here:
        return OTHER_PYTHON, [here.encode()]
    if watch is None:
        part_streams()
        use_python(executable, prefix)
        watch = Watch(int(fd))
    try:
        script = Script(path, args)
        said = facts(script)
    except BaseException as error:
        return FAILED, told(error)
    scripts.append(script)
    return READY, [NUMBER.pack(len(scripts) - 1)] + said


def ask(kind, script, request, n):
    if kind == CALL:
        return DONE, answer(script.call(texts_of(request, n)), n)
    if kind == WARM_UP:
        script.warmup()
    else:
        script.close()
    return DONE, []


OUT_OF_MEMORY = NUMBER.pack(RAISED) + NO_MEMORY[0]


def serve(request):
    try:
        return served(request)
    except MemoryError:
        return OUT_OF_MEMORY


def served(request):
    kind, which, n, number = HEADER.unpack_from(request)
    request = request[HEADER.size:]
    if kind == OPEN:
        said, parts = open_script(*texts_of(request, n, "surrogateescape"))
    else:
        said, parts = watch.run(number, lambda: ask(kind, scripts[which], request, n))
        if kind == CLOSE:
            scripts[which].forget()
            scripts[which] = None
            collect()
    return b"".join([NUMBER.pack(said)] + parts)
