/* postgresql.conf style: read what is set, write our own file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"

struct conf_entry {
	const char *name;  /* lower case */
	const char *value; /* unquoted */
	size_t line;       /* from 1 */
};

struct conf {
	struct conf_entry *entries; /* in file order; include directives are entries */
	size_t count;
};

/* ERR_PARSE names the line. */
enum err_code conf_parse(const char *text, size_t len, struct arena *a, struct conf *out,
                         struct err *e);
/* The value in force (the last one), NULL when it is not set. */
const char *conf_get(const struct conf *c, const char *name);

/* "name = 'value'" and a newline, quoted as the server's parser reads it.  ERR_INVALID for a name
 * that is no setting's name or a value with a control character. */
enum err_code conf_add(struct strbuf *out, const char *name, const char *value, struct err *e);
/* "# text", one line. */
void conf_add_comment(struct strbuf *out, const char *text);
