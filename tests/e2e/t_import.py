"""Clusters that were made by hand with Debian's tools are imported as they are, and become masters of slave clusters."""
import json

from world import ADMIN_PASSWORD, check, until

HBA = "/etc/postgresql/15/main/pg_hba.conf"
OWN_LINES = """# our own rules, by hand
host   all          app    10.0.0.0/8      scram-sha-256   # the application
host   replication  hand   10.77.0.0/16    scram-sha-256
hostssl all         all    ::/0            reject
"""
CONFIG = "cd /etc/postgresql/15/main && find . -type f ! -name pg_ident.conf | sort | xargs sha256sum; "
STATE = ("select 'role', rolname from pg_roles where rolname !~ '^pg_' union all select 'slot', slot_name from "
         "pg_replication_slots union all select 'set', name || '=' || setting from pg_settings where name in "
         "('ssl', 'max_slot_wal_keep_size', 'wal_keep_size', 'listen_addresses', 'hba_file') order by 1, 2")


def hosts(lab):
    lab.run("up", "4", "--image", "bookworm+postgresql-15", "--disk", "2G")


def master_by_hand(w, host):
    w.lab.ssh(host, "pg_createcluster 15 main >/dev/null")
    w.lab.run("ssh", host, f"cat >>{HBA} <<'E'\n{OWN_LINES}E")
    w.lab.ssh(host, "cd /etc/postgresql/15/main && sed -i 's/^ssl = on/ssl = off/' postgresql.conf && "
              "printf \"listen_addresses = '*'\\n\" >conf.d/by-hand.conf && systemctl start postgresql@15-main")
    quoted = ADMIN_PASSWORD.replace("'", "''")
    w.lab.sql(host, f"create role dba superuser login password '{quoted}'")
    w.lab.sql(host, "create role hand replication login password 'hand-pw'")
    w.lab.sql(host, "create table t(i int); insert into t values (1)")


def standby_by_hand(w, host, master, slot):
    w.lab.ssh(host, "pg_createcluster 15 main >/dev/null && rm -rf /var/lib/postgresql/15/main && cd / && "
              f"sudo -u postgres pg_basebackup -d 'host={master} user=hand password=hand-pw application_name={slot}' "
              f"-D /var/lib/postgresql/15/main -c fast -X stream -R -C -S {slot} && "
              "printf \"listen_addresses = '*'\\n\" >/etc/postgresql/15/main/conf.d/by-hand.conf && "
              "systemctl start postgresql@15-main")
    until(f"{host} streams", 20, lambda: w.lab.sql(host, "select status from pg_stat_wal_receiver", check_it=False)
          == "streaming")


def register(w, name, nodes, *more):
    return w.controller.cli("cluster", "--register", "--cluster-name=" + name, "--cluster-type=postgresql", "--nodes=" + nodes,
                            "--os-user=root", "--os-key-file=" + w.controller.key, "--db-admin=dba",
                            "--db-admin-passwd=" + ADMIN_PASSWORD, "--log", *more)


def without_block(text):
    """pg_hba.conf without what stands between our marks."""
    kept, ours = [], False
    for line in text.splitlines(keepends=True):
        if line.startswith("# BEGIN pgTandem"):
            ours = True
        if not ours:
            kept.append(line)
        if line.startswith("# END pgTandem"):
            ours = False
    return "".join(kept)


def hba(w, host):
    return w.lab.ssh(host, "cat " + HBA)


def node_of(w, host):
    for c in w.controller.clusters():
        for h in c["hosts"]:
            if h.get("hostname") == host and h.get("nodetype", "").startswith("postgres"):
                return c, h
    check(False, f"no node {host}")


def config_of(w, host):
    return w.lab.ssh(host, CONFIG + "cat " + HBA) + w.lab.sql(host, STATE)


def test_prepares_clusters_by_hand(w):
    master_by_hand(w, "dc1-a")
    standby_by_hand(w, "dc1-b", "dc1-a", "by_hand")
    w.hba = {h: hba(w, h) for h in ("dc1-a", "dc1-b")}


def test_what_does_not_fit_together_is_refused(w):
    before = [w.lab.fingerprint(h) for h in ("dc1-a", "dc1-b")]
    out = register(w, "hand", "dc1-b")
    check(out.returncode == 1 and "None of the nodes accepts writes" in out.stdout, out.stdout[-800:] + out.stderr)
    w.lab.ssh("dc2-b", "pg_createcluster 15 main --start >/dev/null")
    out = register(w, "hand", "dc1-a;dc2-b")
    check(out.returncode == 1 and "not of the same cluster" in out.stdout and "dc2-b" in out.stdout, out.stdout[-800:])
    w.lab.ssh("dc2-b", "pg_dropcluster --stop 15 main")
    out = register(w, "hand", "dc1-a;dc2-a")
    check(out.returncode == 1 and "PostgreSQL on port 5432" in out.stdout and "dc2-a" in out.stdout, out.stdout[-800:])
    check(before == [w.lab.fingerprint(h) for h in ("dc1-a", "dc1-b")], "a refused import has changed a host")
    check(w.controller.clusters() == [], "a refused import left a cluster")


