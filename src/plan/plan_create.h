/* The planner of create_cluster: from the document of facts (plan/check.h) to the rows of steps.
 * A pure function: touches nothing outside RUN. */
#pragma once

#include "plan/doc.h"

#define REPL_USER "pgtandem_repl"
#define MON_USER  "pgtandem_mon"

/* Texts that the planner takes from outside so that it stays pure. */
struct plan_create_in {
	const struct json *doc;
	int64_t cluster_id;
	const struct login *repl, *mon; /* of the master cluster, or the ones to make */
	const char *ca;                 /* the controller's certificate authority, PEM */
	const char *repository_key;     /* text; "" */
	const char *repository_url;
	bool new_roles; /* a cluster of its own: admin, repl and mon are created */
};

/* Adds steps to R->steps, and to R->context what they need (hosts, secrets). */
void plan_create(struct run *r, const struct plan_create_in *in);

/* The settings file of a node; SOURCE is pg_facts of the server whose floors must be kept, or
 * NULL.  CONFDIR is where the certificate is. */
const char *plan_conf_text(struct run *r, int version_num, const char *cluster_name,
                           const char *confdir, const struct json *source, int64_t volume_bytes);
/* pg_hba.conf lines that let replication and the controller in. */
const char *plan_hba_lines(struct run *r, const char *const *node_ips, size_t n_ips,
                           const char *const *controller_ips, size_t n_controllers,
                           const char *repl_user, const char *mon_user, const char *admin_user);
/* Of a slot, and application_name: unique over all clusters. */
const char *plan_slot_name(struct run *r, int64_t cluster_id, const char *host, int port);
