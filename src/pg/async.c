#include "pg/async.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "pg/pq.h"

#define PREPARED_MAX 32
#define ERROR_SIZE   256

struct statement {
	const char *name, *sql; /* borrowed, as they come from tables */
	bool prepares;          /* the batch carries its preparation */
	bool has_prepared;      /* the answer to that has come */
	struct pg_result result;
	char error[ERROR_SIZE];
};

struct pg_async {
	PGconn *conn;
	enum pg_async_state state;
	int want;
	enum pg_fail fail;
	char error[ERR_TEXT_MAX];
	char sqlstate[PG_SQLSTATE_SIZE];
	char last_words[ERR_TEXT_MAX]; /* what the server said before it closed */
	const char *prepared[PREPARED_MAX];
	size_t prepared_count;
	struct statement batch[PG_ASYNC_BATCH_MAX];
	size_t count;    /* statements added */
	size_t finished; /* statements answered */
};

static bool is_address(const char *host)
{
	unsigned char raw[sizeof(struct in6_addr)];

	return host != NULL && (*host == '/' || inet_pton(AF_INET, host, raw) == 1 ||
	                        inet_pton(AF_INET6, host, raw) == 1);
}

/* One address or several, separated by commas. */
static bool are_addresses(const char *list)
{
	char address[INET6_ADDRSTRLEN + 20];
	bool are = !str_empty(list);

	while (are && str_field(&list, ",", address, sizeof(address)))
		are = is_address(address);
	return are;
}

static enum pg_async_state fail_with(struct pg_async *a, const char *text)
{
	if (a->last_words[0] != '\0') {
		(void)snprintf(a->error, sizeof(a->error), "%s", a->last_words);
	} else {
		pg_fail_sqlstate(text, a->sqlstate);
		pg_fail_sentence(text, a->error, sizeof(a->error));
	}
	a->fail = pg_fail_of(a->sqlstate, text);
	a->want = 0;
	a->state = PG_ASYNC_FAILED;
	return a->state;
}

/* Between statements libpq takes also a FATAL error for a notice; it is why the server goes. */
static void on_notice(void *ctx, const PGresult *r)
{
	const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
	struct pg_async *a = ctx;

	if (!str_eq(severity, "FATAL") && !str_eq(severity, "PANIC"))
		return;
	(void)snprintf(a->sqlstate, sizeof(a->sqlstate), "%.5s",
	               str_or(PQresultErrorField(r, PG_DIAG_SQLSTATE), ""));
	(void)snprintf(a->last_words, sizeof(a->last_words), "%s",
	               str_or(PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY), ""));
}

enum err_code pg_async_new(const struct conninfo *c, const struct pg_options *o,
                           struct pg_async **out, struct err *e)
{
	struct pg_async *a;

	if (!are_addresses(c->hostaddr) && !is_address(c->host))
		return err_set(e, ERR_INVALID, "no address of host \"%s\"", str_or(c->host, ""));
	a = xcalloc(1, sizeof(*a));
	a->conn = pq_start(c, o);
	a->want = PG_WANT_WRITE;
	if (a->conn == NULL)
		(void)fail_with(a, "out of memory");
	else
		(void)PQsetNoticeReceiver(a->conn, on_notice, a);
	if (a->conn != NULL && PQstatus(a->conn) == CONNECTION_BAD)
		(void)fail_with(a, PQerrorMessage(a->conn));
	*out = a;
	return ERR_OK;
}

static void drop_results(struct pg_async *a)
{
	for (size_t i = 0; i < a->count; i++)
		PQclear(a->batch[i].result.res);
	a->count = a->finished = 0;
}

void pg_async_free(struct pg_async **a)
{
	if (*a == NULL)
		return;
	drop_results(*a);
	PQfinish((*a)->conn);
	free(*a);
	*a = NULL;
}

int pg_async_fd(const struct pg_async *a)
{
	return a->conn == NULL ? -1 : PQsocket(a->conn);
}

int pg_async_want(const struct pg_async *a)
{
	return a->want;
}

enum pg_async_state pg_async_state(const struct pg_async *a)
{
	return a->state;
}

enum pg_fail pg_async_fail(const struct pg_async *a)
{
	return a->fail;
}

const char *pg_async_sqlstate(const struct pg_async *a)
{
	return a->sqlstate;
}

const char *pg_async_error(const struct pg_async *a)
{
	return a->error;
}

int pg_async_server_version(const struct pg_async *a)
{
	return PQserverVersion(a->conn);
}

bool pg_async_uses_tls(const struct pg_async *a)
{
	return PQsslInUse(a->conn) != 0;
}

