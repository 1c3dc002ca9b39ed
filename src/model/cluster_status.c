/* The state of a cluster, a pure function of what is known and what was measured. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/macros.h"
#include "base/str.h"
#include "model/live.h"

static const char *const state_names[CLUSTER_STATES] = {
	[CLUSTER_UNKNOWN] = "UNKNOWN",   [CLUSTER_STARTED] = "STARTED",
	[CLUSTER_DEGRADED] = "DEGRADED", [CLUSTER_FAILURE] = "FAILURE",
	[CLUSTER_STOPPED] = "STOPPED",
};

const char *cluster_state_name(enum cluster_state s)
{
	return state_names[s < CLUSTER_STATES ? s : CLUSTER_UNKNOWN];
}

struct counts {
	size_t measured, online, writable, shut_down;
	const struct node *missing;   /* one that is not online */
	const struct node *writer[2]; /* the first two writable ones */
};

static void count_node(const struct node *n, const struct node_live *l, struct counts *k)
{
	enum host_status status = l != NULL ? l->status : HOST_UNKNOWN;

	k->measured += status != HOST_UNKNOWN;
	k->shut_down += status == HOST_SHUTDOWN;
	if (status != HOST_ONLINE) {
		k->missing = k->missing != NULL ? k->missing : n;
		return;
	}
	k->online++;
	if (l->in_recovery || l->readonly)
		return;
	if (k->writable < ARRAY_SIZE(k->writer))
		k->writer[k->writable] = n;
	k->writable++;
}

static void PRINTF_LIKE(3, 4)
        conclude(struct cluster_status *out, enum cluster_state state, const char *fmt, ...)
{
	va_list ap;

	out->state = state;
	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
}

static void say_missing(const struct cluster *c, const struct counts *k, struct cluster_status *out)
{
	size_t missing = c->n_nodes - k->online;

	if (missing == 1)
		conclude(out, CLUSTER_DEGRADED, "Node %s:%d is not online.", k->missing->hostname,
		         k->missing->port);
	else
		conclude(out, CLUSTER_DEGRADED, "%zu of %zu nodes are not online.", missing,
		         c->n_nodes);
}

static void judge_master(const struct cluster *c, const struct counts *k,
                         struct cluster_status *out)
{
	if (k->writable == 0 && k->measured < c->n_nodes)
		conclude(out, CLUSTER_UNKNOWN, "Not every node has been looked at yet.");
	else if (k->writable == 0)
		conclude(out, CLUSTER_FAILURE, "No writable node.");
	else if (k->writable > 1)
		conclude(out, CLUSTER_DEGRADED, "More than one node is writable: %s:%d and %s:%d.",
		         k->writer[0]->hostname, k->writer[0]->port, k->writer[1]->hostname,
		         k->writer[1]->port);
	else if (k->online < c->n_nodes)
		say_missing(c, k, out);
	else
		conclude(out, CLUSTER_STARTED, "All nodes are operational.");
}

static const char *link_note(const struct cluster *c, const struct live_list *live)
{
	static const char *const notes[LINK_STATES] = {
		[LINK_CATCHING_UP] = " The replication link is catching up.",
		[LINK_PAUSED] = " Replication is paused.",
		[LINK_STALLED] = " The replication link is stalled.",
		[LINK_BROKEN] = " The replication link is broken.",
		[LINK_DOWN] = " The replication link is down.",
	};
	const struct node *bridge = cluster_bridge(c);
	const struct node_live *l = bridge != NULL ? live_find(live, bridge->id) : NULL;

	if (l == NULL || l->link >= LINK_STATES || notes[l->link] == NULL)
		return "";
	return notes[l->link];
}

static void judge_slave(const struct cluster *c, const struct live_list *live,
                        const struct counts *k, struct cluster_status *out)
{
	if (k->online == 0)
		conclude(out, CLUSTER_FAILURE, "No node is online.");
	else if (k->writable > 0)
		conclude(out, CLUSTER_DEGRADED,
		         "Node %s:%d is writable although the cluster is a replica of cluster "
		         "%" PRId64 ".",
		         k->writer[0]->hostname, k->writer[0]->port, c->remote_cluster_id);
	else if (k->online < c->n_nodes)
		say_missing(c, k, out);
	else
		conclude(out, CLUSTER_STARTED, "Cluster is a replica of cluster %" PRId64 ".%s",
		         c->remote_cluster_id, link_note(c, live));
}

void cluster_status_of(const struct cluster *c, const struct live_list *live,
                       struct cluster_status *out)
{
	struct counts k = { 0 };

	for (size_t i = 0; i < c->n_nodes; i++)
		count_node(&c->nodes[i], live_find(live, c->nodes[i].id), &k);
	if (c->n_nodes == 0)
		conclude(out, CLUSTER_UNKNOWN, "The cluster has no nodes.");
	else if (k.measured == 0)
		conclude(out, CLUSTER_UNKNOWN, "The nodes have not been seen yet.");
	else if (k.shut_down == c->n_nodes)
		conclude(out, CLUSTER_STOPPED, "All nodes are shut down.");
	else if (c->remote_cluster_id == 0)
		judge_master(c, &k, out);
	else
		judge_slave(c, live, &k, out);
}