def test_an_import_recognises_roles_upstream_and_slot(w):
    out = register(w, "hand", "dc1-a;dc1-b")
    check(out.returncode == 0, out.stdout[-1500:] + out.stderr[-300:])
    nodes = w.controller.cli("node", "--list", "--long").stdout
    lines = {h: next(line for line in nodes.splitlines() if h in line) for h in ("dc1-a", "dc1-b")}
    check("M" in lines["dc1-a"].split()[0] and "S" in lines["dc1-b"].split()[0], nodes)
    _, standby = node_of(w, "dc1-b")
    text = json.dumps(standby)
    check("dc1-a" in text, "the upstream of dc1-b is not known: " + text)
    check('"by_hand"' in text, "the slot of dc1-b is not known: " + text)
    links = until("the link", 20, lambda: (lambda o: o if "Online" in o else "")(
        w.controller.cli("replication", "--list").stdout))
    line = next(x for x in links.splitlines() if "Online" in x)
    check("dc1-a" in line and "dc1-b" in line and "Total: 1 replication link(s)" in links, links)


def test_an_import_leaves_the_rules_and_settings_of_others_alone(w):
    for host in ("dc1-a", "dc1-b"):
        now = hba(w, host)
        check(without_block(now) == w.hba[host], f"{host}: bytes outside the managed block have changed:\n{now}")
    check(w.lab.sql("dc1-a", "show ssl") == "off", "an import has switched TLS on")
    check(w.lab.sql("dc1-a", "show max_slot_wal_keep_size") == "-1", "an import has capped the slots")
    check(w.lab.sql("dc1-a", "select string_agg(slot_name, ',') from pg_replication_slots") == "by_hand", "slots")


def test_a_failed_create_leaves_the_imported_master_as_it_was(w):
    tool = "/usr/lib/postgresql/15/bin/pg_basebackup"
    w.lab.ssh("dc2-a", f"mv {tool} {tool}.true; printf '#!/bin/sh\\necho no copy today >&2\\nexit 1\\n' >{tool}; chmod 755 {tool}")
    before = {h: config_of(w, h) for h in ("dc1-a", "dc1-b")}
    new = w.lab.fingerprint("dc2-a")
    out = w.controller.create("hand_dr", "dc2-a", "--remote-cluster-id=1")
    check(out.returncode == 1 and "Creating replication slot" in out.stdout, out.stdout[-1500:])
    for host, was in before.items():
        now = config_of(w, host)
        lines = sorted(set(was.splitlines()) ^ set(now.splitlines()))
        check(was == now, f"{host} is not as before: {lines[:12]}")
    lines = sorted(set(new.splitlines()) ^ set(w.lab.fingerprint("dc2-a").splitlines()))
    check(not lines, "the new host is not as before: " + "; ".join(lines[:8]))
    check(len(w.controller.clusters()) == 1, "the cluster is still listed")
    w.lab.ssh("dc2-a", f"mv {tool}.true {tool}")


def test_a_slave_cluster_of_an_imported_one_gets_tls_and_a_cap(w):
    w.controller.must_create("hand_dr", "dc2-a", "--remote-cluster-id=1")
    check(w.lab.sql("dc1-a", "show ssl") == "on", "the master has no TLS")
    check(w.lab.sql("dc1-a", "select setting::int > 0 from pg_settings where name = 'max_slot_wal_keep_size'") == "t",
          "what slots keep is not capped")
    new = w.lab.sql("dc1-a", "select ssl from pg_stat_ssl join pg_stat_replication r using (pid) "
                    f"where client_addr = '{w.lab.ip('dc2-a')}'")
    check(new == "t", "the link between the clusters is not encrypted")
    check("sslmode=verify-ca" in w.lab.sql("dc2-a", "show primary_conninfo"), "the master's certificate is not checked")
    check(without_block(hba(w, "dc1-a")) == w.hba["dc1-a"], "bytes outside the managed block have changed")
    until("the row", 10, lambda: w.lab.sql("dc2-a", "select i from t", check_it=False) == "1")
    check(w.lab.sql("dc1-b", "select status from pg_stat_wal_receiver") == "streaming", "dc1-b has lost its master")


def test_an_existing_standby_cluster_is_imported_as_slave_cluster(w):
    standby_by_hand(w, "dc2-b", "dc1-a", "other_site")
    before = hba(w, "dc2-b")
    out = register(w, "hand_dr2", "dc2-b")
    check(out.returncode == 0, out.stdout[-1500:] + out.stderr[-300:])
    cluster, node = node_of(w, "dc2-b")
    text = json.dumps(cluster)
    check('"remote_cluster_id": 1' in text, "not recognised as slave cluster of 1: " + text[:1500])
    check('"other_site"' in json.dumps(node), "its slot is not known: " + json.dumps(node))
    check(without_block(hba(w, "dc2-b")) == before, "bytes outside the managed block have changed")
    links = until("3 links online", 20, lambda: (lambda o: o if o.count("Online") == 3 else "")(
        w.controller.cli("replication", "--list").stdout))
    check("dc2-b" in links, links)
    out = w.controller.cli("cluster", "--drop", "--cluster-id=1", "--log")
    check(out.returncode == 1 and "master cluster of cluster" in out.stdout, out.stdout[-600:])


def test_forgetting_imported_clusters_stops_nothing(w):
    w.controller.drop(w.controller.cluster_id("hand_dr2"), "leave")
    w.controller.drop(w.controller.cluster_id("hand_dr"), "remove")
    w.controller.drop(1, "leave")
    check(w.controller.clusters() == [], "a cluster is left")
    for host in ("dc1-b", "dc2-b"):
        check(w.lab.sql(host, "select status from pg_stat_wal_receiver") == "streaming", f"{host} does not stream any more")
    check(w.lab.sql("dc1-a", "select string_agg(slot_name, ',' order by slot_name) from pg_replication_slots") ==
          "by_hand,other_site", "slots")
