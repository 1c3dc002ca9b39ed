/* Gathers the document of facts that the checks and planners of cluster jobs work on (plan/check.h
 * has its shape).  Reads only: nothing is changed on any host. */
#pragma once

#include "model/cluster.h"
#include "plan/run.h"

/* What a job about making or taking over a cluster was asked for. */
struct cluster_job {
	struct run *run;
	const char *name, *version, *vendor, *datadir; /* datadir: "" is the system's default */
	const char *admin_user, *admin_password;
	struct ssh_login ssh;
	bool install, dry_run;
	bool may_clean; /* what earlier jobs left on the new hosts is undone first */
	const char *repository, *repository_url, *repository_key;
	int64_t remote_cluster_id;
	const char **tags; /* of the new cluster */
	size_t n_tags;
	const char *want_master_host;
	int want_master_port;
	struct cluster_list known; /* every managed cluster, without secrets */
	struct cluster source;     /* with secrets; id 0: none */
	struct json *doc;          /* owned */
};

/* Read job_data; names what is missing. */
enum err_code cluster_job_init(struct cluster_job *j, struct run *r, struct err *e);
void cluster_job_release(struct cluster_job *j);
/* Connect to every host and ask it; fills j->doc. */
enum err_code cluster_job_gather(struct cluster_job *j, bool with_pg, struct err *e);

/* "host:port", IPv6 in brackets, in the job's arena. */
const char *cluster_job_endpoint(struct run *r, const char *host, int port);
/* The first address of HOST as the controller resolves it, "" when it does not. */
const char *cluster_job_address(struct run *r, const char *host);
