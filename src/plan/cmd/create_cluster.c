/* create_cluster: a cluster of its own, or (remote_cluster_id) a slave cluster of another one. */
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "plan/check.h"
#include "plan/clusters.h"
#include "plan/command.h"
#include "plan/doc.h"
#include "plan/plan_create.h"
#include "plan/step.h"

#define KEY_FILE_MAX (64u << 10)

/* The marked master, or the first that is no slave, leads. */
static void lead_first(struct run *r)
{
	struct json *nodes = json_get(r->data, "nodes");
	struct json *lead, *first;
	size_t i, at = json_len(nodes);

	for (i = 0; i < json_len(nodes) && at == json_len(nodes); i++)
		if (json_get_bool(json_at(nodes, i), "master", false))
			at = i;
	for (i = 0; i < json_len(nodes) && at == json_len(nodes); i++)
		if (!json_get_bool(json_at(nodes, i), "slave", false))
			at = i;
	if (at == 0 || at >= json_len(nodes))
		return;
	lead = json_ref(json_at(nodes, at));
	first = json_ref(json_at(nodes, 0));
	json_set_at(nodes, 0, lead);
	json_set_at(nodes, at, first);
}

static enum err_code check_parameters(struct cluster_job *j, struct findings *f, struct err *e)
{
	const struct cluster *named = cluster_find_name(&j->known, j->name);

	if (json_len(json_get(j->run->data, "nodes")) == 0)
		return err_set(e, ERR_INVALID, "the node list is empty");
	if (str_empty(j->version) && j->source.id > 0)
		j->version = j->source.version;
	if (str_empty(j->version))
		return err_set(e, ERR_INVALID, "the version is missing");
	if (str_empty(j->admin_user) || str_empty(j->admin_password))
		finding_error(f, "admin_missing", NULL, "give --db-admin and --db-admin-passwd.",
		              "The database admin's name or password is missing.");
	if (j->ssh.keyfile[0] != '\0' && !fs_exists(j->ssh.keyfile))
		finding_error(f, "key_file", NULL, "--os-key-file names a file on the controller.",
		              "SSH key file '%s' does not exist on the controller.",
		              j->ssh.keyfile);
	if (named)
		finding_error(f, "name_taken", NULL, "choose another --cluster-name.",
		              "Cluster %lld already has the name '%s'.", (long long)named->id,
		              j->name);
	if (j->source.id > 0 && !str_eq(j->source.type, CLUSTER_TYPE_SINGLE))
		finding_error(f, "type", NULL, NULL, "Cluster %lld is of type %s.",
		              (long long)j->source.id, j->source.type);
	return ERR_OK;
}

static enum err_code read_repository_key(struct cluster_job *j, struct err *e)
{
	struct strbuf text = STRBUF_INIT;

	if (!str_starts(j->repository_key, "/"))
		return ERR_OK;
	if (fs_read(j->repository_key, KEY_FILE_MAX, &text, e) != ERR_OK)
		return err_wrap(e, "repository key");
	/* any file of the controller's would do for cat, but only a key is to leave this machine */
	if (strstr(strbuf_cstr(&text), "-----BEGIN PGP PUBLIC KEY BLOCK-----")) {
		j->repository_key = arena_strdup(j->run->a, strbuf_cstr(&text));
		strbuf_release(&text);
		return ERR_OK;
	}
	strbuf_release(&text);
	return err_set(e, ERR_INVALID, "\"%s\" holds no armoured PGP public key",
	               j->repository_key);
}

static void announce(struct cluster_job *j)
{
	struct run *r = j->run;

	run_say(r, "Checking ssh/sudo.");
	run_say(r, "Checking if host already exists in another cluster.");
	run_say(r, "Checking job arguments.");
}

static void tell_facts(struct cluster_job *j)
{
	const struct json *nodes = json_get(j->doc, "nodes"), *m = check_master(j->doc);
	struct run *r = j->run;

	if (m)
		run_say(r, "Found top level master node: %s", json_get_str(m, "endpoint"));
	run_say(r, "Verifying nodes.");
	run_say(r, "Checking nodes that those aren't in another cluster.");
	run_say(r, "Checking SSH connectivity and sudo.");
	run_say(r, "Checking ssh/sudo.");
	run_say(r, "Checking OS system tools.");
	(void)nodes;
}

static void tell_start(struct cluster_job *j)
{
	const struct json *nodes = json_get(j->doc, "nodes");
	struct run *r = j->run;
	size_t i;

	if (j->install)
		run_say(r, "Installing software.");
	for (i = 0; i < json_len(nodes); i++) {
		const struct json *facts = json_get(json_at(nodes, i), "facts");
		const char *host = json_get_str(json_at(nodes, i), "hostname");

		run_say_at(r, host, "Detected %s.",
		           str_or(json_get_str(facts, "os_pretty"), "unknown"));
		if (str_empty(json_get_str(json_at(nodes, i), "datadir")))
			run_say_at(r, host,
			           "Data directory was not specified. Using directory '%s'.",
			           str_or(json_get_str(facts, "datadir"), ""));
	}
	run_say(r, "Configuring host and installing packages if neccessary.");
}

static enum err_code authority(struct run *r, const char **ca, struct err *e)
{
	struct json *result = NULL;

