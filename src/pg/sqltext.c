#include "pg/sqltext.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

static void add_doubled(struct strbuf *out, const char *text, char quote, bool with_backslash)
{
	for (; *text != '\0'; text++) {
		if (*text == quote || (with_backslash && *text == '\\'))
			strbuf_addc(out, *text);
		strbuf_addc(out, *text);
	}
}

void sql_ident(struct strbuf *out, const char *name)
{
	strbuf_addc(out, '"');
	add_doubled(out, name, '"', false);
	strbuf_addc(out, '"');
}

void sql_literal(struct strbuf *out, const char *text)
{
	bool has_backslash = strchr(text, '\\') != NULL;

	/* The blank keeps E from growing together with a word before it. */
	strbuf_adds(out, has_backslash ? " E'" : "'");
	add_doubled(out, text, '\'', has_backslash);
	strbuf_addc(out, '\'');
}

enum err_code sql_name_check(const char *what, const char *name, struct err *e)
{
	const unsigned char *p;

	if (str_empty(name))
		return err_set(e, ERR_INVALID, "%s is empty", what);
	if (strlen(name) > SQL_NAME_MAX)
		return err_set(e, ERR_INVALID, "%s is longer than %d bytes", what, SQL_NAME_MAX);
	for (p = (const unsigned char *)name; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f)
			return err_set(e, ERR_INVALID, "%s has a control character", what);
	}
	if (!str_is_utf8(name, strlen(name)))
		return err_set(e, ERR_INVALID, "%s is not UTF-8", what);
	return ERR_OK;
}
