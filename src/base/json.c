/* jansson first: json.h renames three functions and declares others that are macros here. */
#include <jansson.h>

/* These three carry names that json.h takes over below. */
static int jansson_equal(const json_t *a, const json_t *b)
{
	return json_equal(a, b);
}

#undef json_is_object
#undef json_is_array
#undef json_is_string
#undef json_is_real
#undef json_is_null

#include "json.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "str.h"

/* struct json is never defined: it is a json_t seen from outside. */
static json_t *raw(const struct json *j)
{
	return (json_t *)j;
}

static struct json *own(json_t *t)
{
	if (!t)
		abort();
	return (struct json *)t;
}

static bool is(const struct json *j, json_type type)
{
	return j && json_typeof(raw(j)) == type;
}

/* State of the scan over the text before jansson sees it. */
struct scan {
	struct strbuf out;
	size_t depth;
	bool in_string;
	bool after_backslash;
	bool has_control; /* the string at hand, or the last one, has a control character */
	bool too_deep, bad_key;
};

/* Whether an escape (the text behind the backslash) means a character that is written as blank. */
static bool is_control_escape(const char *p, size_t len)
{
	if (*p == 'b' || *p == 'f')
		return true;
	if (*p != 'u' || len < 5 || p[1] != '0' || p[2] != '0')
		return false;
	if (p[3] == '0')
		return !strchr("9AaDd", p[4]);
	return p[3] == '1' || (p[3] == '7' && (p[4] == 'f' || p[4] == 'F'));
}

static void scan_string(struct scan *s, const char *p, size_t len)
{
	unsigned char c = (unsigned char)*p;

	if (s->after_backslash ? is_control_escape(p, len) : c < ' ' && !strchr("\t\n\r", c))
		s->has_control = true;
	if (c == 0x7f)
		s->has_control = true;
	if (c < ' ' && !s->after_backslash) {
		strbuf_addf(&s->out, "\\u%04x", c);
		return;
	}
	strbuf_addc(&s->out, (char)c);
	if (s->after_backslash)
		s->after_backslash = false;
	else if (c == '\\')
		s->after_backslash = true;
	else if (c == '"')
		s->in_string = false;
}

static void scan_outside(struct scan *s, unsigned char c)
{
	strbuf_addc(&s->out, (char)c);
	if (c == '"') {
		s->in_string = true;
		s->has_control = false;
	}
	/* Written as blanks, two such names could become one. */
	if (c == ':')
		s->bad_key |= s->has_control;
	if (c == '[' || c == '{')
		s->too_deep |= ++s->depth > JSON_DEPTH_MAX;
	else if ((c == ']' || c == '}') && s->depth > 0)
		s->depth--;
}

/* Escape raw control characters inside strings, and bound the depth: jansson recurses. */
static enum err_code scan_text(struct scan *s, const char *text, size_t len, struct err *e)
{
	size_t i;

	if (len && memchr(text, '\0', len))
		return err_set(e, ERR_PARSE, "malformed JSON: NUL byte");
	strbuf_init(&s->out, len * 6 + 1);
	for (i = 0; i < len && !s->too_deep; i++) {
		if (s->in_string)
			scan_string(s, text + i, len - i);
		else
			scan_outside(s, (unsigned char)text[i]);
	}
	if (s->bad_key)
		return err_set(e, ERR_PARSE, "malformed JSON: control character in a name");
	if (s->too_deep)
		return err_set(e, ERR_LIMIT, "JSON nested deeper than %d levels", JSON_DEPTH_MAX);
	return ERR_OK;
}

/* jansson quotes the text near the error, which may be a secret: only its reason is told. */
static const char *reason_of(const json_error_t *je)
{
	switch (json_error_code(je)) {
	case json_error_duplicate_key:
		return "duplicate key";
	case json_error_invalid_utf8:
		return "not UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "NUL character";
	case json_error_numeric_overflow:
		return "number too large";
	case json_error_premature_end_of_input:
		return "ends too early";
	case json_error_end_of_input_expected:
		return "text behind the end";
	default:
		return "syntax error";
	}
}

enum err_code json_parse(const char *text, size_t len, struct json **out, struct err *e)
{
	struct scan s = { 0 };
	enum err_code code = scan_text(&s, text, len, e);
	json_error_t je;
	json_t *t = NULL;

	if (code == ERR_OK) {
		t = json_loadb(strbuf_cstr(&s.out), s.out.len,
		               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
		if (!t)
			code = err_set(e, ERR_PARSE, "malformed JSON: %s at line %d, column %d",
			               reason_of(&je), je.line, je.column);
	}
	strbuf_release_secret(&s.out);
	if (code == ERR_OK)
		*out = own(t);
	return code;
}

void json_free(struct json **j)
{
	json_decref(raw(*j));
	*j = NULL;
}

struct json *json_ref(struct json *j)
{
	json_incref(raw(j));
	return j;
}

struct json *json_copy(const struct json *j)
{
	return j ? own(json_deep_copy(raw(j))) : NULL;
}

struct json *json_object_new(void)
{
	return own(json_object());
}

struct json *json_array_new(void)
{
	return own(json_array());
}

/* S with each malformed byte replaced; NULL when there is none. */
static char *repaired(const char *s)
{
	size_t len = strlen(s), i, n;
	char *copy;

	if (str_is_utf8(s, len))
		return NULL;
	copy = xstrdup(s);
	for (i = 0; i < len; i += n) {
		n = str_utf8_next(s + i, len - i);
		if (n == 0) {
			copy[i] = '?';
			n = 1;
		}
	}
	return copy;
}

struct json *json_string_new(const char *s)
{
	CLEANUP(free_secret) char *copy = NULL;

