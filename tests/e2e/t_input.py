"""Bad input: a clear error, the right exit code, and nothing changed anywhere."""
import os
import subprocess

from world import LAB, check


def hosts(lab):
    for host in ("dc1-a", "dc2-a"):
        lab.add(host, "bookworm+postgresql-15", "2G")


def stable(cluster_list):
    """Measurements change by themselves: names, ids and hosts only."""
    return sorted((c["cluster_id"], c["cluster_name"], len(c["hosts"])) for c in cluster_list)


def refused(w, what, codes, words, *args, **kw):
    out = w.controller.create(*args, **kw)
    text = out.stdout + out.stderr
    check(out.returncode in codes, f"{what}: exit {out.returncode}\n{text[-1500:]}")
    for word in words:
        check(word in text, f"{what}: the text lacks {word!r}\n{text[-1500:]}")


def test_prepares_a_master_cluster(w):
    w.controller.must_create("pg_main", "dc1-a")
    w.before = [w.lab.fingerprint(h) for h in ("dc1-a", "dc2-a")]
    w.clusters = stable(w.controller.clusters())


def test_remote_clusters_that_do_not_fit(w):
    refused(w, "unknown", (2, 4), ["99"], "x", "dc2-a", "--remote-cluster-id=99")
    refused(w, "zero", (2, 6), [], "x", "dc2-a", "--remote-cluster-id=0")
    refused(w, "version", (1,), ["Cluster 1 runs PostgreSQL 15; version 13 was requested."], "x", "dc2-a",
            "--remote-cluster-id=1", version="13")
    out = w.controller.cli("cluster", "--create", "--cluster-name=x", "--cluster-type=galera", "--nodes=dc2-a",
                           "--provider-version=15", "--db-admin=a", "--db-admin-passwd=b")
    check(out.returncode in (2, 6), f"another type: exit {out.returncode}")


def test_hosts_that_cannot_be_used_are_all_in_one_report(w):
    w.lab.ssh("dc2-a", "useradd -m nosudo && mkdir -p /home/nosudo/.ssh && "
              "cp /root/.ssh/authorized_keys /home/nosudo/.ssh/ && chown -R nosudo: /home/nosudo/.ssh")
    refused(w, "several", (1,), ["10.77.2.99", "dc1-a already belongs to cluster 1", "problems found"], "x",
            "dc1-a;dc2-a;10.77.2.99", "--remote-cluster-id=1")
    refused(w, "no sudo", (1,), ["dc2-a", "sudo"], "x", "dc2-a", "--remote-cluster-id=1", user="nosudo")
    w.lab.ssh("dc2-a", "loginctl terminate-user nosudo; pkill -KILL -u nosudo; sleep 0.5; userdel -rf nosudo 2>/dev/null; "
              "! id nosudo 2>/dev/null")
    refused(w, "unknown user", (1,), ["dc2-a", "login refused"], "x", "dc2-a", "--remote-cluster-id=1", user="nobody9")
    refused(w, "same host twice", (2, 6), ["nodes[1]", "same host and port", "dc2-a"], "x", "dc2-a;dc2-a", "--remote-cluster-id=1")
    refused(w, "same host, two ports", (1,), ["dc2-a", "same machine"], "x", "dc2-a;dc2-a:5433", "--remote-cluster-id=1")
    refused(w, "same machine, two names", (1,), ["same machine"], "x", "dc2-a;" + w.lab.ip("dc2-a"),
            "--remote-cluster-id=1")


def test_key_files(w):
    key = w.controller.key
    w.controller.key = "/nonexistent/key"
    refused(w, "missing key", (1, 2), ["/nonexistent/key"], "x", "dc2-a", "--remote-cluster-id=1")
    wrong = w.folder + "/wrong_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", wrong], check=True, stdin=subprocess.DEVNULL)
    w.controller.key = wrong
    refused(w, "wrong key", (1,), ["dc2-a", "login refused"], "x", "dc2-a", "--remote-cluster-id=1")
    w.controller.key = key


def test_syntax_of_names_nodes_and_ports(w):
    for name in ("a'b", 'a"b', "a\nb", "../x", "-x", "a b", "", "x" * 64):
        if name:
            refused(w, repr(name), (2, 6), [], name, "dc2-a", "--remote-cluster-id=1")
    for nodes in ("", ";", "dc2-a:0", "dc2-a:70000", "dc2-a:x", "a b", "dc2'a", "../x"):
        refused(w, f"nodes {nodes!r}", (2, 6), [], "x", nodes, "--remote-cluster-id=1")
    refused(w, "relative datadir", (2, 6), [], "x", "dc2-a", "--remote-cluster-id=1", "--datadir=data")
    refused(w, "datadir with dots", (2, 6), [], "x", "dc2-a", "--remote-cluster-id=1", "--datadir=/var/../etc")
    refused(w, "taken name", (1, 2), ["pg_main"], "pg_main", "dc2-a", "--remote-cluster-id=1")


