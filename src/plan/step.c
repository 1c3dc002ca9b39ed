#include "plan/step.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

const struct step_kind *step_kind_find(const char *name)
{
	const struct step_kind *k;

	for (k = step_kinds; k->name; k++)
		if (str_eq(k->name, name))
			return k;
	return NULL;
}

struct json *step_add(struct run *r, int group, const char *kind, const char *host)
{
	struct json *row = json_object_new();

	assert(step_kind_find(kind));
	json_set_int(row, "seq", (int64_t)json_len(r->steps));
	json_set_int(row, "group", group);
	json_set_str(row, "kind", kind);
	json_set_str(row, "name", kind);
	json_set_str(row, "host", host);
	json_set_str(row, "state", "pending");
	json_append(r->steps, row);
	return row;
}

static struct json *member(struct json *row, const char *name)
{
	struct json *m = json_get(row, name);

	if (m)
		return m;
	m = json_object_new();
	json_set(row, name, m);
	return m;
}

void step_arg(struct json *row, const char *name, const char *value)
{
	if (!str_empty(value))
		json_set_str(member(row, "args"), name, value);
}

void step_arg_int(struct json *row, const char *name, int64_t value)
{
	json_setf(member(row, "args"), name, "%lld", (long long)value);
}

void step_text(struct json *row, const char *name, const char *text)
{
	if (!str_empty(text))
		json_set_str(member(row, "texts"), name, text);
}

void step_secret(struct json *row, const char *name, const char *from)
{
	json_set_str(member(row, "secrets"), name, from);
}

void step_title(struct json *row, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_set_str(row, "title", text);
}
