"""The article's story on bare hosts: software from the distribution, a slave cluster in another place."""
from world import check, until

LOG_LINES = [  # product.md LOGC-1 to LOGC-16, in this order
    "Verifying job parameters.", "Checking ssh/sudo.", "Checking if host already exists in another cluster.",
    "Checking job arguments.", "Found top level master node: dc1-a:5432", "Verifying nodes.",
    "Checking nodes that those aren't in another cluster.", "Checking SSH connectivity and sudo.",
    "Checking ssh/sudo.", "Checking OS system tools.", "Installing software.", "Detected debian (bookworm 12).",
    "Data directory was not specified. Using directory '/var/lib/postgresql/15/main'.",
    "Configuring host and installing packages if neccessary.", "Streaming a backup",
    "Cluster 2 is running.", "Generated & set RPC authentication token.",
]


def hosts(lab):
    lab.run("up", "4", "--image", "bookworm", "--disk", "4G")


def in_order(text, lines):
    at = 0
    for line in lines:
        found = text.find(line, at)
        check(found >= 0, f"log lacks {line!r} after position {at}\n{text[-3000:]}")
        at = found + len(line)


def test_deploys_a_master_cluster(w):
    out = w.controller.must_create("pg_main", "dc1-a?master;dc1-b?slave")
    check("Cluster 1 is running." in out, out)
    check(w.lab.sql("dc1-a", "show data_checksums") == "on", "no data checksums")
    check(w.lab.sql("dc1-a", "show wal_log_hints") == "on", "no wal_log_hints")
    check(w.lab.sql("dc1-a", "select rolpassword like 'SCRAM%' from pg_authid where rolname = 'dba'") == "t", "no SCRAM")
    check(w.lab.sql("dc1-b", "select status from pg_stat_wal_receiver") == "streaming", "slave does not stream")


def test_refuses_a_wrong_admin_before_anything_is_installed(w):
    before = [w.lab.fingerprint(h) for h in ("dc2-a", "dc2-b", "dc1-a")]
    out = w.controller.create("pg_dr", "dc2-a;dc2-b", "--remote-cluster-id=1", password="wrong")
    check(out.returncode == 1, f"exit {out.returncode}: {out.stdout}{out.stderr}")
    check("cannot log in to the master dc1-a:5432 of cluster 1" in out.stdout, out.stdout)
    check("Installing" not in out.stdout, out.stdout)
    after = [w.lab.fingerprint(h) for h in ("dc2-a", "dc2-b", "dc1-a")]
    check(before == after, "a refused job changed a host")
    check(len(w.controller.clusters()) == 1, "a refused job left a cluster")


def test_dry_run_prints_the_plan_and_stops(w):
    before = w.lab.fingerprint("dc2-a")
    out = w.controller.must_create("pg_dr", "dc2-a;dc2-b", "--remote-cluster-id=1", "--dry-run")
    check("basebackup" in out and "nothing has been changed" in out, out)
    check(before == w.lab.fingerprint("dc2-a"), "a dry run changed a host")


def test_creates_the_slave_cluster(w):
    out = w.controller.must_create("pg_dr", "dc2-a;dc2-b", "--remote-cluster-id=1")
    in_order(out, LOG_LINES)
    w.lab.sql("dc1-a", "create table t(i int); insert into t values (42)")
    for host in ("dc2-a", "dc2-b"):
        until(f"row on {host}", 10, lambda h=host: w.lab.sql(h, "select i from t", check_it=False) == "42")


def test_only_the_bridge_crosses_and_the_link_is_encrypted(w):
    senders = w.lab.sql("dc1-a", "select client_addr from pg_stat_replication order by 1").split()
    check(senders == [w.lab.ip("dc1-b"), w.lab.ip("dc2-a")], f"senders: {senders}")
    check(w.lab.sql("dc1-a", "select bool_and(ssl) from pg_stat_ssl join pg_stat_replication using (pid)") == "t", "no TLS")
    names = w.lab.sql("dc1-a", "select count(distinct application_name) from pg_stat_replication")
    check(names == "2", "application_name is not unique")
    conninfo = w.lab.sql("dc2-a", "show primary_conninfo")
    check("password=" not in conninfo and "dba" not in conninfo, conninfo)
    mode = w.lab.ssh("dc2-a", "find / -xdev -name 'pgtandem*pass*' -printf '%m %u\\n' 2>/dev/null").splitlines()
    check(mode and set(mode) == {"600 postgres"}, f"password file modes: {mode}")


def test_lists_show_clusters_nodes_and_links(w):
    out = w.controller.cli("cluster", "--list", "--long").stdout
    check("pg_main" in out and "pg_dr" in out and out.count("STARTED") == 2, out)
    links = until("links online", 20, lambda: (lambda o: o if o.count("Online") == 3 else "")(
        w.controller.cli("replication", "--list").stdout))
    check("Total: 3 replication link(s)" in links, links)
    nodes = w.controller.cli("node", "--list", "--long").stdout
    check("poM" in nodes and nodes.count("poS") == 3 and "15." in nodes, nodes)


def test_jobs_can_be_looked_at_afterwards(w):
    jobs = w.controller.cli("job", "--list").stdout
    check("FINISHED" in jobs and "FAILED" in jobs, jobs)
    log = w.controller.cli("job", "--log", "--job-id=1")
    check(log.returncode == 0 and "Cluster 1 is running." in log.stdout, log.stdout[-500:])


def test_no_secret_is_anywhere_in_sight(w):
    out = w.controller.cli("job", "--list", "--print-json").stdout + w.controller.log_text()
    for n in (1, 2, 3, 4):
        out += w.controller.cli("job", "--log", f"--job-id={n}", "--debug", "--print-json").stdout
    check("it's $x" not in out and "xxxxxxxxx" in out, "the admin's password is shown")
    for host in ("dc1-a", "dc2-a"):
        journal = w.lab.ssh(host, "journalctl --no-pager 2>/dev/null; cat /var/log/postgresql/* 2>/dev/null", check_it=False)
        check("it's $x" not in journal and "SCRAM-SHA-256$" not in journal, f"{host}: a secret is in a log")


def test_the_master_of_a_slave_cluster_is_not_dropped(w):
    out = w.controller.cli("cluster", "--drop", "--cluster-id=1", "--server-action=remove", "--log")
    check(out.returncode == 1 and "master cluster of cluster 2" in out.stdout, out.stdout)


def test_drop_leaves_nothing_on_the_master(w):
    w.controller.drop(2)
    check(w.lab.sql("dc1-a", "select count(*) from pg_replication_slots") == "1", "slot is left")
    hba = w.lab.ssh("dc1-a", "cat /etc/postgresql/15/main/pg_hba.conf")
    check(w.lab.ip("dc2-a") not in hba, "access rule is left")
    check(w.lab.ssh("dc2-a", "ls -A /var/lib/postgresql/15/main 2>/dev/null || echo gone").strip() == "gone", "data is left")
    w.controller.must_create("pg_dr2", "dc2-a", "--remote-cluster-id=1")
    check(w.lab.sql("dc2-a", "select i from t") == "42", "no data after a second create")