static enum pg_async_state step_connect(struct pg_async *a)
{
	switch (PQconnectPoll(a->conn)) {
	case PGRES_POLLING_READING:
		a->want = PG_WANT_READ;
		return a->state;
	case PGRES_POLLING_OK:
		break;
	case PGRES_POLLING_FAILED:
		return fail_with(a, PQerrorMessage(a->conn));
	default:
		a->want = PG_WANT_WRITE;
		return a->state;
	}
	if (PQsetnonblocking(a->conn, 1) != 0 || PQenterPipelineMode(a->conn) != 1)
		return fail_with(a, PQerrorMessage(a->conn));
	a->want = PG_WANT_READ;
	a->state = PG_ASYNC_IDLE;
	return a->state;
}

static bool is_prepared(const struct pg_async *a, const char *name)
{
	for (size_t i = 0; i < a->prepared_count; i++) {
		if (str_eq(a->prepared[i], name))
			return true;
	}
	return false;
}

static void keep_error(struct statement *s, const PGresult *r)
{
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	/* Of a failed preparation comes an error, then "aborted" without a text. */
	if (s->error[0] == '\0')
		(void)snprintf(s->error, sizeof(s->error), "%s", str_or(text, "not executed"));
}

/* Takes R over. */
static void take_result(struct pg_async *a, PGresult *r)
{
	struct statement *s = &a->batch[a->finished];

	if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
		a->finished++;
	} else if (!pq_is_ok(r)) {
		keep_error(s, r);
		s->has_prepared = true;
	} else if (s->prepares && !s->has_prepared) {
		s->has_prepared = true;
		if (a->prepared_count < PREPARED_MAX)
			a->prepared[a->prepared_count++] = s->name;
	} else {
		PQclear(s->result.res);
		s->result.res = r;
		return;
	}
	PQclear(r);
}

static enum pg_async_state flush(struct pg_async *a)
{
	int left = PQflush(a->conn);

	if (left < 0)
		return fail_with(a, PQerrorMessage(a->conn));
	a->want = PG_WANT_READ | (left > 0 ? PG_WANT_WRITE : 0);
	return a->state;
}

static enum pg_async_state step_batch(struct pg_async *a)
{
	while (a->finished < a->count && !PQisBusy(a->conn)) {
		PGresult *r = PQgetResult(a->conn);

		if (r != NULL)
			take_result(a, r);
		else if (PQstatus(a->conn) == CONNECTION_BAD)
			return fail_with(a, PQerrorMessage(a->conn));
	}
	if (a->finished == a->count)
		a->state = PG_ASYNC_IDLE;
	return flush(a);
}

enum pg_async_state pg_async_step(struct pg_async *a)
{
	if (a->state == PG_ASYNC_FAILED)
		return a->state;
	if (a->state == PG_ASYNC_CONNECTING)
		return step_connect(a);
	if (PQconsumeInput(a->conn) != 1 || PQstatus(a->conn) == CONNECTION_BAD)
		return fail_with(a, PQerrorMessage(a->conn));
	if (a->state == PG_ASYNC_BUSY)
		return step_batch(a);
	(void)PQisBusy(a->conn); /* lets libpq take notices and parameter changes in */
	return flush(a);
}

void pg_async_add(struct pg_async *a, const char *name, const char *sql)
{
	if (a->state == PG_ASYNC_IDLE && a->finished > 0)
		drop_results(a);
	if (a->count == PG_ASYNC_BATCH_MAX)
		abort();
	a->batch[a->count++] = (struct statement){ .name = name, .sql = sql };
}

static bool send_statement(struct pg_async *a, struct statement *s)
{
	s->prepares = !is_prepared(a, s->name) && a->prepared_count < PREPARED_MAX;
	if (s->prepares && PQsendPrepare(a->conn, s->name, s->sql, 0, NULL) != 1)
		return false;
	return PQsendQueryPrepared(a->conn, s->name, 0, NULL, NULL, NULL, 0) == 1 &&
	       PQpipelineSync(a->conn) == 1;
}

enum err_code pg_async_send(struct pg_async *a, struct err *e)
{
	if (a->state != PG_ASYNC_IDLE || a->finished > 0)
		return err_set(e, ERR_INTERNAL, "connection is not ready for statements");
	for (size_t i = 0; i < a->count; i++) {
		if (!send_statement(a, &a->batch[i])) {
			(void)fail_with(a, PQerrorMessage(a->conn));
			return err_set(e, ERR_UNREACHABLE, "%s", a->error);
		}
	}
	a->state = a->count > 0 ? PG_ASYNC_BUSY : PG_ASYNC_IDLE;
	if (flush(a) == PG_ASYNC_FAILED)
		return err_set(e, ERR_UNREACHABLE, "%s", a->error);
	return ERR_OK;
}

const struct pg_result *pg_async_result(const struct pg_async *a, size_t i)
{
	if (a->state != PG_ASYNC_IDLE || i >= a->finished || a->batch[i].result.res == NULL)
		return NULL;
	return &a->batch[i].result;
}

const char *pg_async_result_error(const struct pg_async *a, size_t i)
{
	return i < a->count ? a->batch[i].error : "";
}
