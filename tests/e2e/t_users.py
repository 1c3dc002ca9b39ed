"""Ways in and places: sudo with and without a password, names, IPv6, ports, directories, names of clusters."""
import os
import threading

from world import check, until

SUDO_PASSWORD = "lab-password"
V6_A, V6_B = "fd77:77:1::10", "fd77:77:2::10"


def hosts(lab):
    lab.add("dc1-a", "bookworm+postgresql-15", "2G")  # the first of a site has the address 10
    lab.add("dc2-a", "bookworm+postgresql-15", "2G")


def drop_all(w):
    for c in sorted(w.controller.clusters(), key=lambda c: -c["cluster_id"]):
        w.controller.drop(c["cluster_id"])


def id_of(w, name):
    return w.controller.cluster_id(name)


class Sampler:
    """Looks at argv and environment of every process of this machine, and so of all lab hosts, until it is stopped."""

    def __init__(self, secrets, ours):
        self.secrets = [s.encode() for s in secrets]
        self.ours = ours  # command lines that a person has typed
        self.found, self.looks, self.seen = set(), 0, set()
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.body)
        self.thread.start()

    def look(self, pid):
        texts = []
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as f:
                    texts.append(f.read())
            except OSError:
                return
        line = texts[0].replace(b"\0", b" ").decode(errors="replace")
        self.seen.add(line.split(" ")[0])
        if any(o in line for o in self.ours):
            return
        for text, what in zip(texts, ("argv", "environment")):
            for secret in self.secrets:
                if secret in text:
                    self.found.add(f"{what} of {line[:80]!r}")

    def body(self):
        while not self.end.is_set():
            for pid in filter(str.isdigit, os.listdir("/proc")):
                self.look(pid)
            self.looks += 1
            self.end.wait(0.01)

    def stop(self):
        self.end.set()
        self.thread.join()
        return self.found


def test_sudo_without_a_password(w):
    drop_all(w)
    before = w.lab.ssh("dc2-a", "find /home | sort")
    w.controller.must_create("ops_main", "dc1-a", user="ops")
    out = w.controller.must_create("ops_dr", "dc2-a", "--remote-cluster-id=1", user="ops")
    check("Cluster 2 is running." in out, out[-800:])
    check(w.lab.ssh("dc2-a", "stat -c %U /var/lib/postgresql/15/main/PG_VERSION").strip() == "postgres", "another owner")
    check(w.lab.ssh("dc2-a", "find /home | sort") == before, "files of ours in /home")


def key_for_opspw(w):
    for host in ("dc1-a", "dc2-a"):
        w.lab.ssh(host, "mkdir -p /home/opspw/.ssh && cp /root/.ssh/authorized_keys /home/opspw/.ssh/ && "
                  "chown -R opspw: /home/opspw/.ssh && chmod 700 /home/opspw/.ssh")


def test_a_sudo_password_that_is_wrong_or_missing_is_refused(w):
    drop_all(w)
    key_for_opspw(w)
    before = w.lab.fingerprint("dc1-a")
    for more in (["--os-sudo-password=no such one"], []):
        out = w.controller.create("pw", "dc1-a", *more, user="opspw")
        check(out.returncode == 1 and "sudo" in out.stdout and "dc1-a" in out.stdout, out.stdout[-800:])
        check("no such one" not in out.stdout + w.controller.log_text(), "the password is shown")
    check(before == w.lab.fingerprint("dc1-a"), "a refused create has changed the host")


