"""The installed package under systemd: the hardened unit on a host of its own manages clusters on other hosts."""
import os
import re
import subprocess
import threading

from world import ADMIN_PASSWORD, BUILD, LAB, check, until

CTL = "dc3-ctl"
PROGRAMS = ("src/daemon/pgtandemd", "src/daemon/pgtandemd-engine", "src/daemon/pgtandemd-api", "src/runner/pgtandem-job",
            "src/cli/pgtandem")
BAD_CONF = """[server]
listen = 127.0.0.1:0
session_timeout = soon
[jobs]
max_jobs = -4
colour = green
[log]
log_level = shout
"""


def hosts(lab):
    lab.add(CTL, "bookworm", "2G")
    for host in ("dc1-a", "dc2-a"):
        lab.add(host, "bookworm+postgresql-15", "2G")


def libraries():
    """Packages with the shared libraries of our programs, as this machine has them."""
    files = set()
    for program in PROGRAMS:
        out = subprocess.run(["ldd", f"{BUILD}/{program}"], capture_output=True, text=True, check=True).stdout
        files.update(os.path.basename(path) for path in re.findall(r"=> (/\S+)", out))
    out = subprocess.run(["dpkg", "-S"] + ["*/" + f for f in sorted(files)], capture_output=True, text=True, check=False).stdout
    return sorted({line.split(":")[0] for line in out.splitlines() if "-dev" not in line.split(":")[0]})


def send(w, data, command):
    p = subprocess.run([LAB, "ssh", CTL, command], env=w.lab.env, input=data, capture_output=True, timeout=120, check=False)
    check(p.returncode == 0, f"{command}: {p.stderr.decode()[-500:]}")


def ctl(w, *words, timeout=600):
    """The client on the controller's host; password and so on are quoted for its shell."""
    line = " ".join("'" + x.replace("'", "'\\''") + "'" for x in words)
    return subprocess.run([LAB, "ssh", CTL, "pgtandem " + line], env=w.lab.env, capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, check=False)


def create(w, name, nodes, *more):
    return ctl(w, "cluster", "--create", "--cluster-name=" + name, "--cluster-type=postgresql", "--provider-version=15",
               "--nodes=" + nodes, "--os-user=root", "--os-key-file=/etc/pgtandem/id_hosts", "--db-admin=dba",
               "--db-admin-passwd=" + ADMIN_PASSWORD, "--log", *more)


def test_installs_what_make_install_gives(w):
    root = w.folder + "/root"
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], env=dict(os.environ, DESTDIR=root),
                   check=True, capture_output=True)
    tar = subprocess.run(["tar", "-C", root, "--owner=0", "--group=0", "-cf", "-", "."], capture_output=True, check=True).stdout
    send(w, tar, "tar -C / --no-overwrite-dir -xf -")
    packages = libraries()
    check(len(packages) > 4, f"libraries: {packages}")
    w.lab.ssh(CTL, "timeout 300 apt-get -qq update && DEBIAN_FRONTEND=noninteractive timeout 300 apt-get -qqy install "
              "--no-install-recommends openssh-client systemd " + " ".join(packages) + " >/dev/null 2>&1", timeout=620)
    with open(w.controller.key, "rb") as f:
        send(w, f.read(), "umask 077; cat >/etc/pgtandem/id_hosts")
    out = w.lab.ssh(CTL, "ls /usr/share/man/man1/pgtandem.1* /usr/share/bash-completion/completions/pgtandem "
                    "/etc/pgtandem/pgtandemd.conf && pgtandem --version && pgtandemd --version")
    check(out.count("pgtandem") >= 3, out)


def test_check_tells_every_mistake_at_once(w):
    send(w, BAD_CONF.encode(), "cat >/tmp/bad.conf")
    p = subprocess.run([LAB, "ssh", CTL, "pgtandemd --config=/tmp/bad.conf --check; echo status $?"], env=w.lab.env,
                       capture_output=True, text=True, timeout=60, check=True)
    text = p.stdout + p.stderr
    check("status 0" not in text, text)
    for line in (2, 3, 5, 6, 8):
        check(f"bad.conf:{line}:" in text, f"the mistake in line {line} is not told:\n{text}")
    good = w.lab.ssh(CTL, "pgtandemd --check; echo status $?")
    check("status 0" in good, good)


