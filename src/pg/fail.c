#include "pg/fail.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const struct {
	const char *name, *text;
	enum err_code code;
} fails[] = {
	[PG_FAIL_NONE] = { "NONE", "no failure", ERR_OK },
	[PG_FAIL_AUTH] = { "AUTH_FAILED", "authentication failed", ERR_DENIED },
	[PG_FAIL_NO_HBA] = { "NO_HBA", "no entry in pg_hba.conf", ERR_DENIED },
	[PG_FAIL_REFUSED] = { "REFUSED", "connection refused", ERR_UNREACHABLE },
	[PG_FAIL_TIMEOUT] = { "TIMEOUT", "no answer in time", ERR_TIMEOUT },
	[PG_FAIL_UNRESOLVED] = { "UNRESOLVED", "host name not known", ERR_UNREACHABLE },
	[PG_FAIL_ROUTE] = { "ROUTE", "no way to the host", ERR_UNREACHABLE },
	[PG_FAIL_STARTING] = { "STARTING_UP", "server is starting up or shutting down", ERR_BUSY },
	[PG_FAIL_FULL] = { "FULL", "too many connections", ERR_BUSY },
	[PG_FAIL_TLS] = { "TLS", "TLS failed", ERR_UNREACHABLE },
	[PG_FAIL_CLOSED] = { "CLOSED", "server closed the connection", ERR_UNREACHABLE },
	[PG_FAIL_OTHER] = { "OTHER", "connection or statement failed", ERR_SQL },
};

/* Classes (two characters) and whole SQLSTATEs; the first match counts. */
static const struct {
	const char *sqlstate;
	enum pg_fail fail;
} states[] = {
	{ "28", PG_FAIL_AUTH },      { "57P03", PG_FAIL_STARTING }, { "57P01", PG_FAIL_CLOSED },
	{ "57P02", PG_FAIL_CLOSED }, { "53300", PG_FAIL_FULL },     { "08", PG_FAIL_CLOSED },
};

/* What libpq and the C library say when the server did not. */
static const struct {
	const char *part;
	enum pg_fail fail;
} texts[] = {
	{ "Connection refused", PG_FAIL_REFUSED },
	{ "No such file or directory", PG_FAIL_REFUSED },
	{ "could not translate host name", PG_FAIL_UNRESOLVED },
	{ "could not parse network address", PG_FAIL_UNRESOLVED },
	{ "No route to host", PG_FAIL_ROUTE },
	{ "Network is unreachable", PG_FAIL_ROUTE },
	{ "Host is down", PG_FAIL_ROUTE },
	{ "timeout expired", PG_FAIL_TIMEOUT },
	{ "timed out", PG_FAIL_TIMEOUT },
	{ "password authentication failed", PG_FAIL_AUTH },
	{ "no password supplied", PG_FAIL_AUTH },
	{ "SCRAM", PG_FAIL_AUTH },
	{ "the database system is", PG_FAIL_STARTING },
	{ "too many clients", PG_FAIL_FULL },
	{ "certificate", PG_FAIL_TLS },
	{ "does not support SSL", PG_FAIL_TLS },
	{ "closed the connection", PG_FAIL_CLOSED },
	{ "connection not open", PG_FAIL_CLOSED },
	{ "no connection to the server", PG_FAIL_CLOSED },
	{ "Connection reset", PG_FAIL_CLOSED },
	{ "Broken pipe", PG_FAIL_CLOSED },
	{ "SSL error", PG_FAIL_TLS },
};

static bool is_state_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

/* P is at five characters of a SQLSTATE and a colon, after "SEVERITY:  ". */
static bool is_sqlstate(const char *p)
{
	for (int i = 0; i < 5; i++) {
		if (!is_state_char(p[i]))
			return false;
	}
	return p[5] == ':' && p[6] == ' ';
}

/* The last SQLSTATE of TEXT: earlier ones are attempts that libpq made before. */
static const char *find_sqlstate(const char *text)
{
	const char *found = NULL;

	for (const char *p = strstr(text, ":  "); p != NULL; p = strstr(p + 3, ":  ")) {
		if (is_sqlstate(p + 3))
			found = p + 3;
	}
	return found;
}

void pg_fail_sqlstate(const char *text, char out[PG_SQLSTATE_SIZE])
{
	const char *p = find_sqlstate(text);

	(void)snprintf(out, PG_SQLSTATE_SIZE, "%.5s", p == NULL ? "" : p);
}

/* Begin of the last line that has something in it. */
static const char *last_line(const char *text)
{
	const char *line = text;

	for (const char *p = strchr(text, '\n'); p != NULL; p = strchr(p + 1, '\n')) {
		if (p[1] != '\0' && p[1] != '\n' && p[1] != '\t')
			line = p + 1;
	}
	return line;
}

void pg_fail_sentence(const char *text, char *out, size_t size)
{
	const char *p = find_sqlstate(text), *failed;

	if (p != NULL) {
		p += strlen("28P01: ");
	} else {
		p = last_line(text);
		failed = strstr(p, " failed: ");
		p = failed == NULL ? p : failed + strlen(" failed: ");
	}
	(void)snprintf(out, size, "%.*s", (int)strcspn(p, "\r\n"), p);
}

static enum pg_fail fail_of_text(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (strstr(text, texts[i].part) != NULL)
			return texts[i].fail;
	}
	return PG_FAIL_OTHER;
}

enum pg_fail pg_fail_of(const char *sqlstate, const char *text)
{
	text = str_or(text, "");
	if (str_empty(sqlstate)) {
		if (strstr(text, "pg_hba.conf") != NULL)
			return PG_FAIL_NO_HBA;
		return fail_of_text(text);
	}
	/* The file's name is in the message in every language. */
	if (str_eq(sqlstate, "28000") && strstr(text, "pg_hba.conf") != NULL)
		return PG_FAIL_NO_HBA;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (str_starts(sqlstate, states[i].sqlstate))
			return states[i].fail;
	}
	return PG_FAIL_OTHER;
}

const char *pg_fail_name(enum pg_fail f)
{
	return fails[f].name;
}

const char *pg_fail_text(enum pg_fail f)
{
	return fails[f].text;
}

enum err_code pg_fail_code(enum pg_fail f)
{
	return fails[f].code;
}
