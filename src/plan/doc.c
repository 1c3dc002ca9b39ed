#include "plan/doc.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "pg/conn.h"
#include "plan/clean.h"
#include "plan/clusters.h"
#include "plan/hosts.h"

#define FACTS_TIMEOUT_MS 30000

const char *cluster_job_endpoint(struct run *r, const char *host, int port)
{
	return run_printf(r, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
}

const char *cluster_job_address(struct run *r, const char *host)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	char text[NI_MAXHOST];
	const char *found = "";

	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return "";
	if (getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof(text), NULL, 0,
	                NI_NUMERICHOST) == 0)
		found = arena_strdup(r->a, text);
	freeaddrinfo(list);
	return found;
}

static const char *text(struct run *r, const char *key, const char *dflt)
{
	return str_or(run_str(r, key), dflt);
}

static enum err_code load_source(struct cluster_job *j, struct err *e)
{
	TRY(clusters_get(j->run, j->remote_cluster_id, &j->source, e));
	if (j->source.remote_cluster_id != 0)
		return err_set(e, ERR_REFUSED,
		               "cluster %lld is itself a slave cluster (of cluster %lld)",
		               (long long)j->source.id, (long long)j->source.remote_cluster_id);
	return ERR_OK;
}

static void read_tags(struct cluster_job *j)
{
	const struct json *tags = json_get(j->run->data, "with_tags");
	size_t n = json_len(tags) < CLUSTER_TAGS_MAX ? json_len(tags) : CLUSTER_TAGS_MAX;

	j->tags = ARENA_NEWN(j->run->a, n + 1, const char *);
	for (size_t i = 0; i < n; i++) {
		const char *tag = json_str(json_at(tags, i));

		if (!str_empty(tag))
			j->tags[j->n_tags++] = tag;
	}
}

enum err_code cluster_job_init(struct cluster_job *j, struct run *r, struct err *e)
{
	const struct json *master = json_get(r->data, "replication_master");

	*j = (struct cluster_job){ .run = r };
	j->name = text(r, "cluster_name", "");
	j->version = text(r, "version", "");
	j->vendor = text(r, "vendor", "postgresql");
	j->datadir = text(r, "datadir", "");
	j->admin_user = text(r, "postgre_user", "");
	j->admin_password = text(r, "postgre_password", "");
	j->install = json_get_bool(r->data, "install_software", true);
	j->dry_run = json_get_bool(r->data, "dry_run", false);
	j->repository = text(r, "repository", "distro");
	j->repository_url = text(r, "repository_url", "");
	j->repository_key = text(r, "repository_key", "");
	j->remote_cluster_id = json_get_int(r->data, "remote_cluster_id", 0);
	j->want_master_host = str_or(json_get_str(master, "hostname"), "");
	j->want_master_port = (int)json_get_int(master, "port", 0);
	j->ssh = (struct ssh_login){
		.user = text(r, "ssh_user", "root"),
		.keyfile = text(r, "ssh_keyfile", ""),
		.port = (int)json_get_int(r->data, "ssh_port", 0),
		.sudo_password = text(r, "sudo_password", ""),
	};
	read_tags(j);
	TRY(clusters_list(r, &j->known, e));
	return j->remote_cluster_id > 0 ? load_source(j, e) : ERR_OK;
}

void cluster_job_release(struct cluster_job *j)
{
	json_free(&j->doc);
}

/* ---- the document ---- */

static void set_params(struct cluster_job *j)
{
	struct json *p = json_object_new();

	json_set_str(p, "cluster_name", j->name);
	json_set_str(p, "version", j->version);
	json_set_str(p, "datadir", j->datadir);
	json_set_str(p, "admin_user", j->admin_user);
	json_set_bool(p, "install", j->install);
	json_set_str(p, "repository", j->repository);
	json_set_int(p, "remote_cluster_id", j->remote_cluster_id);
	json_set_str(p, "extension_packages", run_str(j->run, "extension_packages"));
	json_set(j->doc, "params", p);
	json_set_int(j->doc, "now_ms", clock_wall_ms());
}

static void add_host(struct run *r, const char *name, const struct ssh_login *l)
{
	struct ssh_target t = { .host = name,
		                .port = l->port,
		                .user = l->user,
		                .keyfile = l->keyfile,
		                .sudo_password = l->sudo_password };

	(void)hosts_add(r, name, &t);
}

