/* Where and how to connect: keyword arrays for libpq, and the text that a standby keeps in
 * primary_conninfo.  The text never has the password: that is in a password file. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"

#define CONNINFO_KEYWORDS_MAX 24

/* All strings are borrowed; NULL and 0 leave the keyword out. */
struct conninfo {
	const char *host;     /* name or address; names are for certificates and messages */
	const char *hostaddr; /* address that saves the look-up of HOST */
	int port;
	const char *user;
	const char *password;
	const char *passfile;
	const char *dbname;
	const char *sslmode;
	const char *sslrootcert;
	const char *application_name;
	const char *options;
	int connect_timeout_s;
	int keepalives_idle_s, keepalives_interval_s, keepalives_count;
	int tcp_user_timeout_ms;
};

/* NULL-terminated keyword and value arrays for PQconnectdbParams(). */
struct conninfo_words {
	const char *keywords[CONNINFO_KEYWORDS_MAX];
	const char *values[CONNINFO_KEYWORDS_MAX];
	char numbers[8][12];
};

/* W borrows the strings of C and must not be moved (its values point into it). */
void conninfo_words(const struct conninfo *c, struct conninfo_words *w);
/* "host='h' port='5432' ..." without the password; ERR_INVALID when a value has a control
 * character. */
enum err_code conninfo_text(const struct conninfo *c, struct strbuf *out, struct err *e);
/* Read the keyword = value form; strings live in A.  Unknown keywords are skipped, a URI is
 * ERR_UNSUPPORTED.  A password that was in the text is in OUT, for the caller to drop. */
enum err_code conninfo_parse(const char *text, struct arena *a, struct conninfo *out,
                             struct err *e);
