"""What the scripted controller answers."""


def host(cluster, number, address, role, master=None, remote=None, **more):
    readonly = role == "slave"
    row = {"class_name": "CmonPostgreSqlHost", "hostId": number, "clusterid": cluster,
           "hostname": address, "ip": address, "alias": address, "port": 5432,
           "nodetype": "postgres", "hoststatus": "CmonHostOnline", "role": role,
           "version": "11.22 (Debian 11.22-1)", "message": "Up and running.",
           "readonly": readonly, "pid": 7000 + number, "uptime": 93784, "sshfailcount": 0,
           "cdt_path": "/pg_source", "owner_user_name": "admin", "owner_group_name": "admins",
           "acl": "user::rwx,group::rwx,other::---", "managed": True, "connected": True,
           "node_auto_recovery": True,
           "configfile": ["/etc/postgresql/11/main/postgresql.conf",
                          "/etc/postgresql/11/main/pg_hba.conf"],
           "logfile": "/var/log/postgresql/postgresql-11-main.log",
           "pidfile": "/var/run/postgresql/11-main.pid",
           "datadir": "/var/lib/postgresql/11/main",
           "distribution": {"name": "debian", "release": "12", "codename": "bookworm"},
           "replay_location": "0/F000148"}
    if master:
        row["replication_slave"] = {"master_host": master, "master_port": 5432,
                                    "seconds_behind_master": 3 if remote else 0,
                                    "slave_io_state": "streaming",
                                    "replay_location": "0/F000148"}
        if remote:
            row["replication_slave"]["master_cluster_id"] = remote
    else:
        row["slaves"] = ["10.0.1.2:5432", "10.0.2.1:5432"]
        row["replication_master"] = {"position": "0/F000200"}
    row.update(more)
    return row


def controller_host(cluster):
    return {"class_name": "CmonHost", "hostId": 9, "clusterid": cluster, "hostname": "10.0.0.2",
            "port": 9501, "nodetype": "controller", "role": "controller",
            "hoststatus": "CmonHostOnline", "version": "2.1.0", "message": "Up and running."}


def cluster(number, name, text, hosts, state="STARTED"):
    return {"class_name": "CmonClusterInfo", "cluster_id": number, "cluster_name": name,
            "cluster_type": "POSTGRESQL_SINGLE", "state": state, "status_text": text,
            "vendor": "postgresql", "version": "11", "cdt_path": "/",
            "owner": {"user_name": "admin"}, "group_owner": {"group_name": "admins"},
            "acl": "user::rwx,group::rwx,other::---", "tags": ["pg"],
            "configuration_file": f"/etc/cmon.d/cmon_{number}.cnf",
            "log_file": f"/var/log/cmon_{number}.log",
            "alarm_statistics": {"critical": 0, "warning": 1},
            "job_statistics": {"by_state": {"FAILED": 1, "FINISHED": 3}}, "hosts": hosts}


CLUSTERS = [
    cluster(21, "pg_source", "All nodes are operational.",
            [controller_host(21), host(21, 1, "10.0.1.1", "master"),
             host(21, 2, "10.0.1.2", "slave", "10.0.1.1")]),
    cluster(22, "pg_replica", "SLAVE OF 21.",
            [host(22, 3, "10.0.2.1", "slave", "10.0.1.1", 21),
             host(22, 4, "fd00::2", "slave", "10.0.2.1", hoststatus="CmonHostOffLine",
                  message="Connection refused <em style='color: #c66211;'>10.0.2.2</em>.")],
            "DEGRADED"),
]
ALL_CLUSTERS = {"request_status": "Ok", "clusters": CLUSTERS, "total": 2}
ONE_CLUSTER = {"request_status": "Ok", "cluster": CLUSTERS[1]}


def job(number, status, **more):
    row = {"class_name": "CmonJobInstance", "job_id": number, "cluster_id": 0, "status": status,
           "status_text": {"RUNNING": "Halfway <b> through &amp; on",
                           "FINISHED": "Job finished."}.get(status, "Pending"),
           "title": "Creating PostgreSQL Cluster", "user_name": "dba", "group_name": "admins",
           "created": "2026-11-20T20:01:44.000Z", "started": "2026-11-20T20:01:45.000Z",
           "has_progress": True, "progress_percent": 50 if status == "RUNNING" else 0,
           "ip_address": "127.0.0.1",
           "job_spec": {"command": "create_cluster", "job_data": {}}}
    row.update(more)
    return row


def message(number, text, status="JOB_SUCCESS"):
    return {"class_name": "CmonJobMessage", "message_id": number, "job_id": 46,
            "created": f"2026-11-20T20:14:{number:02d}.042Z", "file_name": "src/create.c",
            "line_number": 100 + number, "message_status": status, "message_text": text}


MESSAGES = [
    message(1, "Verifying job parameters."),
    message(2, "<em style='color: #c66211;'>10.0.2.1</em>:5432: Checking "
               "<strong style='color: #59a449;'>SSH</strong> &amp; sudo."),
    message(3, "Minor versions differ: 11.22 &lt;&gt; 11.21.", "JOB_WARNING"),
    message(4, "Cannot reach \x1b[2J\x07host \u009b31m caf\u00e9.", "JOB_FAILED"),
]
CREATED = {"request_status": "Ok", "job": job(46, "DEFINED")}


def log(status, messages, **more):
    return {"request_status": "Ok", "job": job(46, status, **more), "messages": messages,
            "total": len(messages)}


JOBS = {"request_status": "Ok", "total": 7, "jobs": [
    job(71, "RUNNING", title="Stage Replication Slave", cluster_id=22),
    job(5, "SCHEDULED", has_progress=False), job(4, "FAILED"), job(2, "FINISHED")]}
USERS = {"request_status": "Ok", "request_user_id": 4, "total": 2, "users": [
    {"user_id": 3, "user_name": "admin", "groups": [{"group_name": "admins"}],
     "email_address": "admin@example.com", "first_name": "Ad", "last_name": "Min"},
    {"user_id": 4, "user_name": "dba", "groups": [{"group_name": "admins"},
                                                 {"group_name": "users"}]}]}
WHOAMI = {"request_status": "Ok", "request_user_id": 4, "user": USERS["users"][1]}
CHECKED = {"request_status": "Ok", "checked_hosts": [
    {"host": {"hostname": "10.0.1.1"}, "status": {"error_code": "HostIsOk", "error_message": ""}},
    {"host": {"hostname": "10.0.1.2"},
     "status": {"error_code": "SshFailed", "error_message": "No route to host."}}]}
ANSWERS = {
    "getAllClusterInfo": ALL_CLUSTERS, "getClusterInfo": ONE_CLUSTER, "createJobInstance": CREATED,
    "getJobInstances": JOBS, "getJobInstance": {"request_status": "Ok", "job": job(2, "FINISHED")},
    "getJobLog": log("FINISHED", MESSAGES[:3]), "getUsers": USERS, "whoAmI": WHOAMI,
    "checkHosts": CHECKED,
}
