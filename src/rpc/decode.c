#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/strbuf.h"
#include "rpc/decode.h"

#define LIST_TEXT_MAX 512 /* one member of "a;b,c" */

/* One field at its place: where it comes from, where it goes, what it is called. */
struct place {
	const struct field *field;
	const struct json *in;
	char *out;          /* the struct */
	struct json *clean; /* may be NULL */
	char path[DECODE_PATH_MAX];
	struct faults *faults;
};

void faults_init(struct faults *f, struct arena *arena)
{
	memset(f, 0, sizeof(*f));
	f->arena = arena;
}

void faults_add(struct faults *f, const char *field, const char *fmt, ...)
{
	if (f->count < DECODE_FAULTS_MAX) {
		va_list ap;

		va_start(ap, fmt);
		f->field[f->count] = arena_strdup(f->arena, field);
		f->reason[f->count] = arena_vprintf(f->arena, fmt, ap);
		va_end(ap);
	}
	f->count++;
}

static size_t faults_kept(const struct faults *f)
{
	return f->count < DECODE_FAULTS_MAX ? f->count : DECODE_FAULTS_MAX;
}

enum err_code faults_report(const struct faults *f, struct err *e)
{
	struct strbuf text;

	if (f->count == 0)
		return ERR_OK;
	strbuf_init(&text, ERR_TEXT_MAX - 64);
	for (size_t i = 0; i < faults_kept(f); i++)
		strbuf_addf(&text, "%s'%s' %s", i ? "; " : "", f->field[i], f->reason[i]);
	if (f->count > faults_kept(f) || text.overflow)
		err_set(e, ERR_INVALID, "%zu faults: %s; ...", f->count, strbuf_cstr(&text));
	else
		err_set(e, ERR_INVALID, "%s", strbuf_cstr(&text));
	strbuf_release(&text);
	return ERR_INVALID;
}

struct json *faults_json(const struct faults *f)
{
	struct json *list = json_array_new();

	for (size_t i = 0; i < faults_kept(f); i++) {
		struct json *row = json_object_new();

		json_set_str(row, "field", f->field[i]);
		json_set_str(row, "reason", f->reason[i]);
		json_append(list, row);
	}
	return list;
}

static void place_name(struct place *p, const char *parent, const char *name)
{
	(void)snprintf(p->path, sizeof(p->path), "%s%s%s", parent, parent[0] ? "." : "", name);
}

static void clean_set(struct place *p, struct json *value)
{
	if (!p->clean) {
		json_free(&value);
		return;
	}
	json_set(p->clean, p->field->names[0], value);
}

/* Is J a number without fraction that an int64 holds?  Also as text. */
static bool whole_number(const struct json *j, int64_t *v)
{
	if (json_is_int(j)) {
		*v = json_int(j, 0);
		return true;
	}
	return json_is_string(j) &&
	       str_to_i64(json_str(j), INT64_MIN, INT64_MAX, v, NULL) == ERR_OK;
}

static void decode_int(struct place *p)
{
	const struct field *f = p->field;
	int64_t v;

	if (!whole_number(p->in, &v)) {
		faults_add(p->faults, p->path, "must be a whole number");
		return;
	}
	if (v < f->min || v > f->max) {
		faults_add(p->faults, p->path, "must be between %lld and %lld", (long long)f->min,
		           (long long)f->max);
		return;
	}
	*(int64_t *)(void *)(p->out + f->offset) = v;
	*(bool *)(p->out + f->extra) = true;
	clean_set(p, json_int_new(v));
}

static bool truth(const struct json *j, bool *v)
{
	if (json_is_string(j))
		return str_to_bool(json_str(j), v);
	if (!json_is_bool(j) && !(json_is_int(j) && (uint64_t)json_int(j, 2) <= 1))
		return false;
	*v = json_bool(j, false);
	return true;
}

static void decode_bool(struct place *p)
{
	bool v;

	if (!truth(p->in, &v)) {
		faults_add(p->faults, p->path, "must be true or false");
		return;
	}
	*(bool *)(p->out + p->field->offset) = v;
	*(bool *)(p->out + p->field->extra) = true;
	clean_set(p, json_bool_new(v));
}

static bool is_choice(const struct field *f, const char *s)
{
	for (size_t i = 0; f->choices[i]; i++) {
		if (str_ieq(f->choices[i], s))
			return true;
	}
	return false;
}

static void fault_choice(struct place *p)
{
	struct strbuf all;

	strbuf_init(&all, 256);
	for (size_t i = 0; p->field->choices[i]; i++)
		strbuf_addf(&all, "%s%s", i ? ", " : "", p->field->choices[i]);
	faults_add(p->faults, p->path, "must be one of %s", strbuf_cstr(&all));
	strbuf_release(&all);
}

/* Length, choice and form of one text; false when it has a fault. */
static bool text_ok(struct place *p, const char *s)
{
	const struct field *f = p->field;
	int64_t len = (int64_t)strlen(s);
	const char *why;

	if (f->type == FIELD_STRING && (len < f->min || len > f->max)) {
		faults_add(p->faults, p->path, "must have %lld to %lld bytes", (long long)f->min,
		           (long long)f->max);
		return false;
	}
	if (f->choices && !is_choice(f, s)) {
		fault_choice(p);
		return false;
	}
	why = form_fault(f->form, s);
	if (why)
		faults_add(p->faults, p->path, "%s", why);
	return !why;
}

/* A text, also given as a whole number ("version": 11); NULL when it is neither. */
static const char *text_of(struct place *p, const struct json *j)
{
	if (json_is_string(j))
		return json_str(j);
	if (json_is_int(j))
		return arena_printf(p->faults->arena, "%lld", (long long)json_int(j, 0));
	return NULL;
}

