#include "store/db.h"

#include <string.h>

#include "base/str.h"

/* A reader's only repairable trouble is that the writer has not been there yet. */
static enum err_code readonly_code(int extended)
{
	switch (extended) {
	case SQLITE_READONLY_CANTINIT:
	case SQLITE_READONLY_RECOVERY:
	case SQLITE_READONLY_CANTLOCK:
		return ERR_BUSY;
	default:
		return ERR_REFUSED;
	}
}

static enum err_code code_of(int extended)
{
	static const struct {
		int sqlite;
		enum err_code code;
	} rows[] = {
		{ SQLITE_BUSY, ERR_BUSY },    { SQLITE_LOCKED, ERR_BUSY },
		{ SQLITE_FULL, ERR_IO },      { SQLITE_IOERR, ERR_IO },
		{ SQLITE_CORRUPT, ERR_IO },   { SQLITE_NOTADB, ERR_IO },
		{ SQLITE_CANTOPEN, ERR_IO },  { SQLITE_PERM, ERR_IO },
		{ SQLITE_TOOBIG, ERR_LIMIT }, { SQLITE_CONSTRAINT, ERR_CONFLICT },
	};

	if (extended == SQLITE_CONSTRAINT_FOREIGNKEY)
		return ERR_NOT_FOUND;
	if ((extended & 0xff) == SQLITE_READONLY)
		return readonly_code(extended);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].sqlite == (extended & 0xff))
			return rows[i].code;
	}
	return ERR_SQL;
}

enum err_code db_error(struct db *d, int rc, struct err *e)
{
	int extended = d->h != NULL ? sqlite3_extended_errcode(d->h) : rc;

	if ((extended & 0xff) != (rc & 0xff))
		extended = rc;
	return err_set(e, code_of(extended), "%s: %s", d->what,
	               d->h != NULL ? sqlite3_errmsg(d->h) : sqlite3_errstr(rc));
}

/* A full disk makes SQLite end the transaction by itself: what follows in it must not become
 * changes of their own. */
static enum err_code check_tx(const struct db *d, struct err *e)
{
	if (d->depth > 0 && sqlite3_get_autocommit(d->h))
		return err_set(e, ERR_IO, "%s: the transaction was ended by an error", d->what);
	return ERR_OK;
}

enum err_code db_exec(struct db *d, const char *sql, struct err *e)
{
	int rc;

	TRY(check_tx(d, e));
	rc = sqlite3_exec(d->h, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? ERR_OK : db_error(d, rc, e);
}

void db_close(struct db *d)
{
	for (size_t i = 0; i < d->n_cached; i++)
		sqlite3_finalize(d->cache[i].st);
	d->n_cached = 0;
	sqlite3_close(d->h);
	d->h = NULL;
}

static sqlite3_stmt *cached(struct db *d, const char *sql)
{
	for (size_t i = 0; i < d->n_cached; i++) {
		if (d->cache[i].sql == sql)
			return d->cache[i].st;
	}
	return NULL;
}

enum err_code query_begin(struct db *d, const char *sql, struct query *q, struct err *e)
{
	sqlite3_stmt *st = cached(d, sql);
	bool keep = st == NULL && d->n_cached < DB_STATEMENTS_MAX;
	int rc;

	TRY(check_tx(d, e));
	/* a statement whose rows are still being read gets a twin */
	if (st != NULL && sqlite3_stmt_busy(st))
		st = NULL;
	*q = (struct query){ .db = d, .st = st, .cached = st != NULL || keep };
	if (st != NULL)
		return ERR_OK;
	rc = sqlite3_prepare_v3(d->h, sql, -1, keep ? SQLITE_PREPARE_PERSISTENT : 0, &q->st, NULL);
	if (rc != SQLITE_OK)
		return db_error(d, rc, e);
	if (keep)
		d->cache[d->n_cached++] = (struct db_statement){ sql, q->st };
	return ERR_OK;
}

void query_end(struct query *q)
{
	if (q->st == NULL)
		return;
	sqlite3_reset(q->st);
	sqlite3_clear_bindings(q->st);
	if (!q->cached)
		sqlite3_finalize(q->st);
	q->st = NULL;
}

void bind_int(struct query *q, int64_t v)
{
	sqlite3_bind_int64(q->st, ++q->bound, v);
}

void bind_real(struct query *q, double v)
{
	sqlite3_bind_double(q->st, ++q->bound, v);
}

void bind_text(struct query *q, const char *s)
{
	sqlite3_bind_text(q->st, ++q->bound, s != NULL ? s : "", -1, SQLITE_STATIC);
}

void bind_null(struct query *q)
{
	sqlite3_bind_null(q->st, ++q->bound);
}

void bind_blob(struct query *q, const struct strbuf *b)
{
	sqlite3_bind_blob64(q->st, ++q->bound, strbuf_cstr(b), b->len, SQLITE_STATIC);
}

enum err_code query_step(struct query *q, bool *row, struct err *e)
{
	int rc = sqlite3_step(q->st);

	*row = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return ERR_OK;
	return db_error(q->db, rc, e);
}

enum err_code query_run(struct query *q, struct err *e)
{
	bool row;

	do {
		TRY(query_step(q, &row, e));
	} while (row);
	return ERR_OK;
}

int64_t col_int(const struct query *q, int i)
{
	return sqlite3_column_int64(q->st, i);
}

double col_real(const struct query *q, int i)
{
	return sqlite3_column_double(q->st, i);
}

const char *col_text(const struct query *q, int i, struct arena *a)
{
	const unsigned char *s = sqlite3_column_text(q->st, i);

	return s != NULL ? arena_strdup(a, (const char *)s) : "";
}

const char **col_strings(const struct query *q, int i, struct arena *a, size_t *n)
{
	CLEANUP(json_free) struct json *j = NULL;
	const char *text = (const char *)sqlite3_column_text(q->st, i);
	const char **items;

	*n = 0;
	if (text == NULL || json_parse(text, strlen(text), &j, NULL) != ERR_OK)
		return NULL;
	items = ARENA_NEWN(a, json_len(j), const char *);
	for (size_t k = 0; k < json_len(j); k++)
		items[k] = arena_strdup(a, str_or(json_str(json_at(j, k)), ""));
	*n = json_len(j);
	return items;
}

int64_t db_last_id(const struct db *d)
{
	return sqlite3_last_insert_rowid(d->h);
}

int db_changes(const struct db *d)
{
	return sqlite3_changes(d->h);
}

enum err_code db_run_int(struct db *d, const char *sql, int64_t v, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(d, sql, &q, e));
	if (sqlite3_bind_parameter_count(q.st) > 0)
		bind_int(&q, v);
	return query_run(&q, e);
}

enum err_code db_get_int(struct db *d, const char *sql, int64_t v, int64_t *out, bool *found,
                         struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(d, sql, &q, e));
	if (sqlite3_bind_parameter_count(q.st) > 0)
		bind_int(&q, v);
	TRY(query_step(&q, &row, e));
	if (row)
		*out = col_int(&q, 0);
	if (found != NULL)
		*found = row;
	return ERR_OK;
}
