#include "pg/pq.h"

#include <stdio.h>

#include "base/str.h"

#define CONNECT_TIMEOUT_MS   10000
#define STATEMENT_TIMEOUT_MS 30000
#define SILENT_MS            15000

int pq_connect_timeout_ms(const struct pg_options *o)
{
	return o == NULL || o->connect_timeout_ms == 0 ? CONNECT_TIMEOUT_MS : o->connect_timeout_ms;
}

int pq_statement_timeout_ms(const struct pg_options *o)
{
	return o == NULL || o->statement_timeout_ms == 0 ? STATEMENT_TIMEOUT_MS
	                                                 : o->statement_timeout_ms;
}

static int silent_ms(const struct pg_options *o)
{
	return o == NULL || o->silent_ms == 0 ? SILENT_MS : o->silent_ms;
}

/* Server settings that every connection of ours has; blanks separate, no value has one. */
static void format_options(const struct pg_options *o, char *out, size_t size)
{
	int statement_ms = pq_statement_timeout_ms(o);

	(void)snprintf(out, size,
	               "-c search_path=pg_catalog -c client_min_messages=error "
	               "-c DateStyle=ISO -c TimeZone=UTC -c extra_float_digits=0 "
	               "-c statement_timeout=%d -c default_transaction_read_only=%s",
	               statement_ms < 0 ? 0 : statement_ms,
	               o != NULL && o->read_only ? "on" : "off");
}

static void ignore_notice(void *ctx, const PGresult *r)
{
}

static void set_silence(struct conninfo *full, const struct pg_options *o)
{
	int ms = silent_ms(o), interval_s = ms / 4000;

	full->tcp_user_timeout_ms = ms;
	full->keepalives_idle_s = interval_s < 1 ? 1 : interval_s;
	full->keepalives_interval_s = full->keepalives_idle_s;
	full->keepalives_count = 3;
}

PGconn *pq_start(const struct conninfo *c, const struct pg_options *o)
{
	struct conninfo full = *c;
	struct conninfo_words w;
	char options[256];
	size_t n = 0;
	PGconn *conn;

	format_options(o, options, sizeof(options));
	full.port = c->port == 0 ? 5432 : c->port;
	full.dbname = str_or(c->dbname, "postgres");
	full.sslmode = str_or(c->sslmode, "prefer");
	full.application_name = str_or(c->application_name, "pgtandem");
	full.options = options;
	full.connect_timeout_s = 0; /* ours counts milliseconds */
	set_silence(&full, o);
	conninfo_words(&full, &w);
	while (w.keywords[n] != NULL)
		n++;
	w.keywords[n] = "client_encoding";
	w.values[n++] = "UTF8";
	/* Without this libpq may ask a Kerberos server first, and wait for it. */
	w.keywords[n] = "gssencmode";
	w.values[n] = "disable";
	conn = PQconnectStartParams(w.keywords, w.values, 0);
	if (conn == NULL)
		return NULL;
	(void)PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
	(void)PQsetNoticeReceiver(conn, ignore_notice, NULL);
	return conn;
}

bool pq_is_ok(const PGresult *r)
{
	switch (PQresultStatus(r)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
		return true;
	default:
		return false;
	}
}

enum err_code pq_result_error(const PGresult *r, enum pg_fail *fail,
                              char sqlstate[PG_SQLSTATE_SIZE], struct err *e)
{
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT);
	char sentence[ERR_TEXT_MAX];

	(void)snprintf(sqlstate, PG_SQLSTATE_SIZE, "%.5s",
	               str_or(PQresultErrorField(r, PG_DIAG_SQLSTATE), ""));
	if (text == NULL) {
		pg_fail_sentence(str_or(PQresultErrorMessage(r), "no answer"), sentence,
		                 sizeof(sentence));
		text = sentence;
	}
	*fail = pg_fail_of(sqlstate, text);
	(void)err_set(e, pg_fail_code(*fail), "%s", text);
	if (hint != NULL)
		(void)err_hint(e, "%s", hint);
	return pg_fail_code(*fail);
}
