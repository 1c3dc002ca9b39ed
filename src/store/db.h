/* SQLite as the files of this folder use it: cached statements, bound values, errors of ours. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/strbuf.h"
#include "store/store.h"

#define DB_STATEMENTS_MAX 160

struct db_statement {
	const char *sql; /* a literal: its address is the key */
	sqlite3_stmt *st;
};

struct db {
	sqlite3 *h;
	const char *what; /* "store", for error texts */
	struct db_statement cache[DB_STATEMENTS_MAX];
	size_t n_cached;
	int depth; /* open transactions, one in another */
	bool writable;
};

struct store {
	struct db main, live;
	const struct crypt_key *key;
	char *dir;
	int lock_fd;
	char controller_id[37];
};

/* The error of the last call on D; the code follows from SQLite's. */
enum err_code db_error(struct db *d, int rc, struct err *e);
/* Statements without values, several in one text. */
enum err_code db_exec(struct db *d, const char *sql, struct err *e);
void db_close(struct db *d);

/* One run of a statement: CLEANUP(query_end) struct query q = { 0 }.  Values are bound in the
 * order of the calls; borrowed texts must live until query_end(). */
struct query {
	struct db *db;
	sqlite3_stmt *st;
	bool cached;
	int bound;
};
/* SQL must be a literal. */
enum err_code query_begin(struct db *d, const char *sql, struct query *q, struct err *e);
void query_end(struct query *q);
void bind_int(struct query *q, int64_t v);
void bind_real(struct query *q, double v);
void bind_text(struct query *q, const char *s); /* NULL is "" */
void bind_null(struct query *q);
void bind_blob(struct query *q, const struct strbuf *b);
/* *ROW tells whether there is one. */
enum err_code query_step(struct query *q, bool *row, struct err *e);
/* To the end, without looking at rows. */
enum err_code query_run(struct query *q, struct err *e);
int64_t col_int(const struct query *q, int i);
double col_real(const struct query *q, int i);
const char *col_text(const struct query *q, int i, struct arena *a);
/* JSON array of strings as an array in the arena. */
const char **col_strings(const struct query *q, int i, struct arena *a, size_t *n);
int64_t db_last_id(const struct db *d);
int db_changes(const struct db *d);

/* Statements of one shape: no value, one number; *FOUND may be NULL for those without a row. */
enum err_code db_run_int(struct db *d, const char *sql, int64_t v, struct err *e);
enum err_code db_get_int(struct db *d, const char *sql, int64_t v, int64_t *out, bool *found,
                         struct err *e);

enum err_code db_begin(struct db *d, struct err *e);
enum err_code db_commit(struct db *d, struct err *e);
void db_rollback(struct db *d);

/* Sealed JSON; WHERE is "table.column", ID and SEQ complete the place. */
enum err_code sealed_write(struct store *s, const char *where, int64_t id, int64_t seq,
                           const struct json *value, struct strbuf *out, struct err *e);
enum err_code sealed_read(struct store *s, const char *where, int64_t id, int64_t seq,
                          const struct query *q, int col, struct json **out, struct err *e);
enum err_code sealed_write_text(struct store *s, const char *where, int64_t id, const char *text,
                                struct strbuf *out, struct err *e);
enum err_code sealed_read_text(struct store *s, const char *where, int64_t id,
                               const struct query *q, int col, struct strbuf *out, struct err *e);

/* Bring the file to the newest schema. */
enum err_code schema_migrate(struct db *d, struct err *e);
enum err_code schema_check(struct db *d, struct err *e);
enum err_code schema_make_live(struct db *d, struct err *e);
