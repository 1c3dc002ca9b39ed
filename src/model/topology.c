/* Questions about who follows whom; every walk is bounded. */
#include "base/str.h"
#include "model/cluster.h"

struct cluster *cluster_find(const struct cluster_list *l, int64_t id)
{
	for (size_t i = 0; i < l->count; i++) {
		if (l->items[i].id == id)
			return &l->items[i];
	}
	return NULL;
}

struct cluster *cluster_find_name(const struct cluster_list *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++) {
		if (!str_empty(name) && str_eq(l->items[i].name, name))
			return &l->items[i];
	}
	return NULL;
}

struct node *cluster_node(const struct cluster *c, int64_t node_id)
{
	for (size_t i = 0; node_id != 0 && i < c->n_nodes; i++) {
		if (c->nodes[i].id == node_id)
			return &c->nodes[i];
	}
	return NULL;
}

static bool node_is_at(const struct node *n, const char *host, int port)
{
	if (port != 0 && n->port != port)
		return false;
	return str_ieq(n->hostname, host) || (!str_empty(n->ip) && str_ieq(n->ip, host));
}

struct node *cluster_node_at(const struct cluster *c, const char *host, int port)
{
	for (size_t i = 0; !str_empty(host) && i < c->n_nodes; i++) {
		if (node_is_at(&c->nodes[i], host, port))
			return &c->nodes[i];
	}
	return NULL;
}

static struct node *found(struct node *n, struct cluster *c, struct cluster **in)
{
	if (in != NULL)
		*in = c;
	return n;
}

struct node *cluster_list_node(const struct cluster_list *l, int64_t node_id, struct cluster **in)
{
	for (size_t i = 0; i < l->count; i++) {
		struct node *n = cluster_node(&l->items[i], node_id);

		if (n != NULL)
			return found(n, &l->items[i], in);
	}
	return NULL;
}

struct node *cluster_list_node_at(const struct cluster_list *l, const char *host, int port,
                                  struct cluster **in)
{
	for (size_t i = 0; i < l->count; i++) {
		struct node *n = cluster_node_at(&l->items[i], host, port);

		if (n != NULL)
			return found(n, &l->items[i], in);
	}
	return NULL;
}

struct node *cluster_master(const struct cluster *c)
{
	for (size_t i = 0; i < c->n_nodes; i++) {
		if (c->nodes[i].role == ROLE_MASTER)
			return &c->nodes[i];
	}
	return NULL;
}

static bool follows_own_node(const struct cluster *c, const struct node *n)
{
	const struct node *up = cluster_node(c, n->upstream_node_id);

	if (up == NULL && n->upstream_node_id == 0)
		up = cluster_node_at(c, n->upstream_host,
		                     n->upstream_port != 0 ? n->upstream_port : PG_DEFAULT_PORT);
	return up != NULL && up != n;
}

struct node *cluster_bridge(const struct cluster *c)
{
	if (c->remote_cluster_id == 0)
		return NULL;
	for (size_t i = 0; i < c->n_nodes; i++) {
		struct node *n = &c->nodes[i];

		if (n->role == ROLE_SLAVE && !follows_own_node(c, n))
			return n;
	}
	return NULL;
}

struct node *cluster_head(const struct cluster *c)
{
	struct node *n = cluster_master(c);

	return n != NULL ? n : cluster_bridge(c);
}

/* The remote end of a bridge: where the bridge says, else where the cluster says. */
static struct node *remote_end(const struct cluster_list *l, const struct cluster *c,
                               const char *host, int port, struct cluster **in)
{
	struct cluster *remote = cluster_find(l, c->remote_cluster_id);
	struct node *n;

	if (remote == NULL)
		return NULL;
	n = cluster_node_at(remote, host, port);
	if (n == NULL)
		n = cluster_node(remote, c->remote_node_id);
	if (n == NULL)
		n = cluster_node_at(remote, c->remote_host, c->remote_port);
	if (n == NULL)
		n = cluster_head(remote);
	return n != NULL ? found(n, remote, in) : NULL;
}

struct node *node_upstream(const struct cluster_list *l, const struct cluster *c,
                           const struct node *n, struct cluster **in)
{
	int port = n->upstream_port != 0 ? n->upstream_port : PG_DEFAULT_PORT;
	struct node *up;

	if (n->role == ROLE_MASTER)
		return NULL;
	up = cluster_list_node(l, n->upstream_node_id, in);
	if (up != NULL)
		return up != n ? up : NULL;
	/* the same address may exist in several clusters: the own one comes first */
	up = cluster_node_at(c, n->upstream_host, port);
	if (up != NULL && up != n)
		return found(up, cluster_find(l, c->id), in);
	if (cluster_bridge(c) == n && c->remote_cluster_id != 0)
		return remote_end(l, c, n->upstream_host, port, in);
	return NULL;
}

static struct cluster *climb(const struct cluster_list *l, int64_t id, int *depth)
{
	struct cluster *c = cluster_find(l, id);

	for (*depth = 0; c != NULL && c->remote_cluster_id != 0; (*depth)++) {
		if (*depth == CLUSTER_DEPTH_MAX)
			return NULL;
		c = cluster_find(l, c->remote_cluster_id);
	}
	return c;
}

struct cluster *cluster_top(const struct cluster_list *l, int64_t cluster_id)
{
	int depth;

	return climb(l, cluster_id, &depth);
}

struct node *top_level_master(const struct cluster_list *l, int64_t cluster_id, struct cluster **in)
{
	struct cluster *top = cluster_top(l, cluster_id);
	struct node *n = top != NULL ? cluster_master(top) : NULL;

	return n != NULL ? found(n, top, in) : NULL;
}

int cluster_depth(const struct cluster_list *l, int64_t cluster_id)
{
	int depth;

	return climb(l, cluster_id, &depth) != NULL ? depth : -1;
}

int node_depth(const struct cluster_list *l, const struct cluster *c, const struct node *n)
{
	for (int depth = 0; depth <= CLUSTER_DEPTH_MAX; depth++) {
		struct cluster *in = NULL;

		if (n->role == ROLE_MASTER)
			return depth;
		n = node_upstream(l, c, n, &in);
		if (n == NULL || in == NULL)
			return -1;
		c = in;
	}
	return -1;
}

bool cluster_descends(const struct cluster_list *l, int64_t cluster_id, int64_t of)
{
	const struct cluster *c = cluster_find(l, cluster_id);

	for (int i = 0; i <= CLUSTER_DEPTH_MAX && c != NULL; i++) {
		if (c->remote_cluster_id == 0)
			return false;
		if (c->remote_cluster_id == of)
			return true;
		c = cluster_find(l, c->remote_cluster_id);
	}
	return false;
}
