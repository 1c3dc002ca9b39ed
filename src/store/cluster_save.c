/* Clusters: writing. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/cluster_row.h"
#include "store/clusters.h"
#include "store/db.h"

/* A save under way: a copy of the cluster whose nodes may be changed. */
struct save {
	struct store *s;
	struct arena *a;
	struct cluster c;
	bool exists;
};

static enum err_code check(const struct cluster *c, struct err *e)
{
	if (c->id < 0)
		return err_set(e, ERR_INVALID, "a cluster's number must not be negative");
	if (c->n_nodes > CLUSTER_NODES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d nodes", CLUSTER_NODES_MAX);
	return cluster_check_name(c->name, e);
}

static enum err_code check_limit(struct store *s, struct err *e)
{
	int64_t n = 0;

	TRY(db_get_int(&s->main, "SELECT count(*) FROM clusters", 0, &n, NULL, e));
	if (n >= STORE_CLUSTERS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d clusters", STORE_CLUSTERS_MAX);
	return ERR_OK;
}

/* Nothing but body and secrets are kept of the old row. */
static enum err_code read_old(struct save *v, struct json **secrets, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	CLEANUP(json_free) struct json *body = NULL;
	const char *text;

	TRY(query_begin(&v->s->main, "SELECT body, secrets FROM clusters WHERE cluster_id = ?1", &q,
	                e));
	bind_int(&q, v->c.id);
	TRY(query_step(&q, &v->exists, e));
	if (!v->exists)
		return check_limit(v->s, e);
	text = (const char *)sqlite3_column_text(q.st, 0);
	TRY(json_parse(text, strlen(text), &body, e));
	if (v->c.created == 0)
		v->c.created = json_get_int(body, "created", 0);
	return sealed_read(v->s, CLUSTER_SEALED, v->c.id, -1, &q, 1, secrets, e);
}

static enum err_code upsert_cluster(struct save *v, const char *body, const struct strbuf *sealed,
                                    struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&v->s->main,
	                "INSERT INTO clusters VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (cluster_id)"
	                " DO UPDATE SET name = excluded.name, body = excluded.body,"
	                " remote_cluster_id = excluded.remote_cluster_id,"
	                " secrets = excluded.secrets",
	                &q, e));
	bind_int(&q, v->c.id);
	bind_text(&q, v->c.name);
	bind_int(&q, v->c.remote_cluster_id);
	bind_text(&q, body);
	bind_blob(&q, sealed);
	return query_run(&q, e);
}

static enum err_code write_cluster(struct save *v, const struct json *secrets, struct err *e)
{
	CLEANUP(json_free) struct json *body = cluster_to_json(&v->c, false);
	CLEANUP(strbuf_release) struct strbuf sealed = STRBUF_INIT;
	CLEANUP(free_str) char *text = NULL;

	json_del(body, "nodes");
	text = json_dumps(body);
	TRY(sealed_write(v->s, CLUSTER_SEALED, v->c.id, -1, secrets, &sealed, e));
	return upsert_cluster(v, text, &sealed, e);
}

/* 0 when nobody is there; nodes of cluster ID are preferred. */
static enum err_code find_node(struct store *s, const char *host, int port, int64_t id,
                               int64_t *node_id, int64_t *cluster_id, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	*node_id = *cluster_id = 0;
	if (str_empty(host))
		return ERR_OK;
	TRY(query_begin(&s->main,
	                "SELECT node_id, cluster_id FROM nodes WHERE (hostname = ?1 OR ip = ?1)"
	                " AND port = ?2 ORDER BY cluster_id = ?3 DESC, node_id LIMIT 1",
	                &q, e));
	bind_text(&q, host);
	bind_int(&q, port != 0 ? port : PG_DEFAULT_PORT);
	bind_int(&q, id);
	TRY(query_step(&q, &row, e));
	if (row) {
		*node_id = col_int(&q, 0);
		*cluster_id = col_int(&q, 1);
	}
	return ERR_OK;
}

static enum err_code take_node_ids(struct save *v, struct err *e)
{
	for (size_t i = 0; i < v->c.n_nodes; i++) {
		struct node *n = &v->c.nodes[i];
		int64_t id, in;

		n->cluster_id = v->c.id;
		if (n->port == 0)
			n->port = PG_DEFAULT_PORT;
		if (str_empty(n->hostname))
			return err_set(e, ERR_INVALID, "a node has no host name");
		TRY(cluster_check_host_free(v->s, n->hostname, n->port, v->c.id, e));
		TRY(find_node(v->s, n->hostname, n->port, v->c.id, &id, &in, e));
		if (n->id == 0 && in == v->c.id)
			n->id = id;
	}
	return ERR_OK;
}

static enum err_code delete_other_nodes(struct save *v, struct err *e)
{
	CLEANUP(json_free) struct json *ids = json_array_new();
	CLEANUP(free_str) char *text = NULL;
	CLEANUP(query_end) struct query q = { 0 };