def test_a_sudo_password_works_and_is_seen_nowhere(w):
    drop_all(w)
    secret = w.folder + "/sudo-password"
    with open(secret, "w", encoding="utf-8") as f:
        f.write(SUDO_PASSWORD + "\n")
    admin = w.folder + "/admin-password"
    with open(admin, "w", encoding="utf-8") as f:
        f.write("Adm1n-of-the-test\n")
    args = ["--os-sudo-password-file=" + secret, "--db-admin-passwd-file=" + admin]
    sampler = Sampler([SUDO_PASSWORD, "Adm1n-of-the-test"], [])
    try:
        for name, node, more in (("pw_main", "dc1-a", []), ("pw_dr", "dc2-a", ["--remote-cluster-id"])):
            if more:
                more = [f"--remote-cluster-id={id_of(w, 'pw_main')}"]
            out = w.controller.cli("cluster", "--create", "--cluster-name=" + name, "--cluster-type=postgresql",
                                   "--provider-version=15", "--nodes=" + node, "--os-user=opspw",
                                   "--os-key-file=" + w.controller.key, "--db-admin=dba", "--log", *args, *more)
            check(out.returncode == 0, out.stdout[-1500:] + out.stderr[-300:])
    finally:
        found = sampler.stop()
    check(not found, "a secret was in the " + "; ".join(sorted(found)))
    programs = " ".join(sorted(sampler.seen))
    check(sampler.looks > 50, f"only {sampler.looks} looks")
    for program in ("ssh", "pgtandem-job", "sudo", "pg_basebackup"):
        check(program in programs, f"the sampler never saw {program}: {programs[:600]}")
    text = w.controller.log_text() + "".join(
        w.controller.cli("job", "--log", f"--job-id={n}", "--debug", "--print-json").stdout for n in range(1, 12))
    for s in (SUDO_PASSWORD, "Adm1n-of-the-test"):
        check(s not in text, "a secret is in a log")
    p = w.lab.ssh("dc2-a", f"journalctl --no-pager | grep -c -e {SUDO_PASSWORD} -e Adm1n-of || true").strip()
    check(p == "0", "a secret is in the journal of a host")


def test_a_sudo_password_on_the_command_line_leaves_argv_at_once(w):
    """It is typed for the client: the client hides it, and nothing else ever has it."""
    drop_all(w)
    sampler = Sampler([SUDO_PASSWORD], ["lab exec", "lab/lab", "nsenter", "unshare", "env PATH", "sh -c"])
    try:
        w.controller.must_create("pw_arg", "dc1-a", "--os-sudo-password=" + SUDO_PASSWORD, user="opspw")
    finally:
        found = {f for f in sampler.stop() if "src/cli/pgtandem" not in f}
    check(not found, "the password was in the " + "; ".join(sorted(found)))


def test_ipv6_addresses_as_nodes(w):
    drop_all(w)
    w.controller.must_create("six_main", f"[{V6_A}]")
    master = id_of(w, "six_main")
    w.controller.must_create("six_dr", f"[{V6_B}]", f"--remote-cluster-id={master}")
    check(w.lab.sql("dc1-a", "select client_addr from pg_stat_replication") == V6_B, "not over IPv6")
    check(w.lab.sql("dc1-a", "select bool_and(ssl) from pg_stat_ssl join pg_stat_replication using (pid)") == "t", "no TLS")
    hba = w.lab.ssh("dc1-a", "cat /etc/postgresql/15/main/pg_hba.conf")
    check(f"{V6_B}/128" in hba, "no access rule for the IPv6 address")
    w.lab.sql("dc1-a", "create table six(i int); insert into six values (6)")
    until("the row", 10, lambda: w.lab.sql("dc2-a", "select i from six", check_it=False) == "6")
    links = until("link online", 20, lambda: (lambda o: o if "Online" in o else "")(
        w.controller.cli("replication", "--list").stdout))
    check(V6_A in links and V6_B in links, links)


