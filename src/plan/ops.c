#include "plan/ops.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "plan/clusters.h"
#include "plan/hosts.h"

#define LOOK_TIMEOUT_MS 30000

/* ---- the store ---- */

/* Also where the chain of upstreams is not known the head comes first. */
static int depth_of(const struct ops *o, const struct node *n)
{
	int depth;

	if (n == cluster_head(&o->cluster))
		return 0;
	depth = node_depth(&o->known, &o->cluster, n);
	return depth < 0 ? CLUSTER_DEPTH_MAX : depth + 1;
}

static int by_depth(const void *a, const void *b)
{
	const struct ops_node *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static void take_nodes(struct ops *o)
{
	size_t i;

	o->n_nodes = o->cluster.n_nodes;
	o->nodes = ARENA_NEWN(o->run->a, o->n_nodes + 1, struct ops_node);
	for (i = 0; i < o->n_nodes; i++) {
		o->nodes[i].node = &o->cluster.nodes[i];
		o->nodes[i].depth = depth_of(o, o->nodes[i].node);
	}
	if (o->n_nodes > 1)
		qsort(o->nodes, o->n_nodes, sizeof(*o->nodes), by_depth);
}

enum err_code ops_load(struct ops *o, struct run *r, struct err *e)
{
	o->run = r;
	o->force = json_get_bool(r->data, "force", false) ||
	           json_get_bool(r->data, "force_stop", false);
	o->stop_timeout_s = json_get_int(r->data, "stop_timeout", 0);
	findings_init(&o->findings, r->a);
	TRY(clusters_get(r, r->cluster_id, &o->cluster, e));
	TRY(clusters_list(r, &o->known, e));
	take_nodes(o);
	return ERR_OK;
}

void ops_release(struct ops *o)
{
	size_t i;

	for (i = 0; i < o->n_nodes; i++)
		json_free(&o->nodes[i].pg);
}

enum err_code ops_take_node(struct ops *o, const char *field, struct err *e)
{
	const struct json *wanted = json_get(o->run->data, field);
	const char *host = str_or(json_get_str(wanted, "hostname"), "");
	int port = (int)json_get_int(wanted, "port", json_get_int(o->run->data, "port", 0));
	const struct node *n = cluster_node_at(&o->cluster, host, port);
	size_t i;

	if (!n) {
		err_set(e, ERR_REFUSED, "%s%s is no node of cluster %lld (%s)", host,
		        port > 0 ? run_printf(o->run, ":%d", port) : "", (long long)o->cluster.id,
		        o->cluster.name);
		return err_hint(e, "\"pgtandem node --list\" shows the nodes of all clusters");
	}
	for (i = 0; o->nodes[i].node != n; i++)
		;
	o->nodes += i;
	o->n_nodes = 1;
	return ERR_OK;
}

/* ---- the hosts ---- */

static void ask(struct ops *o, const struct node *n, struct script_call *status,
                struct script_call *pg)
{
	const char *port = run_printf(o->run, "%d", n->port);

	hosts_call(o->run, status, n->hostname, "service.sh");
	status->family = str_or(n->family, "unknown");
	script_arg(status, "action", "status");
	script_arg(status, "version", o->cluster.version);
	script_arg(status, "name", str_or(n->instance, "main"));
	script_arg(status, "port", port);
	script_arg(status, "datadir", n->datadir);
	status->timeout_ms = LOOK_TIMEOUT_MS;
	hosts_call(o->run, pg, n->hostname, "pg_facts.sh");
	script_arg(pg, "port", port);
	script_arg(pg, "datadir", n->datadir);
	pg->timeout_ms = LOOK_TIMEOUT_MS;
}

static void take_answer(struct ops_node *n, const struct script_call *status,
                        const struct script_call *pg)
{
	if (status->err.code != ERR_OK)
		n->err = status->err;
	else if (status->exit_status == 0)
		n->state = OPS_UP;
	else if (str_eq(json_get_str(status->facts, "running"), "yes"))
		n->state = OPS_BUSY;
	else
		n->state = OPS_DOWN;
	if (n->state != OPS_UP)
		return;
	n->err = pg->err;
	if (pg->err.code == ERR_OK && json_get(pg->facts, "pg"))
		n->pg = json_ref(json_get(pg->facts, "pg"));
}

enum err_code ops_look(struct ops *o, struct err *e)
{
	struct script_call *calls = ARENA_NEWN(o->run->a, 2 * o->n_nodes + 1, struct script_call);
	enum err_code code;
	size_t i;

	run_say(o->run, "Checking ssh/sudo.");
	for (i = 0; i < o->n_nodes; i++)
		clusters_host(o->run, &o->cluster, o->nodes[i].node);
	TRY(hosts_open(o->run, e));
	for (i = 0; i < o->n_nodes; i++)
		ask(o, o->nodes[i].node, &calls[2 * i], &calls[2 * i + 1]);
	code = script_run_all(calls, 2 * o->n_nodes, e);
	for (i = 0; i < o->n_nodes; i++) {
		take_answer(&o->nodes[i], &calls[2 * i], &calls[2 * i + 1]);
		script_release(&calls[2 * i]);
		script_release(&calls[2 * i + 1]);
	}
	return code;
}

/* ---- the log ---- */

enum err_code ops_report(struct ops *o, struct err *e)
{
	const struct findings *f = &o->findings;
	enum err_code code = findings_report(o->run, f, e);
	size_t i;

	for (i = 0; code != ERR_OK && f->errors == 1 && i < f->count; i++) {
		size_t len = strlen(f->list[i].text);

		if (f->list[i].is_error)
			return err_set(e, code, "%.*s", (int)(len > 0 ? len - 1 : 0),
			               f->list[i].text);
	}
	return code;
}

void ops_print_plan(struct run *r)
{
	size_t i;

	run_say(r, "This is the plan; nothing has been changed:");
	for (i = 0; i < json_len(r->steps); i++) {
		const struct json *s = json_at(r->steps, i);

		run_say_at(r, json_get_str(s, "host"), "%s: %s", json_get_str(s, "kind"),
		           str_or(json_get_str(s, "title"), ""));
	}
}