static void set_nodes(struct cluster_job *j)
{
	const struct json *nodes = json_get(j->run->data, "nodes");
	struct json *list = json_array_new();
	size_t i;

	for (i = 0; i < json_len(nodes); i++) {
		const struct json *given = json_at(nodes, i);
		const char *host = str_or(json_get_str(given, "hostname"), "");
		struct json *row = json_object_new();
		const char *ip = cluster_job_address(j->run, host);
		struct cluster *in = NULL;

		json_set_str(row, "hostname", host);
		json_set_str(row, "ip", ip);
		json_set_int(row, "port", json_get_int(given, "port", PG_DEFAULT_PORT));
		json_set_str(row, "datadir", str_or(json_get_str(given, "datadir"), j->datadir));
		json_set_bool(row, "slave", json_get_bool(given, "slave", false));
		if (cluster_list_node_at(&j->known, host, 0, &in) ||
		    (ip[0] != '\0' && cluster_list_node_at(&j->known, ip, 0, &in)))
			json_set_int(row, "in_cluster", in->id);
		add_host(j->run, host, &j->ssh);
		json_append(list, row);
	}
	json_set(j->doc, "nodes", list);
}

static void set_source(struct cluster_job *j)
{
	struct json *source = json_object_new(), *members = json_array_new();
	size_t i;

	for (i = 0; i < j->source.n_nodes; i++) {
		const struct node *n = &j->source.nodes[i];
		struct json *m = json_object_new();

		json_set_str(m, "hostname", n->hostname);
		json_set_str(m, "ip", n->ip);
		json_set_int(m, "port", n->port);
		json_set_int(m, "node_id", n->id);
		json_set_str(m, "datadir", n->datadir);
		json_set_str(m, "instance", n->instance);
		json_set_str(m, "endpoint", cluster_job_endpoint(j->run, n->hostname, n->port));
		json_append(members, m);
		add_host(j->run, n->hostname, &j->source.ssh);
	}
	json_set_int(source, "cluster_id", j->source.id);
	json_set_str(source, "cluster_name", j->source.name);
	json_set(source, "members", members);
	json_set_int(source, "master", -1);
	json_set(j->doc, "source", source);
}

/* ---- asking the hosts ---- */

/* One question to one host: the script and the row of the document that gets the answer. */
struct question {
	struct json *row;
	bool pg;
};

static const char *reach_list(struct cluster_job *j)
{
	struct strbuf list = STRBUF_INIT;
	const char *copy;
	size_t i;

	for (i = 0; i < j->source.n_nodes; i++) {
		const struct node *n = &j->source.nodes[i];

		strbuf_addf(&list, "%s%s", i > 0 ? "," : "",
		            cluster_job_endpoint(j->run, n->hostname, n->port));
	}
	copy = arena_strdup(j->run->a, strbuf_cstr(&list));
	strbuf_release(&list);
	return copy;
}

static void ask(struct cluster_job *j, struct question *q, struct script_call *call)
{
	struct run *r = j->run;
	const char *host = json_get_str(q->row, "hostname");
	const char *port = run_printf(r, "%lld", (long long)json_get_int(q->row, "port", 5432));

	hosts_call(r, call, host, q->pg ? "pg_facts.sh" : "facts.sh");
	call->timeout_ms = FACTS_TIMEOUT_MS;
	script_arg(call, "port", port);
	if (q->pg)
		return;
	script_arg(call, "version", j->version);
	script_arg(call, "datadir", json_get_str(q->row, "datadir"));
	script_arg(call, "name", json_get_str(q->row, "instance"));
	if (!json_get(q->row, "node_id"))
		script_arg(call, "reach", reach_list(j));
}

static void set_error(struct json *row, const char *key, const struct err *from)
{
	struct json *error = json_object_new();

	json_set_str(error, "text", from->text);
	json_set_str(error, "hint", from->hint[0] ? from->hint : NULL);
	json_set(row, key, error);
}

/* A host in a cluster is known there by one of its addresses, maybe not by the one it has here. */
static void find_cluster(struct cluster_job *j, struct json *row)
{
	const char *list = json_get_str(json_get(row, "facts"), "addresses");
	struct cluster *in = NULL;
	char address[64];

	if (json_get(row, "in_cluster") || json_get(row, "node_id"))
		return;
	while (!in && list && str_field(&list, ",", address, sizeof(address)))
		if (address[0] != '\0')
			(void)cluster_list_node_at(&j->known, address, 0, &in);
	if (in)
		json_set_int(row, "in_cluster", in->id);
}

