/* add_cluster: take over a running cluster as it is.  Besides two roles and their access rules
 * nothing is changed on the hosts. */
#include <stdio.h>

#include "base/random.h"
#include "base/str.h"
#include "pg/version.h"
#include "plan/check.h"
#include "plan/clusters.h"
#include "plan/command.h"
#include "plan/doc.h"
#include "plan/hosts.h"
#include "plan/plan_create.h"
#include "plan/step.h"

/* The cluster as found. */
struct import {
	struct cluster_job job;
	const struct json *nodes;
	const struct json *master; /* the node that accepts writes; NULL: a slave cluster */
	struct cluster *upstream;  /* of a slave cluster: the managed cluster it streams from */
	struct node *upstream_node;
	struct cluster cluster;
};

static const struct json *pg_of(const struct json *node)
{
	return json_get(node, "pg");
}

static int port_of(const struct json *node)
{
	return (int)json_get_int(node, "port", PG_DEFAULT_PORT);
}

static bool is_writable(const struct json *node)
{
	return pg_of(node) && !json_get_bool(pg_of(node), "in_recovery", true);
}

static void check_node(struct import *im, const struct json *node, struct findings *f)
{
	const char *host = json_get_str(node, "hostname");
	const struct json *error = json_get(node, "pg_error");
	const struct json *first = pg_of(json_at(im->nodes, 0));
	char major[PG_VERSION_TEXT_SIZE];

	check_host(im->job.doc, node, f);
	if (!pg_of(node)) {
		if (error && !json_get(node, "ssh_error"))
			finding_error(f, "server", host, json_get_str(error, "hint"),
			              "PostgreSQL on port %d: %s.", port_of(node),
			              json_get_str(error, "text"));
		return;
	}
	if (!str_eq(json_get_str(pg_of(node), "system_identifier"),
	            json_get_str(first, "system_identifier")))
		finding_error(f, "system_identifier", host, "import it as a cluster of its own.",
		              "This server is not of the same cluster as %s: system identifier %s, "
		              "not %s.",
		              json_get_str(json_at(im->nodes, 0), "hostname"),
		              json_get_str(pg_of(node), "system_identifier"),
		              str_or(json_get_str(first, "system_identifier"), "?"));
	pg_version_major((int)json_get_int(pg_of(node), "version_num", 0), major);
	if (!str_empty(im->job.version) && !str_eq(im->job.version, major))
		finding_error(f, "version", host, NULL,
		              "PostgreSQL %s runs here; version %s was named.", major,
		              im->job.version);
}

/* A standby whose sender is a node of a managed cluster. */
static void find_upstream(struct import *im)
{
	size_t i;

	for (i = 0; i < json_len(im->nodes) && !im->upstream; i++) {
		const struct json *receiver = json_get(pg_of(json_at(im->nodes, i)), "receiver");
		const char *host = json_get_str(receiver, "host");

		if (str_empty(host))
			continue;
		im->upstream_node = cluster_list_node_at(&im->job.known, host,
		                                         (int)json_get_int(receiver, "port", 5432),
		                                         &im->upstream);
	}
}

static void check_roles(struct import *im, struct findings *f)
{
	size_t i, writable = 0;

	for (i = 0; i < json_len(im->nodes); i++) {
		if (!is_writable(json_at(im->nodes, i)))
			continue;
		writable++;
		im->master = json_at(im->nodes, i);
	}
	if (writable > 1)
		finding_error(f, "two_masters", NULL, "stop the one that is not the true master.",
		              "%zu of the nodes accept writes.", writable);
	if (writable == 0 && f->errors == 0)
		find_upstream(im);
	if (writable == 0 && f->errors == 0 && !im->upstream)
		finding_error(
		        f, "no_master", NULL,
		        "name the master too, or import the master's cluster first.",
		        "None of the nodes accepts writes, and they do not stream from a managed "
		        "cluster.");
}

static const char *free_role(struct import *im, const char *wanted)
{
	const struct json *roles = json_get(pg_of(im->master), "roles");
	size_t i;

	for (i = 0; i < json_len(roles); i++)
		if (str_eq(json_get_str(json_at(roles, i), "name"), wanted))
			return run_printf(im->job.run, "%s_%lld", wanted,
			                  (long long)im->job.run->cluster_id);
	return wanted;
}

static void fill_node(struct import *im, struct node *n, const struct json *row)
{
	const struct json *pg = pg_of(row), *receiver = json_get(pg, "receiver");
	struct run *r = im->job.run;

	n->cluster_id = r->cluster_id;
	n->hostname = json_get_str(row, "hostname");
	n->ip = json_get_str(row, "ip");
	n->port = port_of(row);
	n->instance = "main";
	n->datadir = json_get_str(pg, "data_directory");
	n->role = is_writable(row) ? ROLE_MASTER : ROLE_SLAVE;
	n->upstream_host = json_get_str(receiver, "host");
	n->upstream_port = (int)json_get_int(receiver, "port", 0);
	n->slot_name = json_get_str(json_get(pg, "settings"), "primary_slot_name");
	n->application_name = json_get_str(receiver, "application_name");
}

