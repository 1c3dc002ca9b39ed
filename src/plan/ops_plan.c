/* What becomes of nodes that are there: findings and steps from what was gathered. */
#include <string.h>

#include "base/str.h"
#include "plan/ops.h"
#include "plan/step.h"

static bool is_standby(const struct ops_node *n)
{
	if (n->pg)
		return json_get_bool(n->pg, "in_recovery", false);
	return n->node->role == ROLE_SLAVE;
}

static bool is_paused(const struct ops_node *n)
{
	return is_standby(n) && json_get_bool(n->pg, "paused", false);
}

static const char *endpoint(const struct ops *o, const struct node *n)
{
	return run_printf(o->run, strchr(n->hostname, ':') ? "[%s]:%d" : "%s:%d", n->hostname,
	                  n->port);
}

/* ---- who follows ---- */

/* "dc2-a:5432 (cluster 2)" */
static const char *name_of(const struct ops *o, const struct cluster *in, const struct node *n)
{
	if (in->id == o->cluster.id)
		return endpoint(o, n);
	return run_printf(o->run, "%s (cluster %lld)", endpoint(o, n), (long long)in->id);
}

static const char *join(const struct ops *o, const char *list, const char *name)
{
	return list ? run_printf(o->run, "%s, %s", list, name) : name;
}

static const char *sender_name(const struct ops *o, const struct json *sender)
{
	const char *app = str_or(json_get_str(sender, "application_name"), "");
	const char *addr = str_or(json_get_str(sender, "client_addr"), "");
	struct cluster *in = NULL;
	const struct node *n;
	size_t i, k;

	for (i = 0; i < o->known.count; i++)
		for (k = 0; k < o->known.items[i].n_nodes; k++) {
			n = &o->known.items[i].nodes[k];
			if (!str_empty(app) && str_eq(n->application_name, app))
				return name_of(o, &o->known.items[i], n);
		}
	n = str_empty(addr) ? NULL : cluster_list_node_at(&o->known, addr, 0, &in);
	if (n)
		return name_of(o, in, n);
	return run_printf(o->run, "%s at %s", app, str_empty(addr) ? "its own host" : addr);
}

/* Those that stream from N now, as one text; where N cannot be asked those that the store has. */
static const char *followers(const struct ops *o, const struct ops_node *n)
{
	const struct json *senders = json_get(n->pg, "senders");
	const char *list = NULL;
	size_t i, k;

	for (i = 0; i < json_len(senders); i++)
		list = join(o, list, sender_name(o, json_at(senders, i)));
	for (i = 0; !n->pg && n->node->id > 0 && i < o->known.count; i++)
		for (k = 0; k < o->known.items[i].n_nodes; k++)
			if (o->known.items[i].nodes[k].upstream_node_id == n->node->id)
				list = join(o, list,
				            name_of(o, &o->known.items[i],
				                    &o->known.items[i].nodes[k]));
	return list;
}

/* ---- what speaks against it ---- */

static void check_answers(struct ops *o, const struct ops_node *n, bool must)
{
	struct findings *f = &o->findings;
	const char *hint = str_empty(n->err.hint) ? NULL : run_printf(o->run, "%s.", n->err.hint);

	if (n->state != OPS_UNKNOWN)
		return;
	if (must)
		finding_error(f, "unreachable", n->node->hostname, hint, "%s.", n->err.text);
	else
		finding_warning(f, "unreachable", n->node->hostname, hint, "%s; it is left out.",
		                n->err.text);
}

static void check_followers(struct ops *o, const struct ops_node *n, bool comes_back)
{
	const char *list = followers(o, n), *who = endpoint(o, n->node);

	if (is_paused(n) && !comes_back)
		finding_warning(&o->findings, "paused", n->node->hostname, NULL,
		                "Replay is paused; the pause ends with the server, and after the "
		                "start it replays what it has.");
	if (!list)
		return;
	if (!is_standby(n) && !comes_back && !o->force)
		finding_error(&o->findings, "has_slaves", n->node->hostname,
		              "stop it with --force if nothing is to be written for a while.",
		              "%s is the master and has streaming slaves: %s.", who, list);
	else
		finding_warning(&o->findings, "has_slaves", n->node->hostname, NULL,
		                "These lose their source until %s runs again: %s.", who, list);
}

/* ---- steps ---- */

static struct json *add(struct ops *o, const char *kind, const struct ops_node *n)
{
	struct json *s = step_add(o->run, o->group, kind, n->node->hostname);

	/* a host may have several instances */
	step_arg_int(s, "port", n->node->port);
	step_arg(s, "name", str_or(n->node->instance, "main"));
	step_arg(s, "datadir", n->node->datadir);
	return s;
}