static void take_answer(struct cluster_job *j, struct question *q, struct script_call *call)
{
	const struct err *ssh = ssh_error(call->ssh);

	if (ssh) {
		set_error(q->row, "ssh_error", ssh);
	} else if (call->err.code != ERR_OK) {
		set_error(q->row, q->pg ? "pg_error" : "ssh_error", &call->err);
	} else if (q->pg) {
		json_set(q->row, "pg", json_ref(json_get(call->facts, "pg")));
	} else {
		json_set(q->row, "facts", json_ref(call->facts));
		json_set_int(q->row, "seen_ms", clock_wall_ms());
		json_set_str(q->row, "controller_ip", ssh_client_ip(call->ssh));
		find_cluster(j, q->row);
	}
}

static size_t add_questions(struct question *q, size_t n, const struct json *rows, bool pg)
{
	size_t i;

	for (i = 0; i < json_len(rows); i++) {
		q[n++] = (struct question){ .row = json_at(rows, i) };
		if (pg)
			q[n++] = (struct question){ .row = json_at(rows, i), .pg = true };
	}
	return n;
}

static enum err_code ask_all(struct cluster_job *j, bool nodes_have_pg, struct err *e)
{
	const struct json *nodes = json_get(j->doc, "nodes");
	const struct json *members = json_get(json_get(j->doc, "source"), "members");
	size_t max = 2 * (json_len(nodes) + json_len(members)) + 1, n, i;
	struct question *q = ARENA_NEWN(j->run->a, max, struct question);
	struct script_call *calls = ARENA_NEWN(j->run->a, max, struct script_call);
	enum err_code code;

	n = add_questions(q, 0, nodes, nodes_have_pg);
	n = add_questions(q, n, members, true);
	for (i = 0; i < n; i++) {
		json_set_int(q[i].row, "asked_ms", clock_wall_ms());
		ask(j, &q[i], &calls[i]);
	}
	code = script_run_all(calls, n, e);
	for (i = 0; i < n; i++) {
		if (code == ERR_OK)
			take_answer(j, &q[i], &calls[i]);
		script_release(&calls[i]);
	}
	return code;
}

/* ---- the master of the other cluster ---- */

static void source_error(struct cluster_job *j, const char *hint, const char *sentence)
{
	struct json *error = json_object_new();

	json_set_str(error, "text", sentence);
	json_set_str(error, "hint", hint);
	json_set(json_get(j->doc, "source"), "error", error);
}

static const char *why_down(struct cluster_job *j, const struct json *members)
{
	const char *why = "";
	size_t i;

	for (i = 0; i < json_len(members); i++) {
		const struct json *m = json_at(members, i);
		const struct json *error = json_get(m, "ssh_error") ? json_get(m, "ssh_error")
		                                                    : json_get(m, "pg_error");

		why = run_printf(j->run, "%s%s%s:%lld: %s", why, why[0] ? "; " : "",
		                 json_get_str(m, "hostname"),
		                 (long long)json_get_int(m, "port", 5432),
		                 error ? json_get_str(error, "text") : "is a slave");
	}
	return why;
}

static bool is_wanted(const struct cluster_job *j, const struct json *m)
{
	if (j->want_master_host[0] == '\0')
		return true;
	return str_ieq(json_get_str(m, "hostname"), j->want_master_host) &&
	       (j->want_master_port == 0 || j->want_master_port == json_get_int(m, "port", 5432));
}

static void find_master(struct cluster_job *j)
{
	struct json *source = json_get(j->doc, "source");
	const struct json *members = json_get(source, "members");
	int64_t found = -1, writable = 0;
	size_t i;

	for (i = 0; i < json_len(members); i++) {
		const struct json *m = json_at(members, i);
		const struct json *pg = json_get(m, "pg");

		if (!pg || json_get_bool(pg, "in_recovery", true))
			continue;
		writable++;
		if (is_wanted(j, m))
			found = (int64_t)i;
	}
	json_set_int(source, "master", writable == 1 ? found : -1);
	if (writable > 1)
		source_error(j, "stop the one that is not the true master before anything else.",
		             run_printf(j->run, "Cluster %lld has %lld nodes that accept writes.",
		                        (long long)j->source.id, (long long)writable));
	else if (writable == 0)
		source_error(j, "start it, or promote a node first (Nodes > Promote Slave).",
		             run_printf(j->run, "Cluster %lld has no master (%s).",
		                        (long long)j->source.id, why_down(j, members)));
	else if (found < 0)
		source_error(j, "name the master itself, or leave --master out.",
		             run_printf(j->run, "Node %s is not the master of cluster %lld.",
		                        j->want_master_host, (long long)j->source.id));
}

