/* Who changed what: rows are added and read, never changed. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/mask.h"
#include "store/db.h"
#include "store/users.h"

#define AUDIT_AT_ONCE     10000
#define AUDIT_DETAILS_MAX (64u << 10)

/* Masked; NULL when there are none. */
static enum err_code clean_details(const char *details, char **out, struct err *e)
{
	CLEANUP(json_free) struct json *j = NULL;
	CLEANUP(json_free) struct json *masked = NULL;

	if (str_empty(details))
		return ERR_OK;
	if (strlen(details) > AUDIT_DETAILS_MAX)
		return err_set(e, ERR_LIMIT, "audit details of more than %u bytes",
		               AUDIT_DETAILS_MAX);
	TRY(json_parse(details, strlen(details), &j, e));
	masked = mask_secrets(j);
	*out = json_dumps(masked);
	return ERR_OK;
}

static enum err_code insert_audit(struct store *s, const struct audit *a, const char *details,
                                  struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&s->main,
	                "INSERT INTO audit (created, user_id, user_name, ip, action, object,"
	                " cluster_id, ok, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	                &q, e));
	bind_int(&q, a->created != 0 ? a->created : clock_wall_ms());
	bind_int(&q, a->user_id);
	bind_text(&q, a->user_name);
	bind_text(&q, a->ip);
	bind_text(&q, a->action);
	bind_text(&q, a->object);
	bind_int(&q, a->cluster_id);
	bind_int(&q, a->ok);
	if (details == NULL)
		bind_null(&q);
	else
		bind_text(&q, details);
	return query_run(&q, e);
}

enum err_code store_audit_add(struct store *s, const struct audit *a, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(free_str) char *details = NULL;

	TRY(clean_details(a->details, &details, e));
	TRY(store_tx_begin(s, &tx, e));
	TRY(insert_audit(s, a, details, e));
	return store_tx_commit(&tx, e);
}

static void read_audit(const struct query *q, struct arena *a, struct audit *out)
{
	out->id = col_int(q, 0);
	out->created = col_int(q, 1);
	out->user_id = col_int(q, 2);
	out->user_name = col_text(q, 3, a);
	out->ip = col_text(q, 4, a);
	out->action = col_text(q, 5, a);
	out->object = col_text(q, 6, a);
	out->cluster_id = col_int(q, 7);
	out->ok = col_int(q, 8) != 0;
	out->details = col_text(q, 9, a);
}

static enum err_code read_rows(struct store *s, int64_t offset, size_t wanted, struct arena *a,
                               struct audit_list *l, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	l->items = ARENA_NEWN(a, wanted, struct audit);
	TRY(query_begin(&s->main,
	                "SELECT audit_id, created, user_id, user_name, ip, action, object,"
	                " cluster_id, ok, details FROM audit ORDER BY audit_id DESC"
	                " LIMIT ?1 OFFSET ?2",
	                &q, e));
	bind_int(&q, (int64_t)wanted);
	bind_int(&q, offset);
	for (;;) {
		TRY(query_step(&q, &row, e));
		if (!row || l->count == wanted)
			return ERR_OK;
		read_audit(&q, a, &l->items[l->count++]);
	}
}

enum err_code store_audit_list(struct store *s, int64_t limit, int64_t offset, struct arena *a,
                               struct audit_list *out, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	struct audit_list l = { 0 };
	int64_t left;

	if (limit <= 0 || limit > AUDIT_AT_ONCE)
		limit = AUDIT_AT_ONCE;
	if (offset < 0)
		offset = 0;
	TRY(store_tx_begin(s, &tx, e));
	TRY(db_get_int(&s->main, "SELECT count(*) FROM audit", 0, &l.total, NULL, e));
	left = l.total > offset ? l.total - offset : 0;
	TRY(read_rows(s, offset, (size_t)(left < limit ? left : limit), a, &l, e));
	*out = l;
	return ERR_OK;
}
