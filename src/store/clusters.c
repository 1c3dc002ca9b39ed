/* Clusters: reading, removing; the certificate authority. */
#include "store/clusters.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/cluster_row.h"
#include "store/db.h"

#define SEALED_CA "ca.key"

/* FROM into INTO; objects are merged, so that secrets come next to their user names. */
static void merge(struct json *into, const struct json *from)
{
	void *iter = NULL;
	const char *key;
	struct json *value;

	while (json_next(from, &iter, &key, &value)) {
		struct json *there = json_get(into, key);

		if (json_is_object(there) && json_is_object(value))
			json_update(there, value);
		else
			json_set(into, key, json_ref(value));
	}
}

void cluster_row_merge(struct json *into, const struct json *from)
{
	merge(into, from);
}

static enum err_code append_nodes(struct store *s, int64_t id, struct json *nodes, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(&s->main, "SELECT body FROM nodes WHERE cluster_id = ?1 ORDER BY node_id",
	                &q, e));
	bind_int(&q, id);
	for (;;) {
		const char *body;
		struct json *node = NULL;

		TRY(query_step(&q, &row, e));
		if (!row)
			return ERR_OK;
		body = (const char *)sqlite3_column_text(q.st, 0);
		TRY(json_parse(body, strlen(body), &node, e));
		json_append(nodes, node);
	}
}

/* Columns: cluster_id, body, secrets. */
static enum err_code read_cluster(struct store *s, const struct query *q, bool with_secrets,
                                  struct arena *a, struct cluster *out, struct err *e)
{
	CLEANUP(json_free) struct json *body = NULL;
	CLEANUP(json_free) struct json *secrets = NULL;
	const char *text = (const char *)sqlite3_column_text(q->st, 1);
	int64_t id = col_int(q, 0);
	struct json *nodes = json_array_new();

	if (json_parse(text, strlen(text), &body, e) != ERR_OK) {
		json_free(&nodes);
		return err_wrap(e, "cluster %" PRId64, id);
	}
	json_set(body, "nodes", nodes);
	TRY(append_nodes(s, id, nodes, e));
	if (with_secrets) {
		TRY(sealed_read(s, CLUSTER_SEALED, id, -1, q, 2, &secrets, e));
		merge(body, secrets);
	}
	return cluster_from_json(body, a, out, e);
}

#define CLUSTER_COLUMNS "SELECT cluster_id, body, secrets FROM clusters"

/* The first row of Q. */
static enum err_code read_one(struct store *s, struct query *q, bool with_secrets, struct arena *a,
                              struct cluster *out, bool *found, struct err *e)
{
	TRY(query_step(q, found, e));
	return *found ? read_cluster(s, q, with_secrets, a, out, e) : ERR_OK;
}

enum err_code store_cluster_get(struct store *s, int64_t id, bool with_secrets, struct arena *a,
                                struct cluster *out, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(query_end) struct query q = { 0 };
	bool found;

	TRY(store_tx_begin(s, &tx, e));
	TRY(query_begin(&s->main, CLUSTER_COLUMNS " WHERE cluster_id = ?1", &q, e));
	bind_int(&q, id);
	TRY(read_one(s, &q, with_secrets, a, out, &found, e));
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "Cluster %" PRId64 " is not found.", id);
	return ERR_OK;
}

enum err_code store_cluster_get_by_name(struct store *s, const char *name, bool with_secrets,
                                        struct arena *a, struct cluster *out, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(query_end) struct query q = { 0 };
	bool found;

	TRY(store_tx_begin(s, &tx, e));
	TRY(query_begin(&s->main, CLUSTER_COLUMNS " WHERE name = ?1", &q, e));
	bind_text(&q, name);
	TRY(read_one(s, &q, with_secrets, a, out, &found, e));
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "Cluster \"%s\" is not found.", str_or(name, ""));
	return ERR_OK;
}

static enum err_code count_clusters(struct store *s, size_t *out, struct err *e)
{
	int64_t n = 0;

	TRY(db_get_int(&s->main, "SELECT count(*) FROM clusters", 0, &n, NULL, e));
	*out = (size_t)n;
	return ERR_OK;
}

static enum err_code read_all(struct store *s, bool with_secrets, struct arena *a,
                              struct cluster_list *l, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	size_t wanted = 0;
	bool row;

	TRY(count_clusters(s, &wanted, e));
	l->items = ARENA_NEWN(a, wanted, struct cluster);
	TRY(query_begin(&s->main, CLUSTER_COLUMNS " ORDER BY cluster_id", &q, e));
	for (;;) {
		TRY(query_step(&q, &row, e));
		if (!row || l->count == wanted)
			return ERR_OK;
		TRY(read_cluster(s, &q, with_secrets, a, &l->items[l->count++], e));
	}
}

enum err_code store_cluster_list(struct store *s, bool with_secrets, struct arena *a,
                                 struct cluster_list *out, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	struct cluster_list l = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(read_all(s, with_secrets, a, &l, e));
	*out = l;
	return ERR_OK;
}

enum err_code store_cluster_remove(struct store *s, int64_t id, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(db_run_int(&s->main, "DELETE FROM clusters WHERE cluster_id = ?1", id, e));
	TRY(db_run_int(&s->main, "DELETE FROM cluster_reservations WHERE cluster_id = ?1", id, e));
	return store_tx_commit(&tx, e);
}

enum err_code store_ca_get(struct store *s, struct arena *a, const char **cert, const char **key,
                           struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf clear = STRBUF_INIT;
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(&s->main, "SELECT cert, key FROM ca WHERE ca_id = 1", &q, e));
	TRY(query_step(&q, &row, e));
	if (!row)
		return err_set(e, ERR_NOT_FOUND, "there is no certificate authority yet");
	if (key != NULL) {
		TRY(sealed_read_text(s, SEALED_CA, 1, &q, 1, &clear, e));
		*key = arena_strdup(a, strbuf_cstr(&clear));
	}
	*cert = col_text(&q, 0, a);
	return ERR_OK;
}

static enum err_code write_ca(struct store *s, const char *cert, const char *key, struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf sealed = STRBUF_INIT;
	CLEANUP(query_end) struct query q = { 0 };

	TRY(sealed_write_text(s, SEALED_CA, 1, key, &sealed, e));
	TRY(query_begin(&s->main, "INSERT OR REPLACE INTO ca VALUES (1, ?1, ?2, ?3)", &q, e));
	bind_text(&q, cert);
	bind_blob(&q, &sealed);
	bind_int(&q, clock_wall_ms());
	return query_run(&q, e);
}

enum err_code store_ca_put(struct store *s, const char *cert, const char *key, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(write_ca(s, cert, key, e));
	return store_tx_commit(&tx, e);
}
