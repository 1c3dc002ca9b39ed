#include "pg/conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "pg/pq.h"

/* A server that has a statement limit may take this much longer to say so. */
#define GRACE_MS 5000
/* How often a raised cancel flag is looked at. */
#define POLL_MS 250

struct pg {
	PGconn *conn;
	char *name;
	int statement_ms; /* -1: none */
	const volatile sig_atomic_t *cancel;
	enum pg_fail fail;
	char sqlstate[PG_SQLSTATE_SIZE];
};

void pg_free(struct pg **pg)
{
	if (*pg == NULL)
		return;
	PQfinish((*pg)->conn);
	free_str(&(*pg)->name);
	free(*pg);
	*pg = NULL;
}

const char *pg_name(const struct pg *pg)
{
	return pg->name;
}

int pg_server_version(const struct pg *pg)
{
	return PQserverVersion(pg->conn);
}

bool pg_uses_tls(const struct pg *pg)
{
	return PQsslInUse(pg->conn) != 0;
}

enum pg_fail pg_last_fail(const struct pg *pg)
{
	return pg->fail;
}

const char *pg_last_sqlstate(const struct pg *pg)
{
	return pg->sqlstate;
}

static enum err_code fail_timeout(struct pg *pg, const char *what, struct err *e)
{
	pg->fail = PG_FAIL_TIMEOUT;
	return err_set(e, ERR_TIMEOUT, "%s: %s in time", pg->name, what);
}

/* Wait for EVENTS until DEADLINE (-1: none). */
static enum err_code wait_ready(struct pg *pg, short events, int64_t deadline_ms, const char *what,
                                struct err *e)
{
	struct pollfd p = { .fd = PQsocket(pg->conn), .events = events };

	for (;;) {
		int64_t left = deadline_ms < 0 ? POLL_MS : deadline_ms - clock_mono_ms();
		int n;

		if (pg->cancel != NULL && *pg->cancel != 0)
			return err_set(e, ERR_CANCELLED, "%s: cancelled", pg->name);
		if (left <= 0)
			return fail_timeout(pg, what, e);
		n = poll(&p, 1, (int)(left < POLL_MS ? left : POLL_MS));
		if (n > 0)
			return ERR_OK;
		if (n < 0 && errno != EINTR)
			return err_errno(e, ERR_IO, "%s: poll", pg->name);
	}
}

/* Set E from what libpq says of the connection as a whole. */
static enum err_code fail_connection(struct pg *pg, struct err *e)
{
	const char *text = PQerrorMessage(pg->conn);
	char sentence[ERR_TEXT_MAX];

	pg_fail_sqlstate(text, pg->sqlstate);
	pg->fail = pg_fail_of(pg->sqlstate, text);
	pg_fail_sentence(text, sentence, sizeof(sentence));
	return err_set(e, pg_fail_code(pg->fail), "%s: %s", pg->name, sentence);
}

static enum err_code finish_connecting(struct pg *pg, int64_t deadline_ms, struct err *e)
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	if (PQstatus(pg->conn) == CONNECTION_BAD)
		return fail_connection(pg, e);
	while (next != PGRES_POLLING_OK) {
		short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;

		TRY(wait_ready(pg, events, deadline_ms, "no connection", e));
		next = PQconnectPoll(pg->conn);
		if (next == PGRES_POLLING_FAILED)
			return fail_connection(pg, e);
	}
	return ERR_OK;
}

static char *name_of(const struct conninfo *c)
{
	const char *host = str_or(c->host, str_or(c->hostaddr, "localhost"));
	bool is_v6 = *host != '/' && strchr(host, ':') != NULL;

	return xasprintf(is_v6 ? "[%s]:%d" : "%s:%d", host, c->port == 0 ? 5432 : c->port);
}

enum err_code pg_connect(const struct conninfo *c, const struct pg_options *o, struct pg **out,
                         enum pg_fail *why, struct err *e)
{
	CLEANUP(pg_free) struct pg *pg = xcalloc(1, sizeof(*pg));
	int64_t deadline_ms = clock_mono_ms() + pq_connect_timeout_ms(o);
	enum err_code code;

