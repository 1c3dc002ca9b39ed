"""Runs the client in an environment of its own and looks at what came of it."""

import copy
import difflib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import time

import data

HERE = os.path.dirname(os.path.abspath(__file__))


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


class Lab:
    def __init__(self, program, folder, controller, cert, write):
        self.program, self.folder, self.controller = program, folder, controller
        self.cert, self.write = cert, write
        self.home = f"{folder}/home"

    def fresh(self):
        """An empty home, a controller that has forgotten everything."""
        shutil.rmtree(self.home, ignore_errors=True)
        os.mkdir(self.home)
        self.controller.reset()
        self.controller.answers = copy.deepcopy(data.ANSWERS)

    def url(self):
        return f"https://localhost:{self.controller.port}"

    def env(self, **more):
        env = {"HOME": self.home, "USER": "root", "PATH": os.environ["PATH"], "TZ": "UTC",
               "LC_ALL": "C.UTF-8", "PGTANDEM_CONTROLLER": self.url(), "PGTANDEM_USER": "admin",
               "PGTANDEM_PASSWORD": "adminpw", "S9S_SYSTEM_CONFIG": "/dev/null",
               # a sanitizer's report must be a failure of its own kind
               "ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99"}
        env.update(more)
        return {k: v for k, v in env.items() if v is not None}

    def run(self, *args, stdin=None, timeout=60, **env):
        done = subprocess.run([self.program, *args], env=self.env(**env), input=stdin,
                              stdin=None if stdin is not None else subprocess.DEVNULL,
                              capture_output=True, timeout=timeout, check=False)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *args, **env):
        return subprocess.Popen([self.program, *args], env=self.env(**env),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def run_tty(self, *args, type_text=None, columns="80", **env):
        """Run on a terminal of its own; what it shows, with \\r\\n as \\n."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(self.program, [self.program, *args], self.env(COLUMNS=columns, **env))
        shown, deadline = b"", time.time() + 30
        while True:
            if not select.select([fd], [], [], max(0, deadline - time.time()))[0]:
                os.kill(pid, signal.SIGKILL)
                break
            try:
                part = os.read(fd, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
            if type_text and shown.endswith(b": "):
                os.write(fd, type_text.encode())
                type_text = None
        os.close(fd)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return Result(code, shown.decode().replace("\r\n", "\n"), "")

    def sent(self):
        """What was asked last: path and request without what differs from run to run."""
        path, request, _ = self.controller.last()
        request = {k: v for k, v in request.items()
                   if k not in ("request_id", "request_created", "class_name")}
        return path, request

    def operations(self):
        return [r.get("operation") for _, r, _ in self.controller.requests]

    def golden(self, name, text):
        path = f"{HERE}/golden/{name}.txt"
        if self.write:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            return
        with open(path, encoding="utf-8") as f:
            want = f.read()
        diff = "".join(difflib.unified_diff(want.splitlines(True), text.splitlines(True),
                                            "wanted", "got"))
        assert want == text, f"golden/{name}.txt differs:\n{diff}"


def equal(got, want, what):
    assert got == want, f"{what}: {got!r} instead of {want!r}"


def contains(text, part, what):
    assert part in text, f"{what}: {part!r} is not in {text!r}"


def lacks(text, part, what):
    assert part not in text, f"{what}: {part!r} is in {text!r}"


def same_json(got, want, what):
    a, b = (json.dumps(x, sort_keys=True, indent=1, ensure_ascii=False) for x in (got, want))
    diff = "\n".join(difflib.unified_diff(b.splitlines(), a.splitlines(), "wanted", "sent", n=2))
    assert a == b, f"{what}:\n{diff}"