def test_the_unit_starts_and_is_hardened(w):
    w.lab.ssh(CTL, "systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload && systemctl enable --now pgtandemd")
    check(w.lab.ssh(CTL, "systemctl is-active pgtandemd").strip() == "active", "the unit is not active")
    users = w.lab.ssh(CTL, "ps -eo user:20=,args= | grep [p]gtandemd")
    check("pgtandem " in users and "root " in users, users)
    line = w.lab.ssh(CTL, "systemd-analyze security --no-pager pgtandemd").strip().splitlines()[-1]
    print("       " + line.strip(" →"), flush=True)
    exposure = float(re.search(r"(\d+\.\d)", line).group(1))
    check(exposure < 4.0, f"the unit is exposed: {line}")
    check(w.lab.ssh(CTL, "stat -c %a /var/lib/pgtandem").strip() in ("750", "700"), "the state directory is open")


def test_the_first_user_and_a_cluster_through_the_unit(w):
    out = ctl(w, "user", "--create", "--generate-key", "--group=admins", "tester")
    check(out.returncode == 0, out.stdout + out.stderr)
    out = create(w, "pg_main", "dc1-a")
    check(out.returncode == 0 and "Cluster 1 is running." in out.stdout, out.stdout[-1500:] + out.stderr[-500:])
    check(w.lab.sql("dc1-a", "select count(*) from pg_roles where rolname = 'dba'") == "1", "no admin on the new master")


def test_a_restart_of_the_unit_in_the_middle_of_a_job(w):
    w.lab.run("shape", "dc1", "dc2", "--rate", "6mbit")
    box = {}
    t = threading.Thread(target=lambda: box.update(out=create(w, "pg_dr", "dc2-a", "--remote-cluster-id=1")))
    t.start()
    until("the copy runs", 60, lambda: "yes" in w.lab.ssh(
        "dc2-a", "test -d /var/lib/postgresql/15/main.pgtandem-new/base && echo yes || true", check_it=False))
    w.lab.ssh(CTL, "systemctl restart pgtandemd")
    out = ctl(w, "job", "--wait", "--job-id=2")
    check(out.returncode == 0, out.stdout[-500:] + out.stderr[-500:])
    t.join(120)
    log = ctl(w, "job", "--log", "--job-id=2").stdout
    check("Cluster 2 is running." in log, log[-1500:])
    out = box["out"]
    check(out.returncode == 0, "the client that followed has given up: " + out.stdout[-500:] + out.stderr[-500:])
    w.lab.run("shape", "dc1", "dc2")
    check(w.lab.sql("dc2-a", "select status from pg_stat_wal_receiver") == "streaming", "the slave does not stream")
    check(w.lab.sql("dc1-a", "select count(*) from pg_replication_slots") == "1", "slots")


def test_a_crash_of_the_engine_is_mended(w):
    pids = w.lab.ssh(CTL, "pgrep -f pgtandemd-[e]ngine").split()
    check(len(pids) == 1, f"engines: {pids}")
    w.lab.ssh(CTL, "kill -9 " + pids[0])
    until("the controller answers", 20, lambda: ctl(w, "cluster", "--ping").returncode == 0)
    check("pg_dr" in ctl(w, "cluster", "--list").stdout, "clusters are gone")
    check(w.lab.ssh(CTL, "systemctl show -p NRestarts --value pgtandemd").strip() == "0", "the whole unit was restarted")


def test_no_secret_in_the_journal(w):
    text = w.lab.ssh(CTL, "journalctl --no-pager; pgtandem job --log --job-id=1 --debug; pgtandem job --log --job-id=2 --debug")
    check("pgtandemd" in text and "job 2" in text, text[-500:])
    for secret in (ADMIN_PASSWORD, "PRIVATE KEY", "SCRAM-SHA-256$"):
        check(secret not in text, "a secret is in the journal")
    denied = [x for x in text.splitlines() if "pgtandem" in x and re.search("permitted|denied|SECCOMP|Read-only", x)]
    check(not denied, "the unit's fence was in the way: " + "; ".join(denied[:5]))