def test_names_that_mean_ipv6_port_5544_and_a_directory(w):
    drop_all(w)
    w.controller.must_create("place", "dc1-a6:5544", "--datadir=/srv/pg/data", "--no-install")
    master = id_of(w, "place")
    check(w.lab.ssh("dc1-a", "cat /srv/pg/data/PG_VERSION").strip() == "15", "the data are elsewhere")
    out = w.controller.must_create("place_dr", "dc2-a6:5544", f"--remote-cluster-id={master}", "--datadir=/srv/pg/data",
                                   "--no-install")
    check("pg_basebackup" in out and "dc1-a6:5544" in out, out[-1500:])
    sql = "cd /; sudo -u postgres psql -XAtq -p 5544 -c \"{}\""
    check(w.lab.ssh("dc2-a", sql.format("select pg_is_in_recovery(), current_setting('data_directory')")).strip() ==
          "t|/srv/pg/data", "not the standby that was asked for")
    check(w.lab.ssh("dc1-a", sql.format("select client_addr from pg_stat_replication")).strip() == V6_B, "not over IPv6")
    check(w.lab.ssh("dc2-a", "stat -c '%U %a' /srv/pg/data").strip() in ("postgres 700", "postgres 750"), "mode or owner")
    w.lab.run("stop", "dc2-a")
    w.lab.run("boot", "dc2-a")
    until("the standby after a reboot", 60, lambda: w.lab.ssh("dc2-a", sql.format(
        "select status from pg_stat_wal_receiver"), check_it=False).strip() == "streaming")
    w.controller.drop(id_of(w, "place_dr"))
    check(w.lab.ssh("dc2-a", "ls -d /srv/pg/data 2>/dev/null || echo gone").strip() == "gone", "data are left")


def test_no_install_where_nothing_is_installed(w):
    w.lab.add("dc2-b", "bookworm", "2G")
    before = w.lab.fingerprint("dc2-b")
    out = w.controller.create("bare", "dc2-b", "--no-install")
    check(out.returncode == 1 and "PostgreSQL 15 is not installed" in out.stdout and "dc2-b" in out.stdout, out.stdout[-800:])
    check(before == w.lab.fingerprint("dc2-b"), "the host has changed")


def test_another_port_of_sshd(w):
    w.lab.ssh("dc2-b", "echo 'Port 2222' >/etc/ssh/sshd_config.d/port.conf; echo 'Port 22' >>/etc/ssh/sshd_config.d/port.conf; "
              "systemctl restart ssh")
    out = w.controller.cli("cluster", "--check-hosts", "--nodes=dc2-b", "--os-user=root", "--os-key-file=" + w.controller.key,
                           "--os-port=2222")
    check(out.returncode == 0, out.stdout + out.stderr)
    out = w.controller.create("sshport", "dc2-b", "--os-port=2223", "--dry-run")
    check(out.returncode == 1 and "dc2-b" in out.stdout and "refused" in out.stdout, out.stdout[-800:])
    w.lab.ssh("dc2-b", "sed -i '/Port 22$/d' /etc/ssh/sshd_config.d/port.conf; systemctl restart ssh")
    w.controller.must_create("sshport", "dc2-b", "--os-port=2222", "--dry-run")
    w.lab.rm("dc2-b")


def test_awkward_names_of_clusters(w):
    drop_all(w)
    for name in ("Émile", "a.b", "UPPER-lower_09", "2nd", "main", "postgres", "x" * 63):
        out = w.controller.create(name, "dc1-a", "--dry-run")
        text = out.stdout + out.stderr
        check(out.returncode in (0, 2, 6), f"{name!r}: exit {out.returncode}: {text[-500:]}")
        if name.isascii():
            check(out.returncode == 0, f"{name!r}: {text[-500:]}")
    name = "UPPER-lower_09.b"
    w.controller.must_create(name, "dc1-a")
    check(w.lab.sql("dc1-a", "show cluster_name") == name, "cluster_name is another")
    listed = w.controller.cli("cluster", "--list", "--cluster-name=" + name, "--long").stdout
    check(name in listed, listed)


def test_two_clusters_of_one_host_are_named(w):
    drop_all(w)
    w.controller.must_create("one", "dc1-a")
    before = w.lab.fingerprint("dc1-a")
    out = w.controller.create("two", "dc1-a:5433")
    check(out.returncode == 1 and f"dc1-a already belongs to cluster {id_of(w, 'one')}" in out.stdout, out.stdout[-800:])
    out = w.controller.create("two", f"{w.lab.ip('dc1-a')}:5433")
    check(out.returncode == 1 and f"already belongs to cluster {id_of(w, 'one')}" in out.stdout, out.stdout[-800:])
    out = w.controller.create("two", "dc1-a6:5433")
    check(out.returncode == 1 and f"already belongs to cluster {id_of(w, 'one')}" in out.stdout, out.stdout[-800:])
    check(before == w.lab.fingerprint("dc1-a"), "the host has changed")
