/* Puts a cluster into the store as its hosts show it. */
#include "base/str.h"
#include "plan/hosts.h"
#include "plan/kinds.h"

#define FACTS_TIMEOUT_MS 30000

/* What the host says about the instance: versions, places, operating system. */
static void take_facts(struct json *node, const struct json *facts, const struct json *pg)
{
	static const struct {
		const char *from, *to;
	} names[] = {
		{ "datadir", "datadir" },     { "confdir", "config_dir" }, { "log_file", "log_file" },
		{ "pg_minor", "version" },    { "family", "family" },	    { "os_pretty", "os_pretty" },
		{ "os_id", "os_name" },	      { "os_version", "os_release" },
		{ "os_codename", "os_codename" },
	};
	static const struct {
		const char *from, *to;
	} pg_names[] = {
		{ "data_directory", "datadir" },
		{ "config_file", "config_file" },
		{ "hba_file", "hba_file" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!str_empty(json_get_str(facts, names[i].from)))
			json_set_str(node, names[i].to, json_get_str(facts, names[i].from));
	for (i = 0; i < ARRAY_SIZE(pg_names); i++)
		if (!str_empty(json_get_str(pg, pg_names[i].from)))
			json_set_str(node, pg_names[i].to, json_get_str(pg, pg_names[i].from));
}

static void ask(struct step *s, const struct json *node, struct script_call *facts, struct script_call *pg)
{
	const char *host = json_get_str(node, "hostname");
	const struct json *row = hosts_row(s->run, host);

	hosts_call(s->run, facts, host, "facts.sh");
	script_arg(facts, "version", json_get_str(row, "version"));
	script_arg(facts, "name", json_get_str(row, "name"));
	script_arg(facts, "port", json_get_str(row, "port"));
	script_arg(facts, "datadir", json_get_str(row, "datadir"));
	facts->timeout_ms = FACTS_TIMEOUT_MS;
	hosts_call(s->run, pg, host, "pg_facts.sh");
	script_arg(pg, "port", json_get_str(row, "port"));
	pg->timeout_ms = FACTS_TIMEOUT_MS;
}

static enum err_code look(struct step *s, struct json *cluster, struct err *e)
{
	struct json *nodes = json_get(cluster, "nodes");
	size_t n = json_len(nodes), i;
	struct script_call *calls = ARENA_NEWN(s->run->a, 2 * n + 1, struct script_call);
	enum err_code code;

	for (i = 0; i < n; i++)
		ask(s, json_at(nodes, i), &calls[2 * i], &calls[2 * i + 1]);
	code = script_run_all(calls, 2 * n, e);
	for (i = 0; i < n; i++) {
		const struct json *pg = json_get(calls[2 * i + 1].facts, "pg");

		if (code == ERR_OK && calls[2 * i + 1].err.code != ERR_OK) {
			*e = calls[2 * i + 1].err;
			code = err_wrap(e, "%s", json_get_str(json_at(nodes, i), "hostname"));
		}
		take_facts(json_at(nodes, i), calls[2 * i].facts, pg);
		if (pg)
			json_set_str(cluster, "system_identifier", json_get_str(pg, "system_identifier"));
	}
	for (i = 0; i < 2 * n; i++)
		script_release(&calls[i]);
	return code;
}

enum err_code kind_register(struct step *s, struct err *e)
{
	struct json *cluster = json_copy(json_get(s->run->context, "cluster"));
	struct json *args = json_object_new();
	enum err_code code = look(s, cluster, e);

	json_set(args, "cluster", cluster);
	if (code != ERR_OK) {
		json_free(&args);
		return code;
	}
	TRY(run_call(s->run, "cluster.save", args, NULL, e));
	run_say(s->run, "Cluster %lld is running.", (long long)json_get_int(cluster, "cluster_id", 0));
	run_say(s->run, "Generated & set RPC authentication token.");
	return ERR_OK;
}

enum err_code kind_unregister(struct step *s, struct err *e)
{
	struct json *args = json_object_new();

	json_set_int(args, "cluster_id",
		     json_get_int(json_get(s->run->context, "cluster"), "cluster_id", 0));
	return run_call(s->run, "cluster.remove", args, NULL, e);
}