	TRY(run_call(r, "ca.get", NULL, &result, e));
	*ca = arena_strdup(r->a, json_get_str(result, "ca"));
	json_free(&result);
	return ERR_OK;
}

static void fill_node(struct cluster_job *j, struct node *n, size_t i)
{
	const struct json *row = json_at(json_get(j->doc, "nodes"), i);
	const struct json *m = check_master(j->doc);
	const struct json *upstream = i > 0 ? json_at(json_get(j->doc, "nodes"), 0) : m;
	struct run *r = j->run;

	n->cluster_id = r->cluster_id;
	n->hostname = json_get_str(row, "hostname");
	n->ip = json_get_str(row, "ip");
	n->port = (int)json_get_int(row, "port", PG_DEFAULT_PORT);
	n->instance =
	        json_get_str(json_get(json_get(json_get(r->context, "hosts"), n->hostname), "name")
	                             ? json_get(json_get(r->context, "hosts"), n->hostname)
	                             : NULL,
	                     "name");
	n->role = i == 0 && !m ? ROLE_MASTER : ROLE_SLAVE;
	n->created_by_us = true;
	if (!upstream)
		return;
	n->upstream_node_id = i == 0 ? json_get_int(m, "node_id", 0) : 0;
	n->upstream_host = json_get_str(upstream, "hostname");
	n->upstream_port = (int)json_get_int(upstream, "port", PG_DEFAULT_PORT);
	n->slot_name = plan_slot_name(r, r->cluster_id, n->hostname, n->port);
	n->application_name = n->slot_name;
}

/* What the store will know of the new cluster; kept in the plan's sealed context. */
static void describe(struct cluster_job *j, const struct plan_create_in *in)
{
	const struct json *m = check_master(j->doc);
	size_t n = json_len(json_get(j->doc, "nodes")), i;
	struct login token = clusters_login(j->run, "");
	struct cluster c = {
		.id = j->run->cluster_id,
		.name = j->name,
		.type = CLUSTER_TYPE_SINGLE,
		.vendor = "postgresql",
		.version = j->version,
		.remote_cluster_id = j->source.id,
		.remote_node_id = json_get_int(m, "node_id", 0),
		.remote_host = str_or(json_get_str(m, "hostname"), ""),
		.remote_port = (int)json_get_int(m, "port", 0),
		.ssh = j->ssh,
		.admin = { j->admin_user, j->admin_password },
		.repl = *in->repl,
		.mon = *in->mon,
		.rpc_token = token.password,
		.tags = j->tags,
		.n_tags = j->n_tags,
		.cluster_auto_recovery = true,
		.node_auto_recovery = true,
		.nodes = ARENA_NEWN(j->run->a, n, struct node),
		.n_nodes = n,
	};

	for (i = 0; i < n; i++)
		fill_node(j, &c.nodes[i], i);
	json_set(j->run->context, "cluster", cluster_to_json(&c, true));
}

static void print_plan(struct run *r)
{
	size_t i;

	run_say(r, "This is the plan; nothing has been changed:");
	for (i = 0; i < json_len(r->steps); i++) {
		const struct json *s = json_at(r->steps, i);

		run_say(r, "%3zu. [%s] %s%s%s", i + 1,
		        str_or(json_get_str(s, "host"), "controller"), json_get_str(s, "kind"),
		        json_get(s, "title") ? ": " : "", str_or(json_get_str(s, "title"), ""));
	}
}

static enum err_code make_plan(struct cluster_job *j, bool *is_done, struct err *e)
{
	struct run *r = j->run;
	struct login repl = clusters_login(r, REPL_USER), mon = clusters_login(r, MON_USER);
	struct plan_create_in in = { .doc = j->doc, .repl = &repl, .mon = &mon };

	if (j->source.id > 0) {
		in.repl = &j->source.repl;
		in.mon = &j->source.mon;
	}
	TRY(read_repository_key(j, e));
	TRY(authority(r, &in.ca, e));
	if (!j->dry_run) {
		TRY(clusters_reserve(j, j->source.id, e));
		json_set_str(json_get(j->doc, "params"), "cluster_name", j->name);
	}
	in.cluster_id = r->cluster_id;
	in.repository_key = j->repository_key;
	in.repository_url = j->repository_url;
	plan_create(r, &in);
	describe(j, &in);
	if (j->dry_run) {
		print_plan(r);
		*is_done = true;
		return ERR_OK;
	}
	tell_start(j);
	return ERR_OK;
}

static enum err_code look_and_plan(struct cluster_job *j, bool *is_done, struct err *e)
{
	struct findings f;

	findings_init(&f, j->run->a);
	j->may_clean = true;
	TRY(check_parameters(j, &f, e));
	announce(j);
	TRY(cluster_job_gather(j, false, e));
	tell_facts(j);
	check_create(j->doc, &f);
	TRY(findings_report(j->run, &f, e));
	return make_plan(j, is_done, e);
}

enum err_code cmd_create_cluster(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	struct cluster_job j = { 0 };
	enum err_code code;

	run_say(r, "Verifying job parameters.");
	lead_first(r);
	code = cluster_job_init(&j, r, e);
	if (code == ERR_OK)
		code = look_and_plan(&j, is_done, e);
	cluster_job_release(&j);
	return code;
}
