#include "store/live.h"

#include <string.h>

#include "base/mem.h"
#include "store/db.h"

static enum err_code put_one(struct store *s, const struct node_live *n, struct err *e)
{
	CLEANUP(json_free) struct json *j = node_live_to_json(n);
	CLEANUP(free_str) char *body = json_dumps(j);
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&s->live, "INSERT OR REPLACE INTO node_live VALUES (?1, ?2, ?3)", &q, e));
	bind_int(&q, n->node_id);
	bind_int(&q, n->cluster_id);
	bind_text(&q, body);
	return query_run(&q, e);
}

static enum err_code put_all(struct store *s, const struct node_live *items, size_t count,
                             struct err *e)
{
	for (size_t i = 0; i < count; i++)
		TRY(put_one(s, &items[i], e));
	return db_commit(&s->live, e);
}

enum err_code store_live_put(struct store *s, const struct node_live *items, size_t count,
                             struct err *e)
{
	enum err_code rc;

	TRY(db_begin(&s->live, e));
	rc = put_all(s, items, count, e);
	if (rc != ERR_OK)
		db_rollback(&s->live);
	return rc;
}

static enum err_code read_rows(struct store *s, size_t wanted, struct arena *a, struct live_list *l,
                               struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(&s->live, "SELECT body FROM node_live ORDER BY node_id", &q, e));
	for (;;) {
		CLEANUP(json_free) struct json *j = NULL;
		const char *body;

		TRY(query_step(&q, &row, e));
		if (!row || l->count == wanted)
			return ERR_OK;
		body = (const char *)sqlite3_column_text(q.st, 0);
		TRY(json_parse(body, strlen(body), &j, e));
		TRY(node_live_from_json(j, a, &l->items[l->count++], e));
	}
}

static enum err_code read_all(struct store *s, struct arena *a, struct live_list *l, struct err *e)
{
	int64_t n = 0;

	TRY(db_get_int(&s->live, "SELECT count(*) FROM node_live", 0, &n, NULL, e));
	l->items = ARENA_NEWN(a, (size_t)n, struct node_live);
	return read_rows(s, (size_t)n, a, l, e);
}

enum err_code store_live_list(struct store *s, struct arena *a, struct live_list *out,
                              struct err *e)
{
	struct live_list l = { 0 };
	enum err_code rc;

	TRY(db_begin(&s->live, e));
	rc = read_all(s, a, &l, e);
	db_rollback(&s->live);
	if (rc == ERR_OK)
		*out = l;
	return rc;
}

enum err_code store_live_drop(struct store *s, int64_t node_id, struct err *e)
{
	return db_run_int(&s->live, "DELETE FROM node_live WHERE node_id = ?1", node_id, e);
}
