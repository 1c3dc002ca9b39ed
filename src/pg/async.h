/* Connections that never block: connect and a batch of prepared statements as a state machine.
 * The caller's loop waits for pg_async_fd() and calls pg_async_step(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "pg/conn.h"

struct pg_async;

enum pg_async_state {
	PG_ASYNC_CONNECTING,
	PG_ASYNC_IDLE,   /* connected, nothing under way */
	PG_ASYNC_BUSY,   /* a batch is under way */
	PG_ASYNC_FAILED, /* see pg_async_fail(); free it */
};

enum pg_async_want {
	PG_WANT_READ = 1,
	PG_WANT_WRITE = 2,
};

/* Start connecting.  C needs hostaddr (one or several, with as many names in host), or an
 * address as host: names are never looked up here,
 * ERR_INVALID otherwise.  Time limits are the caller's. */
enum err_code pg_async_new(const struct conninfo *c, const struct pg_options *o,
                           struct pg_async **out, struct err *e);
void pg_async_free(struct pg_async **a);

/* Descriptor and what to wait for; both may change with every step while connecting. */
int pg_async_fd(const struct pg_async *a);
int pg_async_want(const struct pg_async *a);
enum pg_async_state pg_async_state(const struct pg_async *a);
/* Go on after the descriptor became ready; results fill up meanwhile. */
enum pg_async_state pg_async_step(struct pg_async *a);

enum pg_fail pg_async_fail(const struct pg_async *a);
/* Of the server's error or of its last words before it closed; "" when it said nothing. */
const char *pg_async_sqlstate(const struct pg_async *a);
const char *pg_async_error(const struct pg_async *a); /* one line */
int pg_async_server_version(const struct pg_async *a);
bool pg_async_uses_tls(const struct pg_async *a);

#define PG_ASYNC_BATCH_MAX 16

/* Put a statement without parameters in the next batch; it is prepared under NAME the first
 * time.  Each statement is its own transaction: one that fails does not touch the others. */
void pg_async_add(struct pg_async *a, const char *name, const char *sql);
/* Send the batch; results of the former one are dropped. */
enum err_code pg_async_send(struct pg_async *a, struct err *e);
/* After PG_ASYNC_IDLE: result of the I-th statement of the batch, borrowed until the next
 * pg_async_send(); NULL when that statement failed, with the reason in pg_async_result_error(). */
const struct pg_result *pg_async_result(const struct pg_async *a, size_t i);
const char *pg_async_result_error(const struct pg_async *a, size_t i);