/* Log in to the master as the admin: the same credentials must hold on both sides. */
static void try_admin(struct cluster_job *j)
{
	struct json *source = json_get(j->doc, "source"), *admin = json_object_new();
	const struct json *m =
	        json_at(json_get(source, "members"), (size_t)json_get_int(source, "master", 0));
	struct conninfo c = { .host = json_get_str(m, "hostname"),
		              .hostaddr = str_empty(json_get_str(m, "ip")) ? NULL
		                                                           : json_get_str(m, "ip"),
		              .port = (int)json_get_int(m, "port", 5432),
		              .user = j->admin_user,
		              .password = j->admin_password };
	struct pg_options o = { .connect_timeout_ms = 5000 };
	enum pg_fail why = PG_FAIL_NONE;
	struct err e = { 0 };
	struct pg *pg = NULL;
	struct pg_result *row = NULL;

	json_set_str(admin, "user", j->admin_user);
	if (pg_connect(&c, &o, &pg, &why, &e) != ERR_OK) {
		json_set_str(admin, "fail", pg_fail_name(why));
		json_set_str(admin, "text", str_or(pg_fail_text(why), e.text));
	} else if (pg_query_row(pg, "select rolsuper from pg_roles where rolname = current_user",
	                        NO_PARAMS, &row, &e) != ERR_OK ||
	           !pg_result_bool(row, 0, 0, false)) {
		json_set_str(admin, "fail", "NOT_SUPERUSER");
		json_set_str(admin, "text", "the role is no superuser");
	}
	pg_result_free(&row);
	pg_free(&pg);
	json_set(source, "admin", admin);
}

static void take_paths(struct json *facts, const struct json *found)
{
	struct json *value;
	const char *key;
	void *iter = NULL;

	while (json_next(found, &iter, &key, &value))
		if (str_starts(key, "path."))
			json_set(facts, key, json_ref(value));
}

/* Places of the master's tablespaces, as the new hosts have them. */
static enum err_code ask_paths(struct cluster_job *j, const struct json *master, struct err *e)
{
	const struct json *spaces = json_get(json_get(master, "pg"), "tablespaces");
	const struct json *nodes = json_get(j->doc, "nodes");
	struct script_call *calls = ARENA_NEWN(j->run->a, json_len(nodes) + 1, struct script_call);
	const char *paths = "";
	enum err_code code;
	size_t i;

	for (i = 0; i < json_len(spaces); i++) {
		const char *where = json_get_str(json_at(spaces, i), "location");

		if (!str_empty(where))
			paths = run_printf(j->run, "%s%s%s", paths, paths[0] ? ":" : "", where);
	}
	if (paths[0] == '\0')
		return ERR_OK;
	for (i = 0; i < json_len(nodes); i++) {
		hosts_call(j->run, &calls[i], json_get_str(json_at(nodes, i), "hostname"),
		           "facts.sh");
		script_arg(&calls[i], "paths", paths);
		calls[i].timeout_ms = FACTS_TIMEOUT_MS;
	}
	code = script_run_all(calls, json_len(nodes), e);
	for (i = 0; i < json_len(nodes); i++) {
		struct json *facts = json_get(json_at(nodes, i), "facts");

		if (code == ERR_OK && facts && calls[i].err.code == ERR_OK)
			take_paths(facts, calls[i].facts);
		script_release(&calls[i]);
	}
	return code;
}

static enum err_code ask_about_source(struct cluster_job *j, struct err *e)
{
	const struct json *source = json_get(j->doc, "source");
	int64_t at;

	find_master(j);
	at = json_get_int(source, "master", -1);
	if (at < 0)
		return ERR_OK;
	try_admin(j);
	return ask_paths(j, json_at(json_get(source, "members"), (size_t)at), e);
}

enum err_code cluster_job_gather(struct cluster_job *j, bool with_pg, struct err *e)
{
	bool cleaned = false;

	j->doc = json_object_new();
	set_params(j);
	set_nodes(j);
	if (j->source.id > 0)
		set_source(j);
	TRY(hosts_open(j->run, e));
	TRY(run_check_cancel(j->run, e));
	TRY(ask_all(j, with_pg, e));
	if (j->may_clean && !j->dry_run) {
		TRY(clean_left_jobs(j->run, json_get(j->doc, "nodes"), &cleaned, e));
		if (cleaned)
			TRY(ask_all(j, with_pg, e));
	}
	return j->source.id > 0 ? ask_about_source(j, e) : ERR_OK;
}
