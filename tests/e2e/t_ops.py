"""Pause and resume, stop and start: of slaves, masters, and whole clusters."""
import json

from world import check, until

PAUSED = ["Pausing recovery of the slave.",
          "Successfully paused recovery on the slave using select pg_wal_replay_pause().", "WAL still arrives: received up to"]
RESUMED = ["Resuming recovery on the slave.", "Collecting replication statistics.",
           "Slave resumed recovery successfully using select pg_wal_replay_resume()."]
STATE = "select pg_get_wal_replay_pause_state()"


def hosts(lab):
    for host in ("dc1-a", "dc1-b", "dc2-a"):
        lab.add(host, "bookworm+postgresql-15", "2G")


def in_order(text, lines):
    at = 0
    for line in lines:
        found = text.find(line, at)
        check(found >= 0, f"log lacks {line!r} after position {at}\n{text[-3000:]}")
        at = found + len(line)


def job(w, *args, fails=False):
    out = w.controller.cli(*args, "--log")
    check((out.returncode != 0) == fails, f"{args}: exit {out.returncode}\n{out.stdout[-3000:]}{out.stderr[-500:]}")
    return out.stdout


def slave(w, action, host="dc2-a:5432", cluster=2, fails=False):
    return job(w, "replication", action, "--slave=" + host, f"--cluster-id={cluster}", fails=fails)


def node(w, action, host, cluster, *more, fails=False):
    return job(w, "node", action, "--nodes=" + host, f"--cluster-id={cluster}", *more, fails=fails)


def status(w, host):
    out = w.controller.cli("node", "--list", "--print-json")
    for c in json.loads(out.stdout)["clusters"]:
        for h in c["hosts"]:
            if h["hostname"] == host:
                return h["hoststatus"]
    return None


def is_status(w, host, wanted, seconds=15):
    until(f"{host} is {wanted}", seconds, lambda: status(w, host) == wanted)


def links(w):
    return w.controller.cli("replication", "--list").stdout


def is_up(w, host):
    return w.lab.ssh(host, "cd /; sudo -u postgres psql -XAtq -c 'select 1'", check_it=False).strip() == "1"


def rows(w, host):
    return w.lab.sql(host, "select count(*) from t", check_it=False)


def write(w):
    w.lab.sql("dc1-a", "insert into t select 1")
    return w.lab.sql("dc1-a", "select count(*) from t")


def test_two_clusters(w):
    w.controller.must_create("pg_main", "dc1-a?master;dc1-b?slave", "--no-install")
    w.controller.must_create("pg_dr", "dc2-a", "--remote-cluster-id=1", "--no-install")
    w.lab.sql("dc1-a", "create table t (i int)")
    until("links online", 20, lambda: links(w).count("Online") == 2)


def test_pauses_the_replay_of_a_slave(w):
    in_order(slave(w, "--stop"), PAUSED)
    check(w.lab.sql("dc2-a", STATE) == "paused", "not paused")
    before = w.lab.sql("dc2-a", "select count(*) from t")
    count = write(w)
    lsn = w.lab.sql("dc1-a", "select pg_current_wal_flush_lsn()")
    until("WAL arrives", 10, lambda: w.lab.sql("dc2-a", f"select pg_last_wal_receive_lsn() >= '{lsn}'") == "t")
    check(rows(w, "dc2-a") == before != count, "the slave goes on replaying")
    until("link is paused", 15, lambda: "Paused" in links(w))
    stat = w.controller.cli("cluster", "--list", "--long").stdout + w.controller.cli("cluster", "--stat").stdout
    check("Replication is paused." in stat, stat)
    check(status(w, "dc2-a") == "CmonHostOnline", "a paused slave counts as failed")


def test_pausing_twice_is_fine(w):
    in_order(slave(w, "--stop"), PAUSED)
    check(w.lab.sql("dc2-a", STATE) == "paused", "not paused")


def test_resumes_the_replay(w):
    in_order(slave(w, "--start"), RESUMED)
    check(w.lab.sql("dc2-a", STATE) == "not paused", "still paused")
    until("caught up", 10, lambda: rows(w, "dc2-a") == rows(w, "dc1-a"))
    until("links online", 15, lambda: links(w).count("Online") == 2)
    in_order(slave(w, "--start"), RESUMED)


def test_refuses_what_is_no_slave(w):
    out = slave(w, "--stop", "dc1-a:5432", 1, fails=True)
    check("Job failed: Node is not in recovery." in out, out)
    out = slave(w, "--stop", "dc2-a:5432", 1, fails=True)
    check("dc2-a:5432 is no node of cluster 1 (pg_main)" in out, out)
    out = w.controller.cli("replication", "--stop", "--slave=dc2-a", "--cluster-id=77", "--log")
    check(out.returncode != 0 and "Cluster was not found" in out.stderr, out.stdout + out.stderr)


