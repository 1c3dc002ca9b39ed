#!/usr/bin/env python3
"""The monitor against real servers: streaming, pause, black hole, silence, crash, promotion.

    run.py path/to/watcher

A primary and a standby are cluster 1, another standby of the primary is cluster 2."""

import json
import os
import secrets
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from servers import Lab, free_port

PORTS = {name: free_port() for name in "abc"}


class Watcher:
    """The program under test and the last rows that it has stored."""

    def __init__(self, program, clusters):
        self.dir = tempfile.mkdtemp(prefix="pgtandem-watcher-")
        os.chmod(self.dir, 0o700)
        self.file = os.path.join(self.dir, "clusters.json")
        self.write(clusters)
        self.log = open(os.path.join(self.dir, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([program, self.dir, self.file], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.rows, self.buffer = {}, b""

    def write(self, clusters):
        with open(self.file, "w", encoding="utf-8") as f:
            json.dump(clusters, f)

    def rewrite(self, clusters):
        self.write(clusters)
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def read(self, timeout):
        if not self.selector.select(timeout):
            return
        data = os.read(self.process.stdout.fileno(), 1 << 20)
        if not data:
            raise EOFError("the watcher has ended: " + self.read_log()[-2000:])
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        if lines:
            self.rows = {row["node_id"]: row for row in json.loads(lines[-1])}

    def wait(self, what, holds, seconds=20):
        """Read until HOLDS(rows); the seconds it took."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            self.read(0.2)
            try:
                if holds(self.rows):
                    return time.monotonic() - begin
            except KeyError:
                pass
        raise AssertionError("%s: not within %d s: %s" % (what, seconds, json.dumps(self.rows, indent=1)))

    def stays(self, what, holds, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.2)
            assert holds(self.rows), "%s: %s" % (what, json.dumps(self.rows, indent=1))

    def read_log(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8") as f:
            return f.read()

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except BrokenPipeError:
            pass
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.selector.close()
            self.process.stdout.close()
            self.log.close()
            shutil.rmtree(self.dir, ignore_errors=True)


def clusters_of(passwords):
    mon = {"user": "mon", "password": passwords["mon"]}

    def node(name, role, **more):
        return {**{"hostname": "127.0.0.1", "ip": "127.0.0.1", "port": PORTS[name], "role": role}, **more}

    up = {"upstream_host": "127.0.0.1", "upstream_port": PORTS["a"]}
    return [
        {"cluster_id": 0, "cluster_name": "pc", "cluster_type": "postgresql_single", "mon": mon,
         "nodes": [node("a", "master"),
                   node("b", "slave", application_name="tandem_b", slot_name="b", **up)]},
        {"cluster_id": 0, "cluster_name": "rc", "cluster_type": "postgresql_single", "mon": mon,
         "remote_cluster_id": 1, "remote_host": "127.0.0.1", "remote_port": PORTS["a"],
         # known by its name only, as nobody listens on the IPv6 address that it may have too
         "nodes": [node("c", "slave", application_name="tandem_c", slot_name="c", **up,
                        hostname="localhost", ip="")]},
    ]


class World:
    def __init__(self, program):
        self.passwords = {"mon": "m' \\on " + secrets.token_hex(8), "rep": secrets.token_hex(8)}
        self.lab, self.w = Lab(), None
        try:
            self.make(program)
        except BaseException:
            self.close()
            raise

    def make(self, program):
        self.a, self.b, self.c = (self.lab.server(n, p) for n, p in PORTS.items())
        quoted = self.passwords["mon"].replace("\\", "\\\\").replace("'", "''")
        self.a.init(["CREATE ROLE mon LOGIN PASSWORD E'%s'" % quoted, "GRANT pg_monitor TO mon",
                     "CREATE ROLE rep LOGIN REPLICATION PASSWORD '%s'" % self.passwords["rep"],
                     "CREATE TABLE t (x text)"])
        self.b.clone(self.a, "tandem_b", self.passwords["rep"])
        self.c.clone(self.a, "tandem_c", self.passwords["rep"])
        self.clusters = clusters_of(self.passwords)
        self.w = Watcher(program, self.clusters)

    def write_rows(self, count=20000):
        self.a.sql("INSERT INTO t SELECT 'row ' || i FROM generate_series(1, %d) i" % count)

    def recover(self):
        """After a failed test, so that the next one starts from a good state."""
        for server in (self.a, self.b, self.c):
            if "no server running" in server.run("pg_ctl", "-D", server.data, "status", check=False).stdout:
                server.start()
        self.w.wait("recovered", is_calm, 30)

    def close(self):
        try:
            if self.w is not None:
                self.w.close()
        finally:
            self.lab.close()


def is_calm(rows):
    return (all(rows[i]["hoststatus"] == "CmonHostOnline" for i in (1, 2, 3)) and
            rows[1]["link_state"] == "none" and
            all(rows[i]["link_state"] == "online" and rows[i]["lag_bytes"] == 0 and
                rows[i]["lag_seconds"] == 0 for i in (2, 3)))


def sees_a_healthy_lineage(t):
    t.w.wait("calm", is_calm)
    rows = t.w.rows
    assert rows[1]["role"] == "master" and not rows[1]["readonly"], rows[1]
    assert rows[2]["role"] == "slave" and rows[2]["readonly"], rows[2]
    assert rows[2]["sender_port"] == PORTS["a"], rows[2]
    assert rows[1]["message"] == "Up and running.", rows[1]
    assert {s["name"] for s in rows[1]["slots"]} == {"b", "c"}, rows[1]
    assert all(s["active"] and s["wal_status"] == "reserved" for s in rows[1]["slots"]), rows[1]
    assert rows[1]["system_identifier"] == rows[3]["system_identifier"] != "", rows
    t.w.wait("stream known to be without TLS", lambda r: r[2]["tls_known"] and not r[2]["tls"])


def has_no_lag_when_idle(t):
    t.w.stays("no lag while idle", is_calm, 5)


def sees_replay_paused_and_resumed(t):
    t.b.sql("SELECT pg_wal_replay_pause()")
    t.w.wait("paused", lambda r: r[2]["link_state"] == "paused" and r[2]["replay_paused"], 5)
    t.write_rows()
    t.w.wait("lag in bytes", lambda r: r[2]["lag_bytes"] > 1000000, 5)
    t.w.wait("lag in seconds", lambda r: r[2]["lag_seconds"] > 4, 10)
    assert t.w.rows[2]["link_state"] == "paused", t.w.rows[2]
    assert t.w.rows[2]["message"] == "Replay is paused; WAL still arrives.", t.w.rows[2]
    assert t.w.rows[3]["link_state"] == "online" and t.w.rows[3]["lag_bytes"] == 0, t.w.rows[3]
    t.b.sql("SELECT pg_wal_replay_resume()")
    t.w.wait("resumed", is_calm, 10)


def sees_a_black_hole_behind_status_streaming(t):
    pid = int(t.a.sql("SELECT pid FROM pg_stat_replication WHERE application_name = 'tandem_b'"))
    os.kill(pid, signal.SIGSTOP)
    try:
        t.write_rows()
        t.w.wait("stalled", lambda r: r[2]["link_state"] == "stalled", 20)
        row = t.w.rows[2]
        assert row["receiver_status"] == "streaming", row
        assert row["lag_bytes"] > 1000000 and row["lag_seconds"] > 4, row
        assert row["received_lsn"] == row["replay_lsn"], row
        assert t.w.rows[3]["link_state"] == "online", t.w.rows[3]
    finally:
        os.kill(pid, signal.SIGCONT)
    t.w.wait("link is back", is_calm, 20)


def reports_a_clean_shutdown(t):
    t.b.stop()
    t.w.wait("shut down", lambda r: r[2]["hoststatus"] == "CmonHostShutDown" and
             r[2]["message"] == "The server was shut down." and r[2]["link_state"] == "down", 5)
    t.b.start()
    t.w.wait("started again", is_calm, 15)


def sees_a_crash_at_once(t):
    begin = time.monotonic()
    t.b.crash()
    t.w.wait("crash", lambda r: r[2]["hoststatus"] == "CmonHostOffLine", 5)
    seconds = time.monotonic() - begin
    assert t.w.rows[2]["message"] == "Connection refused.", t.w.rows[2]
    assert t.w.rows[1]["hoststatus"] == "CmonHostOnline", t.w.rows[1]
    t.b.start()
    t.w.wait("started again", is_calm, 15)
    return "seen after %.2f s" % seconds


def keeps_a_node_whose_one_backend_hangs(t):
    pid = int(t.b.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'mon'"))
    os.kill(pid, signal.SIGSTOP)
    try:
        t.w.stays("online", lambda r: r[2]["hoststatus"] == "CmonHostOnline", 6)
        assert str(pid) not in t.b.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'mon' "
                                       "AND state_change > now() - interval '2 s'").split()
    finally:
        os.kill(pid, signal.SIGCONT)
    t.w.wait("calm", is_calm)


def sees_a_silent_host(t):
    t.b.freeze()
    try:
        seconds = t.w.wait("silent", lambda r: r[2]["hoststatus"] == "CmonHostOffLine", 12)
        assert "within 3.0 s" in t.w.rows[2]["message"], t.w.rows[2]
        assert t.w.rows[1]["hoststatus"] == t.w.rows[3]["hoststatus"] == "CmonHostOnline", t.w.rows
    finally:
        t.b.freeze(False)
    t.w.wait("speaks again", is_calm, 25)
    return "seen after %.2f s" % seconds


def sees_the_loss_of_the_primary(t):
    t.a.crash()
    t.w.wait("primary lost", lambda r: r[1]["hoststatus"] == "CmonHostOffLine" and
             r[2]["link_state"] == "down" and r[3]["link_state"] == "down", 10)
    assert t.w.rows[2]["message"] == "The upstream is not reachable.", t.w.rows[2]
    assert t.w.rows[2]["hoststatus"] == "CmonHostOnline", t.w.rows[2]
    t.a.start()
    t.w.wait("primary is back", is_calm, 25)


def says_that_the_password_is_wrong(t):
    wrong = json.loads(json.dumps(t.clusters))
    for i, cluster in enumerate(wrong):
        cluster["cluster_id"] = i + 1
    good = json.loads(json.dumps(wrong))
    wrong[1]["mon"]["password"] = "wrong"
    t.w.rewrite(wrong)
    t.w.wait("refused", lambda r: r[3]["hoststatus"] == "CmonHostFailed", 8)
    assert "cannot log in" in t.w.rows[3]["message"], t.w.rows[3]
    t.w.rewrite(good)
    t.w.wait("let in", is_calm, 8)


def reports_two_writable_nodes_once(t):
    t.c.sql("SELECT pg_promote()")
    t.w.wait("promoted", lambda r: r[3]["role"] == "master" and r[3]["link_state"] == "broken", 15)
    t.w.wait("later", lambda r, end=time.monotonic() + 4: time.monotonic() > end, 8)
    log = t.w.read_log()
    assert log.count("have 2 writable nodes") == 1, log
    assert t.w.rows[3]["timeline"] == 2 and t.w.rows[1]["timeline"] == 1, t.w.rows


def ends_without_complaint(t):
    """The sanitizers, when they are in, complain here."""
    t.w.process.stdin.close()
    assert t.w.process.wait(20) == 0, t.w.read_log()[-4000:]


def keeps_secrets_out_of_its_log(t):
    log = t.w.read_log()
    assert log != ""
    for password in t.passwords.values():
        assert password not in log


TESTS = [sees_a_healthy_lineage, has_no_lag_when_idle, sees_replay_paused_and_resumed,
         sees_a_black_hole_behind_status_streaming, reports_a_clean_shutdown, sees_a_crash_at_once,
         keeps_a_node_whose_one_backend_hangs, sees_a_silent_host, sees_the_loss_of_the_primary,
         says_that_the_password_is_wrong, reports_two_writable_nodes_once,
         keeps_secrets_out_of_its_log, ends_without_complaint]


def main():
    passed = failed = 0
    world = World(os.path.abspath(sys.argv[1]))
    try:
        for test in TESTS:
            try:
                note = test(world)
                print("ok      %s%s" % (test.__name__, " (%s)" % note if note else ""), flush=True)
                passed += 1
            except (AssertionError, EOFError, subprocess.CalledProcessError, OSError) as e:
                print("FAILED  %s: %s" % (test.__name__, e), flush=True)
                failed += 1
                world.recover()
    finally:
        world.close()
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