static void decode_string(struct place *p)
{
	const char *s = text_of(p, p->in);

	if (!s) {
		faults_add(p->faults, p->path, "must be a text");
		return;
	}
	if (!text_ok(p, s))
		return;
	*(const char **)(void *)(p->out + p->field->offset) = s;
	clean_set(p, json_string_new(s));
}

static struct json *split_list(const char *text)
{
	struct json *list = json_array_new();
	char part[LIST_TEXT_MAX];

	while (str_field(&text, ";,", part, sizeof(part))) {
		if (part[0])
			json_append_str(list, part);
	}
	return list;
}

static bool count_ok(struct place *p, size_t n)
{
	const struct field *f = p->field;

	if ((int64_t)n >= f->min && (int64_t)n <= f->max)
		return true;
	if (f->min == 1 && n == 0)
		faults_add(p->faults, p->path, "must not be empty");
	else
		faults_add(p->faults, p->path, "must have %lld to %lld members", (long long)f->min,
		           (long long)f->max);
	return false;
}

static void strings_fill(struct place *p, const struct json *list)
{
	struct arena *a = p->faults->arena;
	size_t n = json_len(list);
	const char **texts = ARENA_NEWN(a, n + 1, const char *);
	struct json *clean = json_array_new();

	for (size_t i = 0; i < n; i++) {
		const char *s = text_of(p, json_at(list, i));

		if (!s)
			faults_add(p->faults, p->path, "must be a list of texts");
		else if (text_ok(p, s))
			texts[i] = arena_strdup(a, s);
		json_append_str(clean, str_or(texts[i], ""));
	}
	*(const char ***)(void *)(p->out + p->field->offset) = texts;
	*(size_t *)(void *)(p->out + p->field->extra) = n;
	clean_set(p, clean);
}

static void decode_strings(struct place *p)
{
	struct json *list;

	if (json_is_string(p->in))
		list = split_list(json_str(p->in));
	else if (json_is_array(p->in))
		list = json_ref((struct json *)p->in);
	else {
		faults_add(p->faults, p->path, "must be a list of texts");
		return;
	}
	if (count_ok(p, json_len(list)))
		strings_fill(p, list);
	json_free(&list);
}

static void decode_object(struct place *p)
{
	const struct message *m = p->field->of;
	void *out = arena_alloc(p->faults->arena, m->size);
	struct json *clean = p->clean ? json_object_new() : NULL;

	decode(m, p->in, p->path, out, clean, p->faults);
	*(void **)(void *)(p->out + p->field->offset) = out;
	if (clean)
		clean_set(p, clean);
}

static void decode_list(struct place *p)
{
	const struct message *m = p->field->of;
	size_t n = json_len(p->in);
	struct json *all;
	char *out;

	if (!json_is_array(p->in)) {
		faults_add(p->faults, p->path, "must be a list");
		return;
	}
	if (!count_ok(p, n))
		return;
	out = arena_array(p->faults->arena, n + 1, m->size);
	all = json_array_new();
	for (size_t i = 0; i < n; i++) {
		struct json *clean = json_object_new();
		char path[DECODE_PATH_MAX];

		(void)snprintf(path, sizeof(path), "%.*s[%zu]", DECODE_PATH_MAX - 32, p->path, i);
		decode(m, json_at(p->in, i), path, out + i * m->size, clean, p->faults);
		json_append(all, clean);
	}
	*(void **)(void *)(p->out + p->field->offset) = out;
	*(size_t *)(void *)(p->out + p->field->extra) = n;
	clean_set(p, all);
}

static void decode_json(struct place *p)
{
	*(const struct json **)(void *)(p->out + p->field->offset) = p->in;
	clean_set(p, json_ref((struct json *)p->in));
}

/* Clients send "false" for what they do not want. */
static bool asks(const struct json *j)
{
	bool v;

	return !truth(j, &v) || v;
}

static void decode_field(struct place *p)
{
	static void (*const by_type[])(struct place *) = {
		[FIELD_INT] = decode_int,       [FIELD_BOOL] = decode_bool,
		[FIELD_STRING] = decode_string, [FIELD_STRINGS] = decode_strings,
		[FIELD_OBJECT] = decode_object, [FIELD_LIST] = decode_list,
		[FIELD_JSON] = decode_json,
	};

	if (p->field->refuse && asks(p->in))
		faults_add(p->faults, p->path, "is not supported: %s", p->field->refuse);
	by_type[p->field->type](p);
}

static bool is_left_out(const struct json *j)
{
	return json_is_null(j) || (json_is_string(j) && str_empty(json_str(j)));
}

/* The value under the first name that has one; all names leave CLEAN. */
static const struct json *find(const struct field *f, const struct json *in, struct json *clean)
{
	const struct json *found = NULL;

	for (size_t i = 0; f->names[i]; i++) {
		const struct json *j = json_get(in, f->names[i]);

		if (!found && !is_left_out(j))
			found = j;
		if (clean)
			json_del(clean, f->names[i]);
	}
	return found;
}

void decode(const struct message *m, const struct json *in, const char *path, void *out,
            struct json *clean, struct faults *f)
{
	if (!json_is_object(in)) {
		faults_add(f, path[0] ? path : "request", "must be an object");
		return;
	}
	if (clean)
		json_update(clean, in);
	for (size_t i = 0; i < m->n_fields; i++) {
		struct place p = {
			.field = &m->fields[i], .out = out, .clean = clean, .faults = f
		};

		place_name(&p, path, p.field->names[0]);
		p.in = find(p.field, in, clean);
		if (p.in)
			decode_field(&p);
		else if (p.field->required)
			faults_add(f, p.path, "is missing");
	}
}
