#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err_retry { NO, LATER };

struct err_row {
	const char *name;
	const char *text;
	const char *rpc_status;
	enum err_retry retry;
};

#define ERR(code, text, status, retry) [code] = { #code, text, status, retry },
static const struct err_row err_rows[] = {
#include "err.def"
};
#undef ERR

static const struct err_row *row_of(enum err_code code)
{
	if ((size_t)code >= ARRAY_SIZE(err_rows))
		return &err_rows[ERR_INTERNAL];
	return &err_rows[code];
}

enum err_code err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	if (!e)
		return code;
	/* A caller may quote the old text of E in the new one. */
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	e->code = code;
	memcpy(e->text, text, sizeof(text));
	e->hint[0] = '\0';
	return code;
}

enum err_code err_wrap(struct err *e, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	size_t used;
	va_list ap;

	if (!e)
		return ERR_INTERNAL;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	used = strlen(text);
	snprintf(text + used, sizeof(text) - used, ": %s", e->text);
	memcpy(e->text, text, sizeof(text));
	return e->code;
}

enum err_code err_hint(struct err *e, const char *fmt, ...)
{
	char hint[ERR_TEXT_MAX];
	va_list ap;

	if (!e)
		return ERR_INTERNAL;
	va_start(ap, fmt);
	vsnprintf(hint, sizeof(hint), fmt, ap);
	va_end(ap);
	memcpy(e->hint, hint, sizeof(hint));
	return e->code;
}

enum err_code err_errno(struct err *e, enum err_code code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	int saved = errno;
	size_t used;
	va_list ap;

	if (!e)
		return code;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	used = strlen(text);
	snprintf(text + used, sizeof(text) - used, ": %s", strerror(saved));
	e->code = code;
	memcpy(e->text, text, sizeof(text));
	e->hint[0] = '\0';
	return code;
}

void err_clear(struct err *e)
{
	if (!e)
		return;
	e->code = ERR_OK;
	e->text[0] = '\0';
	e->hint[0] = '\0';
}

const char *err_name(enum err_code code)
{
	return row_of(code)->name;
}

const char *err_code_text(enum err_code code)
{
	return row_of(code)->text;
}

const char *err_rpc_status(enum err_code code)
{
	return row_of(code)->rpc_status;
}

bool err_may_retry(enum err_code code)
{
	return row_of(code)->retry == LATER;
}

enum err_code err_code_of(const char *name)
{
	size_t i;

	for (i = 0; name && i < ARRAY_SIZE(err_rows); i++)
		if (strcmp(err_rows[i].name, name) == 0)
			return (enum err_code)i;
	return ERR_INTERNAL;
}