def test_a_restarted_slave_is_paused_as_before(w):
    slave(w, "--stop")
    out = node(w, "--restart", "dc2-a:5432", 2)
    check("Pausing recovery of the slave again" in out, out)
    check(w.lab.sql("dc2-a", STATE) == "paused", "the pause is lost")
    check(w.lab.sql("dc2-a", "select status from pg_stat_wal_receiver") == "streaming", "does not stream")
    slave(w, "--start")


def test_stops_and_starts_a_slave(w):
    node(w, "--stop", "dc1-b:5432", 1)
    check(not is_up(w, "dc1-b"), "the server runs")
    is_status(w, "dc1-b", "CmonHostShutDown")
    check("nothing to stop" in node(w, "--stop", "dc1-b", 1), "a second stop")
    out = slave(w, "--stop", "dc1-b", 1, fails=True)
    check("does not run" in out, out)
    count = write(w)
    node(w, "--start", "dc1-b:5432", 1)
    check(w.lab.sql("dc1-b", "select status from pg_stat_wal_receiver") == "streaming", "does not stream")
    until("caught up", 10, lambda: rows(w, "dc1-b") == count)
    is_status(w, "dc1-b", "CmonHostOnline")
    node(w, "--start", "dc1-b:5432", 1)


def test_a_master_with_slaves_is_stopped_with_force_only(w):
    out = node(w, "--stop", "dc1-a:5432", 1, fails=True)
    check("dc1-a:5432 is the master and has streaming slaves" in out, out)
    check("dc1-b:5432" in out and "dc2-a:5432 (cluster 2)" in out and "--force" in out, out)
    check(is_up(w, "dc1-a"), "a refused job stopped the server")
    out = node(w, "--stop", "dc1-a:5432", 1, "--force", "--timeout=30")
    check("These lose their source until dc1-a:5432 runs again" in out, out)
    check(not is_up(w, "dc1-a"), "the server runs")
    is_status(w, "dc1-a", "CmonHostShutDown")
    node(w, "--start", "dc1-a:5432", 1)
    count = write(w)
    for host in ("dc1-b", "dc2-a"):
        until(f"{host} follows", 30, lambda h=host: rows(w, h) == count)


def test_restarts_a_master(w):
    before = w.lab.sql("dc1-a", "select pg_postmaster_start_time()")
    out = node(w, "--restart", "dc1-a:5432", 1)
    check("These lose their source until" in out, out)
    check(w.lab.sql("dc1-a", "select pg_postmaster_start_time()") > before, "the same server")


# A checkpointer that neither ends nor answers keeps the server from stopping.
POSTMASTER = "$(head -n 1 /var/lib/postgresql/15/main/postmaster.pid)"
HANG = f"pid=$(pgrep -P {POSTMASTER} -f checkpointer) && kill -STOP $pid"


def test_a_stop_that_takes_too_long_is_undone_without_force(w):
    w.lab.ssh("dc2-a", HANG + " && { (sleep 12; kill -CONT $pid) >/dev/null 2>&1 & }")
    out = node(w, "--stop", "dc2-a:5432", 2, "--timeout=4", fails=True)
    check("did not stop within 4 s" in out and "Everything that this job did was undone." in out, out)
    check(is_up(w, "dc2-a"), "the server does not run")


def test_with_force_it_is_ended_at_once(w):
    w.lab.ssh("dc2-a", HANG)
    out = node(w, "--stop", "dc2-a:5432", 2, "--timeout=4", "--force")
    check("ended at once" in out, out)
    check(not is_up(w, "dc2-a"), "the server runs")
    node(w, "--start", "dc2-a:5432", 2)
    check(w.lab.sql("dc2-a", "select status from pg_stat_wal_receiver") == "streaming", "does not stream")


def test_stops_and_starts_a_cluster(w):
    out = job(w, "cluster", "--stop", "--cluster-id=1")
    check("Slave cluster 2 (pg_dr) loses its source until cluster 1 is started again." in out, out)
    in_order(out, ["dc1-b: Stopping the server", "dc1-a: Stopping the server"])
    check(not is_up(w, "dc1-a") and not is_up(w, "dc1-b"), "a server runs")
    until("cluster is stopped", 15, lambda: "STOPPED" in w.controller.cli("cluster", "--list", "--long").stdout)
    out = job(w, "cluster", "--start", "--cluster-id=1")
    in_order(out, ["dc1-a: Starting the server", "dc1-b: Starting the server", "dc1-b: Waiting until the slave streams."])
    count = write(w)
    for host in ("dc1-b", "dc2-a"):
        until(f"{host} follows", 30, lambda h=host: rows(w, h) == count)
    out = job(w, "cluster", "--stop", "--cluster-id=1", "--dry-run")
    check("nothing has been changed" in out and is_up(w, "dc1-a"), out)


def test_no_secret_is_anywhere_in_sight(w):
    out = w.controller.cli("job", "--list", "--print-json").stdout + w.controller.log_text()
    for c in json.loads(w.controller.cli("job", "--list", "--print-json").stdout)["jobs"]:
        out += w.controller.cli("job", "--log", f"--job-id={c['job_id']}", "--debug", "--print-json").stdout
    check("it's $x" not in out and "SCRAM-SHA-256$" not in out, "a secret is shown")