static void add_halt(struct ops *o, const struct ops_node *n)
{
	struct json *s = add(o, "halt", n);

	step_title(s, "Stopping the server on port %d.", n->node->port);
	if (o->stop_timeout_s > 0)
		step_arg_int(s, "stop_timeout", o->stop_timeout_s);
	step_arg(s, "force", o->force ? "yes" : "no");
}

static void add_start(struct ops *o, const struct ops_node *n)
{
	step_title(add(o, "bring_up", n), "Starting the server on port %d.", n->node->port);
}

static void add_wait(struct ops *o, const struct ops_node *n)
{
	if (is_standby(n))
		step_title(add(o, "wait_streaming", n), "Waiting until the slave streams.");
}

static void add_replay(struct ops *o, const struct ops_node *n, bool pause)
{
	struct json *s = add(o, "replay", n);

	step_title(s, pause ? "Pausing recovery of the slave." : "Resuming recovery on the slave.");
	step_arg(s, "want", pause ? "paused" : "running");
	/* what was so before is not undone */
	if (is_paused(n) == pause)
		step_arg(s, "keep", "yes");
}

/* ---- replication ---- */

static void plan_replay(struct ops *o, bool pause)
{
	const struct ops_node *n = &o->nodes[0];
	const char *host = n->node->hostname;

	check_answers(o, n, true);
	if (n->state == OPS_DOWN || n->state == OPS_BUSY)
		finding_error(&o->findings, "down", host, "start the node first.",
		              "The server on port %d %s.", n->node->port,
		              n->state == OPS_DOWN ? "does not run"
		                                   : "does not accept connections yet");
	else if (n->state == OPS_UP && !n->pg)
		finding_error(&o->findings, "server", host, NULL, "%s.", n->err.text);
	else if (n->state == OPS_UP && !is_standby(n))
		finding_error(&o->findings, "not_in_recovery", host, NULL,
		              "Node is not in recovery.");
	o->group = 1;
	add_replay(o, n, pause);
}

void ops_plan_pause(struct ops *o)
{
	plan_replay(o, true);
}

void ops_plan_resume(struct ops *o)
{
	plan_replay(o, false);
}

/* ---- servers ---- */

/* Followers before those they follow. */
static void add_halts(struct ops *o)
{
	size_t i = o->n_nodes;
	int depth = -1;

	while (i-- > 0) {
		const struct ops_node *n = &o->nodes[i];

		if (n->state != OPS_UP && n->state != OPS_BUSY)
			continue;
		o->group += n->depth != depth;
		depth = n->depth;
		add_halt(o, n);
	}
}

/* The head first; waiting comes last, so that a source which is away keeps nobody down. */
static void add_starts(struct ops *o, bool also_running)
{
	int depth = -1;
	size_t i;

	for (i = 0; i < o->n_nodes; i++) {
		const struct ops_node *n = &o->nodes[i];

		if (n->state == OPS_UNKNOWN || (n->state == OPS_UP && !also_running))
			continue;
		o->group += n->depth != depth;
		depth = n->depth;
		add_start(o, n);
	}
	o->group++;
	for (i = 0; i < o->n_nodes; i++)
		if (o->nodes[i].state != OPS_UNKNOWN)
			add_wait(o, &o->nodes[i]);
}

static void check_all_answer(struct ops *o)
{
	size_t i;

	for (i = 0; i < o->n_nodes; i++)
		check_answers(o, &o->nodes[i], !o->force || o->n_nodes == 1);
}

void ops_plan_stop(struct ops *o)
{
	check_all_answer(o);
	if (o->nodes[0].state == OPS_UP)
		check_followers(o, &o->nodes[0], false);
	add_halts(o);
}

void ops_plan_start(struct ops *o)
{
	check_all_answer(o);
	add_starts(o, false);
}

/* A pause that somebody asked for is there again afterwards. */
void ops_plan_restart(struct ops *o)
{
	const struct ops_node *n = &o->nodes[0];
	struct json *s;

	check_all_answer(o);
	if (n->state == OPS_UP)
		check_followers(o, n, true);
	add_halts(o);
	add_starts(o, true);
	if (!is_paused(n))
		return;
	o->group++;
	s = add(o, "replay", n);
	step_title(s, "Pausing recovery of the slave again, as it was before.");
	step_arg(s, "want", "paused");
	step_arg(s, "keep", "yes");
}

void ops_plan_stop_cluster(struct ops *o)
{
	size_t i;

	check_all_answer(o);
	for (i = 0; i < o->known.count; i++) {
		const struct cluster *c = &o->known.items[i];

		if (c->remote_cluster_id == o->cluster.id)
			finding_warning(&o->findings, "slave_cluster", NULL, NULL,
			                "Slave cluster %lld (%s) loses its source until cluster "
			                "%lld is started again.",
			                (long long)c->id, c->name, (long long)o->cluster.id);
	}
	add_halts(o);
}
