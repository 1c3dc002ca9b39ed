"""Faults in the middle of a create: the job says so, nothing is left over, a retry succeeds."""
import threading
import time

from world import check, until

ROWS = "110000"
SIZE = ("insert into big select g, (select string_agg(md5(random()::text), '') from generate_series(1, 30) where g > 0) "
        f"from generate_series(1, {ROWS}) g")  # about 120 MB, that compress to 70


def hosts(lab):
    for host in ("dc1-a", "dc2-a", "dc2-b"):
        lab.add(host, "bookworm+postgresql-15", "3G")


def in_background(function, *args, **kw):
    box = {}

    def body():
        box["out"] = function(*args, **kw)
    t = threading.Thread(target=body)
    t.start()
    return t, box


def copying(w, host):
    return "yes" in w.lab.ssh(host, "test -d /var/lib/postgresql/15/main.pgtandem-new/base && echo yes || echo no",
                              check_it=False)


def create_until_copying(w, name, nodes, *more, host="dc2-a", rate="80mbit"):
    w.lab.run("shape", "dc1", "dc2", "--delay", "5ms", "--rate", rate)
    t, box = in_background(w.controller.create, name, nodes, "--remote-cluster-id=1", *more)
    until("the copy runs", 60, copying, w, host)
    return t, box


def slots(w):
    return w.lab.sql("dc1-a", "select count(*) from pg_replication_slots")


def hba_is_clean(w):
    return w.lab.ip("dc2-a") not in w.lab.ssh("dc1-a", "cat /etc/postgresql/15/main/pg_hba.conf")


def left(w, host):
    return w.lab.ssh(host, "ls -d /var/lib/pgtandem /run/pgtandem /var/lib/postgresql/15/main* 2>/dev/null || true").split()


def test_prepares_a_master_with_data(w):
    w.controller.must_create("pg_main", "dc1-a")
    w.lab.sql("dc1-a", "create table big(i int, t text)")
    w.lab.sql("dc1-a", SIZE)
    w.lab.sql("dc1-a", "checkpoint")


def test_cancel_undoes_everything(w):
    t, box = create_until_copying(w, "pg_dr", "dc2-a")
    job = w.controller.cli("job", "--list", "--batch").stdout
    number = max(int(x.split()[0]) for x in job.splitlines() if x.split()[:1] and x.split()[0].isdigit())
    out = w.controller.cli("job", "--kill", f"--job-id={number}")
    check(out.returncode == 0, out.stderr)
    t.join(120)
    check(box["out"].returncode == 1 and "abort" in box["out"].stdout.lower(), box["out"].stdout[-800:])
    check(slots(w) == "0" and hba_is_clean(w), "left-overs on the master")
    check(left(w, "dc2-a") == [], f"left on the new host: {left(w, 'dc2-a')}")
    check(len(w.controller.clusters()) == 1, "the cluster is still listed")


def test_a_cut_of_30_seconds_is_told_and_a_retry_succeeds(w):
    t, box = create_until_copying(w, "pg_dr", "dc2-a")
    w.lab.run("cut", "dc1", "dc2")
    time.sleep(30)
    w.lab.run("heal")
    t.join(300)
    out = box["out"]
    if out.returncode != 0:  # the copy's own retries may also have carried it through
        check("FAIL" in out.stdout or "failed" in out.stdout.lower(), out.stdout[-800:])
        check(slots(w) == "0", "a slot is left on the master")
        w.controller.must_create("pg_dr", "dc2-a", "--remote-cluster-id=1")
    check(w.lab.sql("dc2-a", "select count(*) from big") == ROWS, "rows are missing")
    w.controller.drop(w.controller.cluster_id("pg_dr"))


def test_power_loss_of_the_new_host_and_a_retry(w):
    t, box = create_until_copying(w, "pg_dr", "dc2-a")
    w.lab.run("kill", "dc2-a")
    t.join(400)
    check(box["out"].returncode == 1, box["out"].stdout[-800:])
    check("dc2-a" in box["out"].stdout and slots(w) == "0" and hba_is_clean(w), box["out"].stdout[-800:])
    w.lab.run("boot", "dc2-a")
    w.controller.must_create("pg_dr", "dc2-a", "--remote-cluster-id=1")
    check(w.lab.sql("dc2-a", "select count(*) from big") == ROWS, "rows are missing")
    w.controller.drop(w.controller.cluster_id("pg_dr"))
    check([x for x in left(w, "dc2-a") if "pgtandem" in x] == [], f"left: {left(w, 'dc2-a')}")


def test_kill_9_of_engine_and_runner_while_copying(w):
    for word in ("pgtandem-job", "pgtandemd-engine"):
        t, box = create_until_copying(w, "pg_dr", "dc2-a")
        w.controller.kill9(word)
        t.join(300)
        out = box["out"]
        check(out.returncode == 0, f"after kill -9 of {word}: {out.stdout[-1200:]}{out.stderr[-300:]}")
        check(w.lab.sql("dc2-a", "select count(*) from big") == ROWS, "rows are missing")
        check(slots(w) == "1", f"slots: {slots(w)}")
        w.controller.drop(w.controller.cluster_id("pg_dr"))


def test_the_disk_fills_during_the_copy(w):
    t, box = create_until_copying(w, "pg_dr", "dc2-a", rate="40mbit")
    w.lab.ssh("dc2-a", "fallocate -l $(($(df --output=avail -BM / | tail -1 | tr -cd 0-9) - 30))M /filler")
    t.join(300)
    out = box["out"]
    check(out.returncode == 1 and "space" in out.stdout.lower(), out.stdout[-1200:])
    w.lab.ssh("dc2-a", "rm -f /filler")
    w.lab.run("shape", "dc1", "dc2")
    check(slots(w) == "0" and hba_is_clean(w), "left-overs on the master")
    w.controller.must_create("pg_dr", "dc2-a", "--remote-cluster-id=1")
    w.lab.ssh("dc2-a", "fallocate -l $(($(df --output=avail -BM / | tail -1 | tr -cd 0-9) - 5))M /filler; "
              "dd if=/dev/zero of=/filler2 bs=4k 2>/dev/null || true")
    w.controller.drop(w.controller.cluster_id("pg_dr"))  # also while the disk is full
    check(left(w, "dc2-a") == [], f"left on the full host: {left(w, 'dc2-a')}")
    w.lab.ssh("dc2-a", "rm -f /filler /filler2")


def test_two_creates_of_one_name_or_host_do_not_meet(w):
    t, box = create_until_copying(w, "pg_dr", "dc2-a")
    second = w.controller.create("pg_other", "dc2-a", "--remote-cluster-id=1")
    check(second.returncode != 0 and "dc2-a" in second.stdout + second.stderr, second.stdout[-600:])
    third = w.controller.create("pg_dr", "dc2-b", "--remote-cluster-id=1")
    check(third.returncode != 0 and "pg_dr" in third.stdout + third.stderr, third.stdout[-600:])
    t.join(300)
    check(box["out"].returncode == 0, box["out"].stdout[-800:])


def test_a_master_cluster_that_is_down_is_named(w):
    w.controller.drop(w.controller.cluster_id("pg_dr"))
    w.lab.ssh("dc1-a", "systemctl stop postgresql@15-main")
    out = w.controller.create("pg_dr", "dc2-a", "--remote-cluster-id=1")
    check(out.returncode == 1 and "Cluster 1 has no master" in out.stdout, out.stdout[-800:])
    w.lab.ssh("dc1-a", "systemctl start postgresql@15-main")
