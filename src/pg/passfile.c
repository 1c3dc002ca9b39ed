#include "pg/passfile.h"

#include <stddef.h>
#include <string.h>

#include "base/macros.h"

static void add_field(struct strbuf *out, const char *text, char end)
{
	if (text == NULL)
		strbuf_addc(out, '*');
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == ':' || *text == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, *text);
	}
	strbuf_addc(out, end);
}

enum err_code passfile_line(struct strbuf *out, const char *host, const char *port,
                            const char *database, const char *user, const char *password,
                            struct err *e)
{
	const char *fields[] = { host, port, database, user, password };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i] != NULL && strpbrk(fields[i], "\r\n") != NULL)
			return err_set(e, ERR_INVALID,
			               "a line of a password file cannot hold a newline");
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		add_field(out, fields[i], i + 1 < ARRAY_SIZE(fields) ? ':' : '\n');
	return ERR_OK;
}
