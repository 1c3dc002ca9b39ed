#include "model/field.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define PORT_MAX 65535

static void write_object(const struct field *f, const void *at, enum field_mode mode,
                         struct json *into)
{
	struct json *sub = json_object_new();

	fields_write(f->rows, f->n_rows, at, mode, sub);
	if (json_len(sub) > 0)
		json_set(into, f->name, sub);
	else
		json_free(&sub);
}

static void write_text(const struct field *f, const char *value, struct json *into)
{
	if (!str_empty(value))
		json_set_str(into, f->name, value);
}

static void write_number(const struct field *f, const void *at, struct json *into)
{
	switch (f->type) {
	case FIELD_I64:
		json_set_int(into, f->name, *(const int64_t *)at);
		break;
	case FIELD_BOOL:
		json_set_bool(into, f->name, *(const bool *)at);
		break;
	case FIELD_REAL:
		json_set_real(into, f->name, *(const double *)at);
		break;
	default:
		json_set_int(into, f->name, *(const int *)at);
		break;
	}
}

static void write_field(const struct field *f, const void *at, enum field_mode mode,
                        struct json *into)
{
	if (f->type == FIELD_OBJECT)
		write_object(f, at, mode, into);
	else if (f->type == FIELD_SECRET && (mode & FIELDS_SECRET))
		write_text(f, *(const char *const *)at, into);
	else if (f->type == FIELD_STR && (mode & FIELDS_PUBLIC))
		write_text(f, *(const char *const *)at, into);
	else if (f->type > FIELD_SECRET && (mode & FIELDS_PUBLIC))
		write_number(f, at, into);
}

void fields_write(const struct field *rows, size_t n, const void *from, enum field_mode mode,
                  struct json *into)
{
	for (size_t i = 0; i < n; i++)
		write_field(&rows[i], (const char *)from + rows[i].offset, mode, into);
}

static enum err_code read_text(const struct field *f, const struct json *v, struct arena *a,
                               const char **out, struct err *e)
{
	if (json_is_string(v))
		*out = arena_strdup(a, json_str(v));
	else if (json_is_int(v))
		*out = arena_printf(a, "%" PRId64, json_int(v, 0));
	else if (json_is_null(v))
		*out = "";
	else
		return err_set(e, ERR_INVALID, "field \"%s\" must be a text", f->name);
	return ERR_OK;
}

static enum err_code read_int(const struct field *f, const struct json *from, int64_t min,
                              int64_t max, int64_t *out, struct err *e)
{
	const struct json *v = json_get(from, f->name);
	int64_t n = json_get_int(from, f->name, 0);

	if (v != NULL && !json_is_int(v) && !json_is_string(v) && !json_is_null(v))
		return err_set(e, ERR_INVALID, "field \"%s\" must be a number", f->name);
	if (n < min || n > max)
		return err_set(e, ERR_INVALID,
		               "field \"%s\" must be between %" PRId64 " and %" PRId64, f->name,
		               min, max);
	*out = n;
	return ERR_OK;
}

static enum err_code read_small(const struct field *f, const struct json *from, int *out,
                                struct err *e)
{
	bool port = f->type == FIELD_PORT;
	int64_t n = 0;

	TRY(read_int(f, from, port ? 0 : INT32_MIN, port ? PORT_MAX : INT32_MAX, &n, e));
	*out = (int)n;
	return ERR_OK;
}

static enum err_code read_object(const struct field *f, const struct json *v, struct arena *a,
                                 void *at, struct err *e)
{
	if (v != NULL && !json_is_object(v))
		return err_set(e, ERR_INVALID, "field \"%s\" must be an object", f->name);
	return fields_read(f->rows, f->n_rows, v, a, at, e);
}

static enum err_code read_field(const struct field *f, const struct json *from, struct arena *a,
                                void *at, struct err *e)
{
	switch (f->type) {
	case FIELD_STR:
	case FIELD_SECRET:
		return read_text(f, json_get(from, f->name), a, at, e);
	case FIELD_I64:
		return read_int(f, from, INT64_MIN, INT64_MAX, at, e);
	case FIELD_INT:
	case FIELD_PORT:
		return read_small(f, from, at, e);
	case FIELD_BOOL:
		*(bool *)at = json_get_bool(from, f->name, false);
		return ERR_OK;
	case FIELD_REAL:
		*(double *)at = json_get_real(from, f->name, 0);
		return ERR_OK;
	case FIELD_OBJECT:
		return read_object(f, json_get(from, f->name), a, at, e);
	}
	return ERR_OK;
}

enum err_code fields_read(const struct field *rows, size_t n, const struct json *from,
                          struct arena *a, void *into, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		TRY(read_field(&rows[i], from, a, (char *)into + rows[i].offset, e));
	return ERR_OK;
}

int name_index(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (names[i] != NULL && str_ieq(names[i], name))
			return (int)i;
	}
	return -1;
}
