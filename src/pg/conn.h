/* Synchronous SQL connections for code that may block: one job, one server, one statement at a
 * time.  Each connection has search_path = pg_catalog, limits for connecting, for statements and
 * for a silent peer; values travel as PARAMS(), never in the SQL. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "pg/conninfo.h"
#include "pg/fail.h"
#include "pg/lsn.h"

struct pg;
struct pg_result;

/* What is 0 takes the default in brackets. */
struct pg_options {
	int connect_timeout_ms;   /* of the attempt, without the look-up of a name [10000] */
	int statement_timeout_ms; /* at the server [30000]; -1: none */
	int silent_ms;            /* peer that does not acknowledge is given up [15000] */
	bool read_only;           /* default_transaction_read_only */
	/* raised by a signal handler: give up with ERR_CANCELLED; may be NULL */
	const volatile sig_atomic_t *cancel;
};

struct pg_params {
	int count;
	const char *const *values; /* NULL is SQL's NULL */
};

#define PARAMS(...)                                                                            \
	(&(const struct pg_params){                                                            \
	        .count = (int)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)), \
	        .values = (const char *const[]){ __VA_ARGS__ } })
#define NO_PARAMS ((const struct pg_params *)NULL)

/* Connect; PORT 0, DBNAME, SSLMODE and APPLICATION_NAME of C that are NULL become 5432,
 * "postgres", "prefer", "pgtandem".  ERR_DENIED (PG_FAIL_AUTH, PG_FAIL_NO_HBA), ERR_TIMEOUT,
 * ERR_UNREACHABLE, ERR_BUSY (starting up, too many connections), ERR_SQL.  WHY may be NULL. */
enum err_code pg_connect(const struct conninfo *c, const struct pg_options *o, struct pg **out,
                         enum pg_fail *why, struct err *e);
void pg_free(struct pg **pg);

/* "host:port" for messages. */
const char *pg_name(const struct pg *pg);
int pg_server_version(const struct pg *pg);
bool pg_uses_tls(const struct pg *pg);
/* What the last failed call failed of, and its SQLSTATE ("" when the server did not say). */
enum pg_fail pg_last_fail(const struct pg *pg);
const char *pg_last_sqlstate(const struct pg *pg);

/* One statement; the caller frees *OUT (NULL-initialised). */
enum err_code pg_query(struct pg *pg, const char *sql, const struct pg_params *p,
                       struct pg_result **out, struct err *e);
/* The same, when rows are of no interest. */
enum err_code pg_exec(struct pg *pg, const char *sql, const struct pg_params *p, struct err *e);
/* Exactly one row is wanted: else ERR_NOT_FOUND (none) or ERR_SQL (several). */
enum err_code pg_query_row(struct pg *pg, const char *sql, const struct pg_params *p,
                           struct pg_result **out, struct err *e);
/* The SCRAM verifier of a password for ALTER ROLE, made on this side, so that the server (and
 * its log) never sees the password.  The caller frees it with free_secret(). */
enum err_code pg_scram_verifier(struct pg *pg, const char *user, const char *password, char **out,
                                struct err *e);

void pg_result_free(struct pg_result **r);
int pg_result_rows(const struct pg_result *r);
int pg_result_columns(const struct pg_result *r);
/* Column number by name, -1 when there is none. */
int pg_result_column(const struct pg_result *r, const char *name);
bool pg_result_is_null(const struct pg_result *r, int row, int column);
/* Borrowed text; NULL for SQL's NULL and outside the result. */
const char *pg_result_str(const struct pg_result *r, int row, int column);
int64_t pg_result_i64(const struct pg_result *r, int row, int column, int64_t dflt);
bool pg_result_bool(const struct pg_result *r, int row, int column, bool dflt);
pg_lsn pg_result_lsn(const struct pg_result *r, int row, int column); /* LSN_INVALID: none */
/* A result made up by a test: ROWS * COLUMNS texts, NULL is SQL's NULL. */
struct pg_result *pg_result_make(const char *const *names, int columns, const char *const *values,
                                 int rows);
