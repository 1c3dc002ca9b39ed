#!/usr/bin/env python3
"""What watching idle clusters costs: 10 clusters of 3 nodes, over TLS.  Prints figures only.

    idle.py path/to/watcher [seconds]

Three servers play all nodes: each cluster reaches them under another loopback address."""

import os
import secrets
import sys
import time

import run
from servers import Lab

CLUSTERS = 10


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    with open("/proc/%d/statm" % pid, encoding="utf-8") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def make_servers(lab, password):
    a, b, c = (lab.server(n, p) for n, p in run.PORTS.items())
    a.init(["CREATE ROLE mon LOGIN PASSWORD '%s'" % password, "GRANT pg_monitor TO mon",
            "CREATE ROLE rep LOGIN REPLICATION PASSWORD '%s'" % password])
    a.make_tls()
    a.configure("listen_addresses = '*'\nssl = on\nmax_connections = 100\n")
    a.write("pg_hba.conf", "hostssl all mon 127.0.0.0/8 scram-sha-256\n", "a")
    a.stop()
    a.start()
    b.clone(a, "tandem_b", password)
    c.clone(a, "tandem_c", password)


def clusters(password):
    out = []
    for i in range(1, CLUSTERS + 1):
        address = "127.0.0.%d" % (10 + i)
        up = {"upstream_host": address, "upstream_port": run.PORTS["a"]}
        nodes = [{"hostname": address, "ip": address, "port": port, "role": "master"} |
                 ({} if name == "a" else {"role": "slave", "application_name": "tandem_" + name} | up)
                 for name, port in run.PORTS.items()]
        out.append({"cluster_id": 0, "cluster_name": "c%d" % i, "cluster_type": "postgresql_single",
                    "mon": {"user": "mon", "password": password}, "nodes": nodes})
    return out


def main():
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    password, lab = secrets.token_hex(8), Lab()
    try:
        make_servers(lab, password)
        w = run.Watcher(os.path.abspath(sys.argv[1]), clusters(password))
        nodes = 3 * CLUSTERS
        w.wait("calm", lambda r: len(r) == nodes and
               all(x["hoststatus"] == "CmonHostOnline" for x in r.values()), 30)
        w.stays("warm", lambda r: True, 5)
        pid = w.process.pid
        begin, cpu = time.monotonic(), cpu_seconds(pid)
        w.stays("idle", lambda r: True, seconds)
        cpu = (cpu_seconds(pid) - cpu) / (time.monotonic() - begin)
        print("%d nodes at 1 Hz: %.2f %% of a core, %.1f MB resident" % (nodes, 100 * cpu,
                                                                        resident_mb(pid)))
        w.close()
    finally:
        lab.close()


if __name__ == "__main__":
    main()
