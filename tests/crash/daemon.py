#!/usr/bin/env python3
"""The real pgtandemd: start, first user, login, and kill -9 of each of its processes.

usage: daemon.py PGTANDEMD LIBEXEC_DIR
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

PATIENCE = 30


def wait_for(what, look):
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("waited in vain: " + what)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Daemon:
    def __init__(self, program, libexec):
        self.program, self.libexec = program, libexec
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="pgtandem-test-", dir="/dev/shm"))
        os.chmod(self.base, 0o755)  # the api's user has to come to the data directory
        self.data, self.run = self.base / "data", self.base / "run"
        self.port = free_port()
        self.process = None

    def command(self, *more):
        return [self.program, f"--data-dir={self.data}", f"--run-dir={self.run}",
                f"--listen=127.0.0.1:{self.port}", f"--libexec-dir={self.libexec}", *more]

    def start(self, **env):
        """Start and wait for READY=1, as a service manager does."""
        path = self.base / "notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(str(path))
            s.settimeout(PATIENCE)
            self.log = open(self.base / "log", "ab")
            self.process = subprocess.Popen(
                self.command(), stderr=self.log, stdin=subprocess.DEVNULL,
                env={**os.environ, **env, "NOTIFY_SOCKET": str(path)})
            assert "READY=1" in s.recv(4096).decode()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0
        self.process = None

    def children(self):
        """{role: pid} of the processes that the supervisor has started."""
        found = {}
        pid = self.process.pid
        try:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except FileNotFoundError:
            return found
        for child in children:
            try:
                words = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            for word in words:
                if word.startswith(b"--role="):
                    found[word[7:].decode()] = int(child)
        return found

    def kill(self, role):
        """Kill one, wait for another in its place."""
        before = self.children()[role]
        os.kill(before, signal.SIGKILL)
        return wait_for(f"another {role}",
                        lambda: self.children().get(role, before) != before)

    def control(self, call, args):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(str(self.run / "control.sock"))
            text = json.dumps({"id": 1, "call": call, "args": args}).encode()
            s.sendall(struct.pack(">I", len(text)) + text)
            f = s.makefile("rb")
            return json.loads(f.read(struct.unpack(">I", f.read(4))[0]))

    def rpc(self, path, request, cookie=None):
        context = ssl.create_default_context()
        context.load_verify_locations(self.data / "tls" / "server.crt")
        c = http.client.HTTPSConnection("127.0.0.1", self.port, context=context,
                                        timeout=PATIENCE)
        headers = {"Content-Type": "application/json"}
        if cookie:
            headers["Cookie"] = cookie
        c.request("POST", path, json.dumps(request), headers)
        reply = c.getresponse()
        cookie = reply.headers.get("Set-Cookie")
        return json.loads(reply.read()), cookie and cookie.split(";")[0]

    def login(self):
        reply, cookie = self.rpc("/v2/auth", {
            "operation": "authenticateWithPassword", "user_name": "dba", "request_id": 1,
            "password": "p w'\"\\$ü"})
        assert reply["request_status"] == "Ok", reply
        return cookie

    def clusters(self, cookie):
        reply, _ = self.rpc("/v2/clusters/", {
            "operation": "getAllClusterInfo", "request_id": 2}, cookie)
        return reply["request_status"]

    def memory_kb(self):
        pids = [self.process.pid, *self.children().values()]
        assert len(pids) == 3
        total = {"Rss": 0, "Pss": 0}
        for pid in pids:
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                key = line.split(":")[0]
                if key in total:
                    total[key] += int(line.split()[1])
        return total

    def clean(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.base)


def starts_without_settings_and_makes_the_first_user(d):
    d.start()
    answer = d.control("status", {})
    assert answer["status"] == "ERR_OK" and answer["result"]["controller_id"], answer
    answer = d.control("user.create", {
        "user": {"user_name": "dba", "groups": ["admins"]}, "password": "p w'\"\\$ü"})
    assert answer["status"] == "ERR_OK", answer
    answer = d.control("job.create", {"command": "x"})
    assert answer["status"] == "ERR_UNSUPPORTED", answer
    assert d.clusters(d.login()) == "Ok"


def keeps_secrets_from_the_api(d):
    if os.geteuid() == 0:
        status = pathlib.Path(f"/proc/{d.children()['api']}/status").read_text()
        uids = [line.split()[1:] for line in status.splitlines() if line.startswith("Uid:")][0]
        assert "0" not in uids, uids
        assert "NoNewPrivs:\t1" in status
        assert (d.data / "master.key").stat().st_mode & 0o777 == 0o600
        assert (d.data / "tls" / "server.key").stat().st_mode & 0o777 == 0o600
    assert (d.run / "control.sock").stat().st_mode & 0o777 == 0o600
    for pid in d.children().values():
        for name in "cmdline", "environ":
            assert b"p w" not in pathlib.Path(f"/proc/{pid}/{name}").read_bytes()


def sessions_survive_the_engine(d):
    cookie = d.login()
    d.kill("engine")
    wait_for("the new engine", lambda: d.control("status", {})["status"] == "ERR_OK")
    assert d.clusters(cookie) == "Ok"
    wait_for("a change through the new engine", lambda: d.login())


def the_engine_survives_the_api(d):
    engine = d.children()["engine"]
    d.kill("api")
    wait_for("the new api", lambda: d.children().get("api"))
    cookie = wait_for("a login", lambda: attempt(d.login))
    assert d.clusters(cookie) == "Ok"
    assert d.children()["engine"] == engine


def attempt(fn):
    try:
        return fn()
    except (OSError, http.client.HTTPException):
        return None


def both_at_once(d):
    for pid in d.children().values():
        os.kill(pid, signal.SIGKILL)
    wait_for("a login", lambda: attempt(d.login))


def nobody_outlives_the_supervisor(d):
    children = d.children()
    d.process.kill()
    d.process.wait()
    for pid in children.values():
        wait_for("the end of a child", lambda pid=pid: not is_alive(pid))
    d.start()
    assert d.clusters(d.login()) == "Ok"


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def refuses_a_second_one(d):
    second = subprocess.run(d.command(f"--listen=127.0.0.1:{free_port()}"), timeout=PATIENCE,
                            capture_output=True, text=True)
    assert second.returncode == 1
    assert "another pgtandemd runs" in second.stderr, second.stderr
    assert d.control("status", {})["status"] == "ERR_OK"


def refuses_a_port_that_is_taken(d):
    other = Daemon(d.program, d.libexec)
    try:
        other.port = d.port
        run = subprocess.run(other.command(), timeout=PATIENCE, capture_output=True, text=True)
        assert run.returncode == 1
        assert "in use" in run.stderr, run.stderr
    finally:
        other.clean()


def tells_all_mistakes_at_once(d):
    file = d.base / "bad.conf"
    file.write_text("[server]\nlisten = x\n[jobs]\nmax_jobs = 0\nwhat = 1\n")
    run = subprocess.run([d.program, f"--config={file}", "--check", "--set=log_level=loud"],
                         capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 1
    for want in "bad.conf:2:", "bad.conf:4:", "bad.conf:5:", "command line: log_level":
        assert want in run.stderr, run.stderr
    file.write_text("[jobs]\nmax_jobs = 3\n")
    run = subprocess.run([d.program, f"--config={file}", "--check", "--libexec-dir=/nowhere",
                          "--set=tls_cert=/no.crt", "--set=tls_key=/no.key"],
                         capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 1
    assert "pgtandem-job" in run.stderr and "/no.crt" in run.stderr, run.stderr
    assert subprocess.run([d.program, f"--config={file}", "--check", f"--libexec-dir={d.libexec}"],
                          stdout=subprocess.DEVNULL, timeout=PATIENCE).returncode == 0


def says_why_it_cannot_start(d):
    other = Daemon(d.program, "/nonexistent")
    try:
        run = subprocess.run(other.command(), timeout=PATIENCE, capture_output=True, text=True)
        assert run.returncode == 1
        assert "pgtandem-job" in run.stderr, run.stderr
    finally:
        other.clean()


def ignores_garbage_on_the_control_socket(d):
    for garbage in b"", b"x", b"GET / HTTP/1.0\r\n\r\n", b"\0\0\0\2{}", b"\0\0\0\x10{\"id\":1}":
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(d.run / "control.sock"))
            s.sendall(garbage)
    assert d.control("status", {})["status"] == "ERR_OK"


def stays_small_and_idle(d):
    d.kill("api")  # as after a start
    wait_for("a login", lambda: attempt(d.login))
    time.sleep(1)
    before = ticks(d)
    time.sleep(2)
    used = ticks(d) - before
    memory = d.memory_kb()
    print(f"resident {memory['Rss']} kB in all, proportional {memory['Pss']} kB; "
          f"{used} ticks of CPU in 2 s", flush=True)


def ticks(d):
    total = 0
    for pid in [d.process.pid, *d.children().values()]:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()
        total += int(fields[11]) + int(fields[12])
    return total


def stops_in_order(d):
    children = d.children()
    d.stop()
    for pid in children.values():
        assert not is_alive(pid)
    d.start()
    assert d.clusters(d.login()) == "Ok"
    d.stop()


TESTS = [starts_without_settings_and_makes_the_first_user, keeps_secrets_from_the_api,
         sessions_survive_the_engine, the_engine_survives_the_api, both_at_once,
         nobody_outlives_the_supervisor, refuses_a_second_one, refuses_a_port_that_is_taken,
         tells_all_mistakes_at_once, says_why_it_cannot_start,
         ignores_garbage_on_the_control_socket, stays_small_and_idle, stops_in_order]


def main():
    d = Daemon(sys.argv[1], sys.argv[2])
    try:
        for test in TESTS:
            print(test.__name__, flush=True)
            test(d)
        log = (d.base / "log").read_text()
        assert "Sanitizer" not in log and "runtime error" not in log
    except BaseException:
        print((d.base / "log").read_text() if (d.base / "log").exists() else "no log")
        raise
    finally:
        d.clean()


if __name__ == "__main__":
    main()