	for (size_t i = 0; i < v->c.n_nodes; i++)
		json_append(ids, json_int_new(v->c.nodes[i].id));
	text = json_dumps(ids);
	TRY(query_begin(&v->s->main,
	                "DELETE FROM nodes WHERE cluster_id = ?1"
	                " AND node_id NOT IN (SELECT value FROM json_each(?2))",
	                &q, e));
	bind_int(&q, v->c.id);
	bind_text(&q, text);
	return query_run(&q, e);
}

static enum err_code insert_node(struct save *v, struct node *n, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&v->s->main,
	                "INSERT INTO nodes (cluster_id, hostname, ip, port, body)"
	                " VALUES (?1, ?2, ?3, ?4, '{}')",
	                &q, e));
	bind_int(&q, v->c.id);
	bind_text(&q, n->hostname);
	bind_text(&q, n->ip);
	bind_int(&q, n->port);
	TRY(query_run(&q, e));
	n->id = db_last_id(&v->s->main);
	return ERR_OK;
}

static enum err_code update_node(struct save *v, const struct node *n, struct err *e)
{
	CLEANUP(json_free) struct json *body = node_to_json(n);
	CLEANUP(free_str) char *text = json_dumps(body);
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&v->s->main,
	                "UPDATE nodes SET hostname = ?1, ip = ?2, port = ?3, body = ?4"
	                " WHERE node_id = ?5 AND cluster_id = ?6",
	                &q, e));
	bind_text(&q, n->hostname);
	bind_text(&q, n->ip);
	bind_int(&q, n->port);
	bind_text(&q, text);
	bind_int(&q, n->id);
	bind_int(&q, v->c.id);
	TRY(query_run(&q, e));
	if (db_changes(&v->s->main) == 0)
		return err_set(e, ERR_INVALID, "cluster %" PRId64 " has no node %" PRId64, v->c.id,
		               n->id);
	return ERR_OK;
}

/* All nodes have ids now, so that each may name another one. */
static enum err_code write_nodes(struct save *v, struct err *e)
{
	int64_t in;

	for (size_t i = 0; i < v->c.n_nodes; i++) {
		if (v->c.nodes[i].id == 0)
			TRY(insert_node(v, &v->c.nodes[i], e));
	}
	for (size_t i = 0; i < v->c.n_nodes; i++) {
		struct node *n = &v->c.nodes[i];

		if (n->upstream_node_id == 0 && n->role == ROLE_SLAVE)
			TRY(find_node(v->s, n->upstream_host, n->upstream_port, v->c.id,
			              &n->upstream_node_id, &in, e));
		TRY(update_node(v, n, e));
	}
	return ERR_OK;
}

static enum err_code resolve_remote(struct save *v, struct err *e)
{
	int64_t id, in;

	if (v->c.remote_cluster_id == 0 || v->c.remote_node_id != 0)
		return ERR_OK;
	TRY(find_node(v->s, v->c.remote_host, v->c.remote_port, v->c.remote_cluster_id, &id, &in,
	              e));
	if (in == v->c.remote_cluster_id)
		v->c.remote_node_id = id;
	return ERR_OK;
}

static enum err_code save_all(struct save *v, struct err *e)
{
	CLEANUP(json_free) struct json *fresh = cluster_secrets_to_json(&v->c);
	CLEANUP(json_free) struct json *secrets = NULL;

	TRY(read_old(v, &secrets, e));
	if (secrets == NULL)
		secrets = json_object_new();
	cluster_row_merge(secrets, fresh);
	if (v->c.created == 0)
		v->c.created = clock_wall_ms();
	TRY(cluster_check_name_free(v->s, v->c.name, v->c.id, e));
	TRY(resolve_remote(v, e));
	TRY(write_cluster(v, secrets, e));
	TRY(take_node_ids(v, e));
	TRY(delete_other_nodes(v, e));
	TRY(write_nodes(v, e));
	return db_run_int(&v->s->main, "DELETE FROM cluster_reservations WHERE cluster_id = ?1",
	                  v->c.id, e);
}

static enum err_code take_id(struct save *v, struct err *e)
{
	if (v->c.id == 0)
		return cluster_next_id(v->s, &v->c.id, e);
	/* a number that was not given out by us must not be given out later */
	return db_run_int(&v->s->main,
	                  "UPDATE counters SET value = max(value, ?1) WHERE name = 'cluster_id'",
	                  v->c.id, e);
}

enum err_code store_cluster_save(struct store *s, const struct cluster *c, int64_t *id,
                                 struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct save v = { .s = s, .a = a, .c = *c };

	TRY(check(c, e));
	v.c.nodes = ARENA_NEWN(a, c->n_nodes, struct node);
	if (c->n_nodes > 0)
		memcpy(v.c.nodes, c->nodes, c->n_nodes * sizeof(c->nodes[0]));
	TRY(store_tx_begin(s, &tx, e));
	TRY(take_id(&v, e));
	if (save_all(&v, e) != ERR_OK)
		return err_wrap(e, "save cluster \"%s\"", c->name);
	TRY(store_tx_commit(&tx, e));
	if (id != NULL)
		*id = v.c.id;
	return ERR_OK;
}
