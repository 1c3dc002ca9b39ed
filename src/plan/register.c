/* Puts a cluster into the store as its hosts show it. */
#include "base/str.h"
#include "model/cluster.h"
#include "pg/version.h"
#include "plan/hosts.h"
#include "plan/kinds.h"

#define FACTS_TIMEOUT_MS 30000

static void take(struct run *r, const char **field, const struct json *facts, const char *key)
{
	const char *value = json_get_str(facts, key);

	if (!str_empty(value))
		*field = arena_strdup(r->a, value);
}

/* What the host says about the instance: versions, places, operating system. */
static void take_facts(struct run *r, struct node *n, const struct json *facts,
                       const struct json *pg)
{
	take(r, &n->datadir, facts, "datadir");
	take(r, &n->config_dir, facts, "confdir");
	take(r, &n->log_file, facts, "log_file");
	take(r, &n->version, facts, "pg_minor");
	take(r, &n->family, facts, "family");
	take(r, &n->os_pretty, facts, "os_pretty");
	take(r, &n->os_name, facts, "os_id");
	take(r, &n->os_release, facts, "os_version");
	take(r, &n->os_codename, facts, "os_codename");
	take(r, &n->datadir, pg, "data_directory");
	take(r, &n->config_file, pg, "config_file");
	take(r, &n->hba_file, pg, "hba_file");
	if (json_get_int(pg, "version_num", 0) > 0) {
		char text[PG_VERSION_TEXT_SIZE];

		pg_version_format((int)json_get_int(pg, "version_num", 0), text);
		n->version = arena_strdup(r->a, text);
	}
}

static void ask(struct step *s, const struct node *n, struct script_call *facts,
                struct script_call *pg)
{
	const struct json *row = hosts_row(s->run, n->hostname);

	hosts_call(s->run, facts, n->hostname, "facts.sh");
	script_arg(facts, "version", json_get_str(row, "version"));
	script_arg(facts, "name", json_get_str(row, "name"));
	script_arg(facts, "port", json_get_str(row, "port"));
	script_arg(facts, "datadir", json_get_str(row, "datadir"));
	facts->timeout_ms = FACTS_TIMEOUT_MS;
	hosts_call(s->run, pg, n->hostname, "pg_facts.sh");
	script_arg(pg, "port", json_get_str(row, "port"));
	pg->timeout_ms = FACTS_TIMEOUT_MS;
}

static enum err_code look(struct step *s, struct cluster *c, struct err *e)
{
	struct run *r = s->run;
	struct script_call *calls = ARENA_NEWN(r->a, 2 * c->n_nodes + 1, struct script_call);
	enum err_code code;
	size_t i;

	for (i = 0; i < c->n_nodes; i++)
		ask(s, &c->nodes[i], &calls[2 * i], &calls[2 * i + 1]);
	code = script_run_all(calls, 2 * c->n_nodes, e);
	for (i = 0; i < c->n_nodes; i++) {
		const struct json *pg = json_get(calls[2 * i + 1].facts, "pg");

		if (code == ERR_OK && calls[2 * i + 1].err.code != ERR_OK) {
			*e = calls[2 * i + 1].err;
			code = err_wrap(e, "%s", c->nodes[i].hostname);
		}
		take_facts(r, &c->nodes[i], calls[2 * i].facts, pg);
		take(r, &c->system_identifier, pg, "system_identifier");
	}
	for (i = 0; i < 2 * c->n_nodes; i++)
		script_release(&calls[i]);
	return code;
}

enum err_code kind_register(struct step *s, struct err *e)
{
	struct cluster c;
	struct json *args;

	TRY(cluster_from_json(json_get(s->run->context, "cluster"), s->run->a, &c, e));
	TRY(look(s, &c, e));
	args = json_object_new();
	json_set(args, "cluster", cluster_to_json(&c, true));
	TRY(run_call(s->run, "cluster.save", args, NULL, e));
	run_say(s->run, "Cluster %lld is running.", (long long)c.id);
	run_say(s->run, "Generated & set RPC authentication token.");
	return ERR_OK;
}

enum err_code kind_unregister(struct step *s, struct err *e)
{
	struct json *args = json_object_new();

	json_set_int(args, "cluster_id", s->run->cluster_id);
	return run_call(s->run, "cluster.remove", args, NULL, e);
}
