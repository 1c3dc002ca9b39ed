/* What synchronous and asynchronous connections share; only for src/pg, the door to libpq. */
#pragma once

#include <libpq-fe.h>

#include "pg/conn.h"

/* Milliseconds with the defaults put in; -1: no limit. */
int pq_connect_timeout_ms(const struct pg_options *o);
int pq_statement_timeout_ms(const struct pg_options *o);

/* PQconnectStartParams() with our defaults; NULL when out of memory. */
PGconn *pq_start(const struct conninfo *c, const struct pg_options *o);

struct pg_result {
	PGresult *res;
};

/* Set E from a failed result; returns its code.  The statement is not in the text. */
enum err_code pq_result_error(const PGresult *r, enum pg_fail *fail,
                              char sqlstate[PG_SQLSTATE_SIZE], struct err *e);
bool pq_is_ok(const PGresult *r);
