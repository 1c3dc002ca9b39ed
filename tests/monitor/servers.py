"""PostgreSQL servers on loopback ports for tests: made, started, stopped, killed."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BIN_DIRS = ["/usr/lib/postgresql/%d/bin" % v for v in range(18, 12, -1)]
CONF = """
listen_addresses = '127.0.0.1'
unix_socket_directories = '{root}'
port = {port}
fsync = off
max_connections = 40
shared_buffers = 16MB
max_wal_senders = 10
max_replication_slots = 10
wal_log_hints = on
hot_standby = on
wal_retrieve_retry_interval = 500ms
wal_sender_timeout = 600s
wal_receiver_timeout = 600s
"""
HBA = """
local all all trust
host all mon 127.0.0.1/32 scram-sha-256
host replication rep 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""


def bin_dir():
    for path in BIN_DIRS:
        if os.path.exists(path + "/initdb"):
            return path
    print("no PostgreSQL server is installed")
    raise SystemExit(77)


def server_user():
    """A server does not run as root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def free_port():
    """Below the ports that the kernel hands out, where nobody takes it before we do."""
    while True:
        port = random.randrange(20000, 32768)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Server:
    def __init__(self, root, name, port):
        self.root, self.name, self.port = root, name, port
        self.data = os.path.join(root, name)
        self.bin = bin_dir()
        self.user = server_user()

    def run(self, *argv, check=True, env=None):
        """A program of PostgreSQL, as the server's user."""
        drop = {}
        if os.getuid() == 0:
            drop = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return subprocess.run([os.path.join(self.bin, argv[0]), *argv[1:]], check=check,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd=self.root,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C", **(env or {})}, **drop)

    def init(self, roles_sql):
        self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-k", "-N",
                 "--no-locale", "-E", "UTF8")
        self.configure(CONF.format(root=self.root, port=self.port))
        self.write("pg_hba.conf", HBA)
        self.start()
        for statement in roles_sql:
            self.sql(statement)

    def write(self, name, text, mode="w"):
        path = os.path.join(self.data, name)
        with open(path, mode, encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def make_tls(self):
        """A certificate that nobody checks."""
        subprocess.run(["openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=test",
                        "-keyout", self.data + "/server.key", "-out", self.data + "/server.crt"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in ("server.key", "server.crt"):
            os.chmod(os.path.join(self.data, name), 0o600)
            os.chown(os.path.join(self.data, name), self.user.pw_uid, self.user.pw_gid)

    def configure(self, text):
        self.write("postgresql.conf", text, "a")

    def clone(self, upstream, application_name, password):
        """Become a standby of UPSTREAM, with a slot of our own name."""
        upstream.sql("SELECT pg_create_physical_replication_slot('%s', true)" % self.name)
        self.run("pg_basebackup", "-D", self.data, "-h", "127.0.0.1", "-p", str(upstream.port),
                 "-U", "rep", "-c", "fast", "-X", "stream", "-N", env={"PGPASSWORD": password})
        self.write("passfile", "*:*:*:rep:%s\n" % password)
        self.configure("port = %d\nprimary_slot_name = '%s'\nprimary_conninfo = 'host=127.0.0.1 "
                       "port=%d user=rep passfile=%s/passfile application_name=%s'\n"
                       % (self.port, self.name, upstream.port, self.data, application_name))
        self.write("standby.signal", "")
        self.start()

    def start(self, seconds=30):
        """Also after a crash, when the dead server's processes may still hold its memory."""
        end = time.monotonic() + seconds
        while True:
            done = self.run("pg_ctl", "-D", self.data, "-l", self.data + ".log", "-w", "-t", "60",
                            "start", check=False)
            if done.returncode == 0:
                return
            if time.monotonic() > end:
                with open(self.data + ".log", encoding="utf-8") as f:
                    raise AssertionError(done.stdout + f.read()[-2000:])
            time.sleep(0.5)

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-w", "-t", "60", "stop")

    def pid(self):
        with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as f:
            return int(f.readline())

    def children(self):
        out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.pid())], text=True,
                             stdout=subprocess.PIPE, check=False).stdout
        return [int(p) for p in out.split()]

    def crash(self):
        """As a host that loses power: nobody says good-bye."""
        for pid in self.children() + [self.pid()]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def freeze(self, on=True):
        """The host is silent: the kernel still takes connections, nobody answers."""
        for pid in [self.pid()] + self.children():
            os.kill(pid, signal.SIGSTOP if on else signal.SIGCONT)

    def sql(self, text):
        return self.run("psql", "-XAtq", "-h", self.root, "-p", str(self.port), "-U", "postgres",
                        "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", text).stdout.strip()


class Lab:
    """A temporary directory that the servers can use, and the servers in it."""

    def __init__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that close() comes
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.root = tempfile.mkdtemp(prefix="pgtandem-test-", dir=base)
        os.chown(self.root, server_user().pw_uid, server_user().pw_gid)
        self.servers = []

    def server(self, name, port):
        self.servers.append(Server(self.root, name, port))
        return self.servers[-1]

    def close(self):
        for server in self.servers:
            try:
                server.freeze(False)
                server.run("pg_ctl", "-D", server.data, "-m", "immediate", "-w", "stop", check=False)
            except (OSError, ValueError):
                pass
        shutil.rmtree(self.root, ignore_errors=True)