def test_a_data_directory_is_never_emptied(w):
    w.lab.ssh("dc2-a", "mkdir -p /srv/data && echo precious >/srv/data/file")
    refused(w, "not empty", (1,), ["'/srv/data' is not empty"], "x", "dc2-a", "--remote-cluster-id=1",
            "--datadir=/srv/data")
    check(w.lab.ssh("dc2-a", "cat /srv/data/file").strip() == "precious", "the file is gone")
    w.lab.ssh("dc2-a", "rm -r /srv/data; pg_createcluster 15 main --start >/dev/null")
    refused(w, "in use", (1,), ["in use"], "x", "dc2-a", "--remote-cluster-id=1")
    w.lab.ssh("dc2-a", "pg_dropcluster --stop 15 main")


def test_too_little_room_is_told_before_the_start(w):
    w.lab.ssh("dc2-a", "mkdir /srv/small && mount -t tmpfs -o size=64M none /srv/small")
    refused(w, "no room", (1,), ["Not enough space for data directory '/srv/small/data'", "needed"], "x", "dc2-a",
            "--remote-cluster-id=1", "--datadir=/srv/small/data")
    check(w.lab.ssh("dc2-a", "ls -A /srv/small").strip() == "", "something was made there")
    w.lab.ssh("dc2-a", "umount /srv/small && rmdir /srv/small")


def test_nothing_was_changed_by_all_of_that(w):
    after = [w.lab.fingerprint(h) for h in ("dc1-a", "dc2-a")]
    for before, now, host in zip(w.before, after, ("dc1-a", "dc2-a")):
        lines = sorted(set(before.splitlines()) ^ set(now.splitlines()))
        # accounts and clusters of this test itself came and went
        lines = [x for x in lines if not any(y in x for y in ("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow",
                 "/etc/subuid", "/etc/subgid", "/var/lib/postgresql", "/var/log", "/etc/postgresql", "/srv"))]
        check(not lines, f"{host}: " + "; ".join(lines[:10]))
    check(stable(w.controller.clusters()) == w.clusters, "clusters have changed")


def test_nesting_and_size_do_not_hurt_the_daemon(w):
    script = """
import ssl, sys, urllib.request
ctx = ssl._create_unverified_context()
for body in (b'[' * 200000, b'{"a":' * 40000 + b'1' + b'}' * 40000, b'x' * 2000000, b'\\x00\\xff{}', b''):
    try:
        urllib.request.urlopen(urllib.request.Request('https://127.0.0.1:9501/v2/jobs', data=body), context=ctx, timeout=20).read()
    except urllib.error.HTTPError as e:
        sys.stdout.write(str(e.code) + ' ')
    except OSError as e:
        sys.stdout.write(type(e).__name__ + ' ')
"""
    p = subprocess.run([LAB, "exec", "/usr/bin/python3", "-c", script], env=w.lab.env, capture_output=True, text=True,
                       timeout=120)
    check(p.returncode == 0, p.stderr[-500:])
    check(w.controller.cli("controller", "--ping").returncode == 0, "the controller is gone")
    check("Segmentation" not in w.controller.log_text(), w.controller.log_text()[-500:])


def test_passwords_with_odd_characters_work(w):
    for i, password in enumerate(("a b'c\"d", "back\\slash$HOME`id`", "ümläut€😀", "%s%n#;|&")):
        name = f"pg_pw{i}"
        w.controller.must_create(name, "dc2-a", password=password)
        env = dict(w.lab.env, PGPASSWORD=password)
        p = subprocess.run([LAB, "exec", "psql", "-h", w.lab.ip("dc2-a"), "-U", "dba", "-d", "postgres", "-Atc", "select 1"],
                           env=env, capture_output=True, text=True, timeout=30)
        check(p.stdout.strip() == "1", f"login with {password!r}: {p.stderr}")
        w.controller.drop(w.controller.cluster_id(name))


def test_an_ordinary_user_of_the_machine_is_not_an_administrator(w):
    sock = w.controller.run_dir + "/control.sock"
    check(oct(os.stat(sock).st_mode & 0o777) == "0o600", "the control socket is open to others")