	pg->name = name_of(c);
	pg->cancel = o == NULL ? NULL : o->cancel;
	pg->statement_ms = pq_statement_timeout_ms(o);
	pg->conn = pq_start(c, o);
	if (pg->conn == NULL)
		return err_set(e, ERR_INTERNAL, "%s: out of memory", pg->name);
	code = finish_connecting(pg, deadline_ms, e);
	if (why != NULL)
		*why = pg->fail;
	if (code != ERR_OK)
		return code;
	*out = pg;
	pg = NULL;
	return ERR_OK;
}

static enum err_code send_query(struct pg *pg, const char *sql, const struct pg_params *p,
                                struct err *e)
{
	pg->fail = PG_FAIL_NONE;
	pg->sqlstate[0] = '\0';
	if (PQsendQueryParams(pg->conn, sql, p == NULL ? 0 : p->count, NULL,
	                      p == NULL ? NULL : p->values, NULL, NULL, 0) != 1)
		return fail_connection(pg, e);
	return ERR_OK;
}

/* Ask the server to stop what a limit or a cancel ended on this side. */
static void cancel_statement(struct pg *pg)
{
	PGcancel *cancel = PQgetCancel(pg->conn);
	char text[256];

	if (cancel != NULL)
		(void)PQcancel(cancel, text, sizeof(text));
	PQfreeCancel(cancel);
}

static enum err_code wait_result(struct pg *pg, PGresult **res, struct err *e)
{
	int64_t deadline_ms =
	        pg->statement_ms < 0 ? -1 : clock_mono_ms() + pg->statement_ms + GRACE_MS;
	PGresult *next;
	enum err_code code;

	for (;;) {
		while (PQisBusy(pg->conn)) {
			code = wait_ready(pg, POLLIN, deadline_ms, "no answer", e);
			if (code == ERR_CANCELLED)
				cancel_statement(pg);
			TRY(code);
			if (PQconsumeInput(pg->conn) != 1)
				return fail_connection(pg, e);
		}
		next = PQgetResult(pg->conn);
		if (next == NULL)
			return ERR_OK;
		PQclear(*res);
		*res = next;
	}
}

static void clear_result(PGresult **r)
{
	PQclear(*r);
}

enum err_code pg_query(struct pg *pg, const char *sql, const struct pg_params *p,
                       struct pg_result **out, struct err *e)
{
	CLEANUP(clear_result) PGresult *res = NULL;
	struct pg_result *result;

	TRY(send_query(pg, sql, p, e));
	TRY(wait_result(pg, &res, e));
	if (res == NULL)
		return fail_connection(pg, e);
	if (!pq_is_ok(res)) {
		(void)pq_result_error(res, &pg->fail, pg->sqlstate, e);
		return err_wrap(e, "%s", pg->name);
	}
	result = xcalloc(1, sizeof(*result));
	result->res = res;
	res = NULL;
	*out = result;
	return ERR_OK;
}

enum err_code pg_exec(struct pg *pg, const char *sql, const struct pg_params *p, struct err *e)
{
	CLEANUP(pg_result_free) struct pg_result *r = NULL;

	return pg_query(pg, sql, p, &r, e);
}

enum err_code pg_query_row(struct pg *pg, const char *sql, const struct pg_params *p,
                           struct pg_result **out, struct err *e)
{
	CLEANUP(pg_result_free) struct pg_result *r = NULL;

	TRY(pg_query(pg, sql, p, &r, e));
	if (pg_result_rows(r) == 0)
		return err_set(e, ERR_NOT_FOUND, "%s: no row", pg->name);
	if (pg_result_rows(r) > 1)
		return err_set(e, ERR_SQL, "%s: %d rows where one was expected", pg->name,
		               pg_result_rows(r));
	*out = r;
	r = NULL;
	return ERR_OK;
}

enum err_code pg_scram_verifier(struct pg *pg, const char *user, const char *password, char **out,
                                struct err *e)
{
	const char *method = pg_server_version(pg) >= 100000 ? "scram-sha-256" : "md5";
	char *verifier = PQencryptPasswordConn(pg->conn, password, user, method);

	if (verifier == NULL)
		return fail_connection(pg, e);
	*out = xstrdup(verifier);
	PQfreemem(verifier);
	return ERR_OK;
}
