"""Host systems other than Debian 12, and what a new host must have so that the master's data work there."""
from world import check, until

DE = "de_DE.UTF-8"
LOCALES = ("timeout 300 apt-get -qq update && DEBIAN_FRONTEND=noninteractive timeout 300 apt-get -qqy install locales "
           f">/dev/null 2>&1 && localedef -i de_DE -f UTF-8 {DE}")


def hosts(lab):
    lab.run("image", "bullseye+postgresql-13", "trixie+postgresql-17", "rhel9", "bookworm+postgresql-15",
            "trixie+postgresql-17+postgresql-17-timescaledb", timeout=1200)
    lab.add("dc1-a", "bullseye+postgresql-13", "2G")
    lab.add("dc2-a", "bullseye+postgresql-13", "2G")


def streams(w, host):
    return w.lab.sql(host, "select status from pg_stat_wal_receiver", check_it=False) == "streaming"


def away(w, clusters, *names):
    """Forget the clusters, slaves first, and take the hosts down: the next ones get their addresses."""
    for c in clusters:
        w.controller.drop(w.controller.cluster_id(c), "leave")
    w.lab.rm(*names)


def row_arrives(w, master, slave):
    w.lab.sql(master, "create table t(i int); insert into t values (42)")
    until(f"row on {slave}", 10, lambda: w.lab.sql(slave, "select i from t", check_it=False) == "42")


def refused_unchanged(w, words, name, hosts_looked_at, *args, **kw):
    """The create is refused with WORDS in one report, and no host has changed."""
    before = [w.lab.fingerprint(h) for h in hosts_looked_at]
    clusters = len(w.controller.clusters())
    out = w.controller.create(name, *args, **kw)
    check(out.returncode == 1, f"exit {out.returncode}: {out.stdout[-1500:]}{out.stderr[-300:]}")
    for word in words:
        check(word in out.stdout, f"{word!r} is missing:\n{out.stdout[-1500:]}")
    for host, was in zip(hosts_looked_at, before):
        lines = sorted(set(was.splitlines()) ^ set(w.lab.fingerprint(host).splitlines()))
        check(not lines, f"{host} has changed: " + "; ".join(lines[:8]))
    check(len(w.controller.clusters()) == clusters, "a refused create left a cluster")


def test_debian_11_with_postgresql_13(w):
    out = w.controller.must_create("pg13", "dc1-a", version="13") + \
        w.controller.must_create("pg13_dr", "dc2-a", "--remote-cluster-id=1", version="13")
    check("Detected debian (bullseye 11)." in out, out[-1500:])
    check(w.lab.sql("dc2-a", "select pg_is_in_recovery(), current_setting('server_version_num')::int / 10000") == "t|13",
          "no standby of version 13")
    check(streams(w, "dc2-a"), "the slave does not stream")
    check(w.lab.sql("dc1-a", "select bool_and(ssl) from pg_stat_ssl join pg_stat_replication using (pid)") == "t", "no TLS")
    row_arrives(w, "dc1-a", "dc2-a")
    w.controller.drop(2)
    check(w.lab.sql("dc1-a", "select count(*) from pg_replication_slots") == "0", "a slot is left on the master")
    away(w, ["pg13"], "dc1-a", "dc2-a")


def test_timescaledb_on_the_master_only_is_refused_before_anything_changes(w):
    w.lab.add("dc1-b", "trixie+postgresql-17+postgresql-17-timescaledb", "2G")
    w.lab.add("dc2-b", "trixie+postgresql-17", "2G")
    w.controller.must_create("ts", "dc1-b", version="17")
    w.ts = w.controller.cluster_id("ts")
    w.lab.sql("dc1-b", "alter system set shared_preload_libraries = 'timescaledb'")
    w.lab.ssh("dc1-b", "systemctl restart postgresql@17-main")
    w.lab.sql("dc1-b", "create database metrics")
    w.lab.sql("dc1-b", "create extension timescaledb", db="metrics")
    w.lab.sql("dc1-b", "create table m(t timestamptz not null, v int)", db="metrics")
    w.lab.sql("dc1-b", "select create_hypertable('m', 't')", db="metrics")
    w.lab.sql("dc1-b", "insert into m select '2026-01-01'::timestamptz + g * interval '1 day', g from "
              "generate_series(1, 100) g", db="metrics")
    refused_unchanged(w, ["dc2-b", "Package timescaledb-postgresql-17 is not installed",
                          "Extension 'timescaledb' is used in database 'metrics'", "nothing was changed"],
                      "ts_dr", ["dc1-b", "dc2-b"], "dc2-b", f"--remote-cluster-id={w.ts}", version="17")