static void describe(struct import *im)
{
	struct run *r = im->job.run;
	struct cluster *c = &im->cluster;
	char token[33], major[PG_VERSION_TEXT_SIZE];
	size_t i;

	random_password(token);
	pg_version_major((int)json_get_int(pg_of(json_at(im->nodes, 0)), "version_num", 0), major);
	c->id = r->cluster_id;
	c->name = im->job.name;
	c->type = CLUSTER_TYPE_SINGLE;
	c->vendor = "postgresql";
	c->version = arena_strdup(r->a, major);
	c->ssh = im->job.ssh;
	c->admin = (struct login){ im->job.admin_user, im->job.admin_password };
	c->rpc_token = arena_strdup(r->a, token);
	c->tags = im->job.tags;
	c->n_tags = im->job.n_tags;
	c->cluster_auto_recovery = c->node_auto_recovery = true;
	if (im->upstream) {
		c->remote_cluster_id = im->upstream->id;
		c->remote_node_id = im->upstream_node->id;
		c->remote_host = im->upstream_node->hostname;
		c->remote_port = im->upstream_node->port;
	}
	c->n_nodes = json_len(im->nodes);
	c->nodes = ARENA_NEWN(r->a, c->n_nodes, struct node);
	for (i = 0; i < c->n_nodes; i++)
		fill_node(im, &c->nodes[i], json_at(im->nodes, i));
	json_set(r->context, "cluster", cluster_to_json(c, true));
}

static const char *instance_of(const struct json *node)
{
	const struct json *list = json_get(json_get(node, "facts"), "instances");
	size_t i;

	for (i = 0; i < json_len(list); i++)
		if (json_get_int(json_at(list, i), "port", 0) == port_of(node))
			return str_or(json_get_str(json_at(list, i), "name"), "main");
	return "main";
}

static void set_hosts(struct import *im)
{
	size_t i;

	for (i = 0; i < json_len(im->nodes); i++) {
		const struct json *node = json_at(im->nodes, i);
		struct json *row = hosts_row(im->job.run, json_get_str(node, "hostname"));

		json_set_str(row, "family", json_get_str(json_get(node, "facts"), "family"));
		json_set_str(row, "version", im->cluster.version);
		json_set_str(row, "name", instance_of(node));
		json_setf(row, "port", "%d", port_of(node));
		json_set_str(row, "datadir", json_get_str(pg_of(node), "data_directory"));
		im->cluster.nodes[i].instance = instance_of(node);
	}
}

static void add_roles_step(struct import *im)
{
	struct run *r = im->job.run;
	struct json *s = step_add(r, 1, "roles", json_get_str(im->master, "hostname"));
	struct json *secrets = json_object_new();

	json_set_str(secrets, "repl_password", im->cluster.repl.password);
	json_set_str(secrets, "mon_password", im->cluster.mon.password);
	json_set(r->context, "secrets", secrets);
	step_title(s, "Creating the users for replication and monitoring.");
	step_arg(s, "repl", im->cluster.repl.user);
	step_arg(s, "mon", im->cluster.mon.user);
	step_secret(s, "s_repl_password", "repl_password");
	step_secret(s, "s_mon_password", "mon_password");
}

static void add_steps(struct import *im)
{
	const char *ips[CLUSTER_NODES_MAX], *controllers[CLUSTER_NODES_MAX], *lines;
	struct run *r = im->job.run;
	size_t n = json_len(im->nodes), i;

	for (i = 0; i < n && i < CLUSTER_NODES_MAX; i++) {
		ips[i] = json_get_str(json_at(im->nodes, i), "ip");
		controllers[i] = json_get_str(json_at(im->nodes, i), "controller_ip");
	}
	lines = plan_hba_lines(r, ips, i, controllers, i, im->cluster.repl.user,
	                       im->cluster.mon.user, im->job.admin_user);
	if (im->master)
		add_roles_step(im);
	for (i = 0; i < n; i++) {
		struct json *s =
		        step_add(r, 2, "grant", json_get_str(json_at(im->nodes, i), "hostname"));

		step_title(s, "Grant connect access for the controller and the cluster's hosts.");
		step_text(s, "s_hba", lines);
	}
	(void)step_add(r, 3, "register", NULL);
}

/* A slave cluster has its master cluster's roles: they came with the data. */
static enum err_code take_logins(struct import *im, struct err *e)
{
	struct cluster source;

	if (im->master) {
		im->cluster.repl = clusters_login(im->job.run, free_role(im, REPL_USER));
		im->cluster.mon = clusters_login(im->job.run, free_role(im, MON_USER));
		return ERR_OK;
	}
	TRY(clusters_get(im->job.run, im->upstream->id, &source, e));
	im->cluster.repl = source.repl;
	im->cluster.mon = source.mon;
	return ERR_OK;
}

static enum err_code import(struct import *im, bool *is_done, struct err *e)
{
	struct findings f;
	size_t i;

	findings_init(&f, im->job.run->a);
	TRY(cluster_job_gather(&im->job, true, e));
	im->nodes = json_get(im->job.doc, "nodes");
	for (i = 0; i < json_len(im->nodes); i++)
		check_node(im, json_at(im->nodes, i), &f);
	check_roles(im, &f);
	if (cluster_find_name(&im->job.known, im->job.name))
		finding_error(&f, "name_taken", NULL, "choose another --cluster-name.",
		              "There is a cluster with the name '%s'.", im->job.name);
	TRY(findings_report(im->job.run, &f, e));
	if (im->job.dry_run) {
		*is_done = true;
		return ERR_OK;
	}
	TRY(clusters_reserve(&im->job, im->upstream ? im->upstream->id : 0, e));
	TRY(take_logins(im, e));
	describe(im);
	set_hosts(im);
	json_set(im->job.run->context, "cluster", cluster_to_json(&im->cluster, true));
	add_steps(im);
	return ERR_OK;
}

enum err_code cmd_add_cluster(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	struct import *im = ARENA_NEW(r->a, struct import);
	enum err_code code;

	run_say(r, "Verifying job parameters.");
	if (json_len(json_get(r->data, "nodes")) == 0)
		return err_set(e, ERR_INVALID, "the node list is empty");
	run_say(r, "Checking ssh/sudo.");
	code = cluster_job_init(&im->job, r, e);
	if (code == ERR_OK)
		code = import(im, is_done, e);
	cluster_job_release(&im->job);
	return code;
}