	if (!s)
		return json_null_new();
	copy = repaired(s);
	return own(json_string_nocheck(copy ? copy : s));
}

struct json *json_int_new(int64_t v)
{
	return own(json_integer(v));
}

struct json *json_real_new(double v)
{
	/* JSON has no infinity. */
	return isfinite(v) ? own(json_real(v)) : json_null_new();
}

struct json *json_bool_new(bool v)
{
	return own(json_boolean(v));
}

struct json *json_null_new(void)
{
	return own(json_null());
}

bool json_is_object(const struct json *j)
{
	return is(j, JSON_OBJECT);
}

bool json_is_array(const struct json *j)
{
	return is(j, JSON_ARRAY);
}

bool json_is_string(const struct json *j)
{
	return is(j, JSON_STRING);
}

bool json_is_int(const struct json *j)
{
	return is(j, JSON_INTEGER);
}

bool json_is_real(const struct json *j)
{
	return is(j, JSON_REAL);
}

bool json_is_bool(const struct json *j)
{
	return is(j, JSON_TRUE) || is(j, JSON_FALSE);
}

bool json_is_null(const struct json *j)
{
	return !j || is(j, JSON_NULL);
}

struct json *json_get(const struct json *j, const char *key)
{
	return json_is_object(j) ? (struct json *)json_object_get(raw(j), key) : NULL;
}

const char *json_str(const struct json *j)
{
	return json_is_string(j) ? json_string_value(raw(j)) : NULL;
}

const char *json_get_str(const struct json *j, const char *key)
{
	return json_str(json_get(j, key));
}

int64_t json_int(const struct json *j, int64_t dflt)
{
	int64_t v;
	double d;

	if (json_is_int(j))
		return json_integer_value(raw(j));
	if (json_is_real(j)) {
		d = json_real_value(raw(j));
		/* 2^63 itself does not fit. */
		return d >= -0x1p63 && d < 0x1p63 ? (int64_t)d : dflt;
	}
	if (json_is_string(j) && str_to_i64(json_str(j), INT64_MIN, INT64_MAX, &v, NULL) == ERR_OK)
		return v;
	return dflt;
}

int64_t json_get_int(const struct json *j, const char *key, int64_t dflt)
{
	return json_int(json_get(j, key), dflt);
}

double json_double(const struct json *v, double dflt)
{
	const char *s = json_str(v);
	char *end;
	double d;

	if (json_is_int(v) || json_is_real(v))
		return json_number_value(raw(v));
	if (str_empty(s) || s[strspn(s, "0123456789+-.eE")])
		return dflt;
	d = strtod(s, &end);
	return *end || !isfinite(d) ? dflt : d;
}

double json_get_real(const struct json *j, const char *key, double dflt)
{
	return json_double(json_get(j, key), dflt);
}

bool json_bool(const struct json *v, bool dflt)
{
	bool b;

	if (json_is_bool(v))
		return is(v, JSON_TRUE);
	if (json_is_int(v))
		return json_integer_value(raw(v)) != 0;
	return str_to_bool(json_str(v), &b) ? b : dflt;
}

bool json_get_bool(const struct json *j, const char *key, bool dflt)
{
	return json_bool(json_get(j, key), dflt);
}

size_t json_len(const struct json *j)
{
	return json_is_object(j) ? json_object_size(raw(j)) : json_array_size(raw(j));
}

struct json *json_at(const struct json *j, size_t i)
{
	return (struct json *)json_array_get(raw(j), i);
}

bool json_next(const struct json *j, void **iter, const char **key, struct json **value)
{
	if (!json_is_object(j))
		return false;
	*iter = *iter ? json_object_iter_next(raw(j), *iter) : json_object_iter(raw(j));
	if (!*iter)
		return false;
	if (key)
		*key = json_object_iter_key(*iter);
	if (value)
		*value = (struct json *)json_object_iter_value(*iter);
	return true;
}

void json_set(struct json *j, const char *key, struct json *value)
{
	CLEANUP(free_str) char *copy = repaired(key);

	if (value && json_object_set_new_nocheck(raw(j), copy ? copy : key, raw(value)) != 0)
		abort();
}

void json_set_str(struct json *j, const char *key, const char *s)
{
	if (s)
		json_set(j, key, json_string_new(s));
}

void json_set_int(struct json *j, const char *key, int64_t v)
{
	json_set(j, key, json_int_new(v));
}

void json_set_real(struct json *j, const char *key, double v)
{
	json_set(j, key, json_real_new(v));
}

void json_set_bool(struct json *j, const char *key, bool v)
{
	json_set(j, key, json_bool_new(v));
}

void json_setf(struct json *j, const char *key, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	json_set_str(j, key, strbuf_cstr(&text));
	strbuf_release(&text);
}

void json_del(struct json *j, const char *key)
{
	json_object_del(raw(j), key);
}

void json_append(struct json *j, struct json *value)
{
	if (value && json_array_append_new(raw(j), raw(value)) != 0)
		abort();
}

void json_append_str(struct json *j, const char *s)
{
	json_append(j, json_string_new(s));
}

void json_set_at(struct json *j, size_t i, struct json *value)
{
	if (json_array_set_new(raw(j), i, raw(value)) != 0)
		abort();
}

void json_update(struct json *j, const struct json *from)
{
	if (from && json_object_update(raw(j), raw(from)) != 0)
		abort();
}

bool json_equal(const struct json *a, const struct json *b)
{
	return a == b || (a && b && jansson_equal(raw(a), raw(b)));
}