def test_with_the_package_the_hypertable_is_read_on_the_slave(w):
    w.lab.ssh("dc2-b", "timeout 300 apt-get -qq update && DEBIAN_FRONTEND=noninteractive timeout 300 apt-get -qqy install "
              "postgresql-17-timescaledb >/dev/null 2>&1", timeout=620)
    w.controller.must_create("ts_dr", "dc2-b", f"--remote-cluster-id={w.ts}", version="17")
    check(w.lab.sql("dc2-b", "show shared_preload_libraries") == "timescaledb", "the slave preloads nothing")
    check(w.lab.sql("dc2-b", "select count(*), sum(v) from m", db="metrics") == "100|5050", "the hypertable is not whole")
    check(int(w.lab.sql("dc2-b", "select count(*) from timescaledb_information.chunks", db="metrics")) > 1, "no chunks")
    check(streams(w, "dc2-b"), "the slave does not stream")
    away(w, ["ts_dr", "ts"], "dc1-b", "dc2-b")


def test_rhel_family_with_dnf(w):
    for host in ("dc1-c", "dc2-c"):
        w.lab.add(host, "rhel9", "3G")
    out = w.controller.must_create("el", "dc1-c")
    check("Detected rocky (" in out and "/var/lib/pgsql/15/data" in out, out[-1500:])
    w.el = w.controller.cluster_id("el")
    out = w.controller.must_create("el_dr", "dc2-c", f"--remote-cluster-id={w.el}")
    for host in ("dc1-c", "dc2-c"):
        check(w.lab.ssh(host, "rpm -q postgresql15-server").startswith("postgresql15-server-15."), f"{host}: no package")
        check(w.lab.ssh(host, "systemctl is-active postgresql-15").strip() == "active", f"{host}: the unit is not active")
        check(w.lab.ssh(host, "systemctl is-enabled postgresql-15").strip() == "enabled", f"{host}: not started at boot")
    check(w.lab.sql("dc2-c", "show data_directory") == "/var/lib/pgsql/15/data", "another data directory")
    check(w.lab.sql("dc1-c", "show data_checksums") == "on", "no data checksums")
    row_arrives(w, "dc1-c", "dc2-c")
    w.controller.drop(w.controller.cluster_id("el_dr"))
    check(w.lab.ssh("dc2-c", "ls -A /var/lib/pgsql/15/data 2>/dev/null | wc -l").strip() == "0", "data is left")
    check(w.lab.sql("dc1-c", "select count(*) from pg_replication_slots") == "0", "a slot is left on the master")
    away(w, ["el"], "dc1-c", "dc2-c")


def test_a_locale_that_the_new_host_lacks_is_refused(w):
    for host in ("dc1-d", "dc2-d"):
        w.lab.add(host, "bookworm+postgresql-15", "2G")
    w.lab.ssh("dc1-d", LOCALES, timeout=620)
    w.controller.must_create("loc", "dc1-d")
    w.loc = w.controller.cluster_id("loc")
    w.lab.ssh("dc1-d", "systemctl restart postgresql@15-main")
    w.lab.sql("dc1-d", f"create database dict template template0 locale '{DE}' encoding 'UTF8'")
    refused_unchanged(w, [f"Locale '{DE}' of database 'dict' does not exist on this host", "dc2-d"],
                      "loc_dr", ["dc1-d", "dc2-d"], "dc2-d", f"--remote-cluster-id={w.loc}")


def test_another_glibc_under_a_sorted_database_is_refused(w):
    """No two systems of the lab have one version of PostgreSQL and two of glibc: the answer of one is bent."""
    w.lab.ssh("dc2-d", LOCALES, timeout=620)
    w.lab.ssh("dc2-d", "mv /usr/bin/getconf /usr/bin/getconf.true; printf '#!/bin/sh\\n[ \"$1\" != GNU_LIBC_VERSION ] || "
              "{ echo glibc 2.31; exit; }\\nexec /usr/bin/getconf.true \"$@\"\\n' >/usr/bin/getconf; chmod 755 /usr/bin/getconf")
    refused_unchanged(w, ["glibc is 2.31 here", "text is sorted differently"], "loc_dr", ["dc1-d", "dc2-d"], "dc2-d",
                      f"--remote-cluster-id={w.loc}")
    w.lab.ssh("dc2-d", "mv /usr/bin/getconf.true /usr/bin/getconf")


def test_with_the_locale_it_works(w):
    w.controller.must_create("loc_dr", "dc2-d", f"--remote-cluster-id={w.loc}")
    check(w.lab.sql("dc2-d", "select datcollate from pg_database where datname = 'dict'") == DE, "no database dict")
    check(w.lab.sql("dc2-d", "select 'ä' < 'b'", db="dict") == "t", "the locale does not sort")
