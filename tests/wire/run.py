#!/usr/bin/env python3
"""Starts a controller and speaks to it as the public clients do.  Prints "N passed, N failed".

    run.py PGTANDEMD [--libexec-dir=DIR] [--keep] [NAME...]
"""
import argparse
import concurrent.futures
import inspect
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import cases  # noqa: E402
import wire  # noqa: E402

HERE = pathlib.Path(__file__).parent
START_S = 30


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def children_of(pid):
    """Names and numbers of the processes whose parent is PID."""
    found = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found[int(stat.parent.name)] = (stat.parent / "cmdline").read_bytes()
    return found


class Daemon:
    """A pgtandemd of our own in a temporary directory."""

    def __init__(self, program, libexec):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="pgtandem-wire-"))
        self.dir.chmod(0o755)
        self.port = free_port()
        self.log = self.dir / "log"
        (self.dir / "empty.conf").touch()
        argv = [program, f"--config={self.dir}/empty.conf", f"--data-dir={self.dir}/data",
                f"--run-dir={self.dir}/run", f"--listen=127.0.0.1:{self.port}", "-v"]
        if libexec:
            argv.append(f"--libexec-dir={libexec}")
        self.process = subprocess.Popen(argv, stderr=self.log.open("wb"), start_new_session=True)
        self.wait_ready()
        self.started = set(children_of(self.process.pid))

    def wait_ready(self):
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if wire.Client(self.port).call("/v2/controller", operation="ping").status == "Ok":
                    return
            except OSError:
                pass
            time.sleep(0.2)
        print(self.log.read_text(errors="replace"))
        sys.exit("the controller does not start")

    def is_unhurt(self):
        """None of its processes has died."""
        return self.process.poll() is None and self.started <= set(children_of(self.process.pid))

    def kill_engine(self):
        """As a crash would end it; the supervisor starts it again."""
        for pid, cmdline in children_of(self.process.pid).items():
            if b"--role=engine" in cmdline:
                os.kill(pid, signal.SIGKILL)

    def control(self, call, args):
        return wire.control_call(f"{self.dir}/run/control.sock", call, args)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def make_users(daemon):
    for name, group in (("dba", "admins"), ("viewer", "users")):
        args = {"user": {"user_name": name, "groups": [group]}, "password": cases.PASSWORD}
        answer = daemon.control("user.create", args)
        if answer.get("status") != "ERR_OK":
            sys.exit(f"no user {name}: {answer}")


def run_one(name, function):
    begun = time.monotonic()
    try:
        function()
        why = None
    except (AssertionError, OSError, KeyError, ValueError, subprocess.SubprocessError) as e:
        why = f"{type(e).__name__}: {e}"
    print(f"{'FAIL' if why else 'ok  '} {name} ({time.monotonic() - begun:.1f} s)"
          + (f"\n     {why}" if why else ""), flush=True)
    return why is None


def run_all(rows):
    """(passed, failed).  Cases that mostly wait run beside the others."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = [pool.submit(run_one, *row) for row in rows if row[0].startswith("slow")]
        results = [run_one(*row) for row in rows if not row[0].startswith(("slow", "zz"))]
        results += [w.result() for w in waiting]
    results += [run_one(*row) for row in rows if row[0].startswith("zz")]
    return sum(results), len(results) - sum(results)


def all_cases(daemon):
    samples = json.loads((HERE / "samples.json").read_text(encoding="utf-8"))
    rows = [("sample: " + s["name"], lambda s=s: cases.check_sample(daemon, s)) for s in samples]
    for name, function in inspect.getmembers(cases, inspect.isfunction):
        if name.startswith("case_"):
            rows.append((name.removeprefix("case_").replace("_", " "),
                         lambda f=function: f(daemon)))
    return rows


def main():
    p = argparse.ArgumentParser(description="speak to a controller as the public clients do")
    p.add_argument("program")
    p.add_argument("--libexec-dir")
    p.add_argument("--keep", action="store_true", help="leave data and log of the controller")
    p.add_argument("names", nargs="*", help="only cases with one of these words in their names")
    args = p.parse_intermixed_args()
    daemon = Daemon(os.path.abspath(args.program), args.libexec_dir)
    try:
        make_users(daemon)
        passed, failed = run_all([row for row in all_cases(daemon)
                                  if not args.names or any(n in row[0] for n in args.names)])
    finally:
        daemon.stop()
        if args.keep:
            print(f"kept: {daemon.dir}")
        else:
            daemon.remove()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
