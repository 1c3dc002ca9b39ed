/* Why a connection or a statement failed, told from SQLSTATE and from what libpq says. */
#pragma once

#include <stddef.h>

#include "base/err.h"

enum pg_fail {
	PG_FAIL_NONE,
	PG_FAIL_AUTH,       /* wrong user or password */
	PG_FAIL_NO_HBA,     /* pg_hba.conf lets nobody in from here */
	PG_FAIL_REFUSED,    /* nothing listens */
	PG_FAIL_TIMEOUT,    /* no answer in time */
	PG_FAIL_UNRESOLVED, /* name not known */
	PG_FAIL_ROUTE,      /* no way to the host */
	PG_FAIL_STARTING,   /* starting up or shutting down: later */
	PG_FAIL_FULL,       /* too many connections */
	PG_FAIL_TLS,        /* TLS wanted and not had, or the certificate is not trusted */
	PG_FAIL_CLOSED,     /* the peer went away */
	PG_FAIL_OTHER,
};

#define PG_SQLSTATE_SIZE 6

/* The SQLSTATE that libpq's verbose message carries ("FATAL:  28P01: ..."); "" when there is none.
 */
void pg_fail_sqlstate(const char *text, char out[PG_SQLSTATE_SIZE]);
/* One line for people: the last message of TEXT without severity, SQLSTATE and location. */
void pg_fail_sentence(const char *text, char *out, size_t size);
/* SQLSTATE may be NULL or ""; TEXT is libpq's message (English, as the client asks for). */
enum pg_fail pg_fail_of(const char *sqlstate, const char *text);
/* "AUTH_FAILED", "REFUSED", ... */
const char *pg_fail_name(enum pg_fail f);
/* "password authentication failed", "connection refused", ... */
const char *pg_fail_text(enum pg_fail f);
enum err_code pg_fail_code(enum pg_fail f);
