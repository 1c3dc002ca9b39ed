#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mem.h"

/* Own writer: jansson's writes control characters as \uXXXX, which public clients do not read. */

/* Deeper than any document that json_parse() lets in plus what a reply puts around it. */
#define DUMP_DEPTH_MAX 256

/* One array or object that is being written. */
struct frame {
	const struct json *j;
	const char **keys; /* sorted; NULL for an array; owned */
	size_t at, count;
};

struct dump {
	struct strbuf *out;
	bool pretty;
	size_t depth;
	struct frame frames[DUMP_DEPTH_MAX];
};

static const char *escape_of(unsigned char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return c < ' ' || c == 0x7f ? " " : NULL;
	}
}

static void dump_string(struct strbuf *out, const char *s)
{
	const char *escape, *start = s;

	strbuf_addc(out, '"');
	for (; *s; s++) {
		escape = escape_of((unsigned char)*s);
		if (!escape)
			continue;
		strbuf_add(out, start, (size_t)(s - start));
		strbuf_adds(out, escape);
		start = s + 1;
	}
	strbuf_add(out, start, (size_t)(s - start));
	strbuf_addc(out, '"');
}

/* The shortest text that reads back as the same number, and not as an integer. */
static void dump_real(struct strbuf *out, double v)
{
	char text[40];
	int digits;

	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	strbuf_adds(out, text);
	if (!strpbrk(text, ".e"))
		strbuf_adds(out, ".0");
}

static void dump_scalar(struct strbuf *out, const struct json *j)
{
	if (json_is_string(j))
		dump_string(out, json_str(j));
	else if (json_is_int(j))
		strbuf_addf(out, "%lld", (long long)json_int(j, 0));
	else if (json_is_real(j))
		dump_real(out, json_double(j, 0));
	else if (json_is_bool(j))
		strbuf_adds(out, json_bool(j, false) ? "true" : "false");
	else
		strbuf_adds(out, "null");
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted_keys(const struct json *j)
{
	const char **keys = xcalloc(json_len(j), sizeof(*keys));
	void *iter = NULL;
	size_t n = 0;

	while (json_next(j, &iter, &keys[n], NULL))
		n++;
	qsort(keys, n, sizeof(*keys), compare_keys);
	return keys;
}

static void new_line(struct dump *d)
{
	size_t i;

	if (!d->pretty)
		return;
	strbuf_addc(d->out, '\n');
	for (i = 0; i < d->depth; i++)
		strbuf_adds(d->out, "    ");
}

/* Write J itself, or open it when it has members. */
static void dump_value(struct dump *d, const struct json *j)
{
	bool object = json_is_object(j);
	size_t count = object || json_is_array(j) ? json_len(j) : 0;

	if (!object && !json_is_array(j)) {
		dump_scalar(d->out, j);
		return;
	}
	if (count == 0) {
		strbuf_adds(d->out, object ? "{}" : "[]");
		return;
	}
	if (d->depth == DUMP_DEPTH_MAX)
		abort(); /* a loop of our own making */
	d->frames[d->depth++] = (struct frame){
		.j = j,
		.count = count,
		.keys = object ? sorted_keys(j) : NULL,
	};
	strbuf_addc(d->out, object ? '{' : '[');
}

static void dump_close(struct dump *d)
{
	struct frame *f = &d->frames[--d->depth];

	new_line(d);
	strbuf_addc(d->out, f->keys ? '}' : ']');
	free(f->keys);
}

static void dump_member(struct dump *d, struct frame *f)
{
	size_t i = f->at++;

	if (i > 0)
		strbuf_addc(d->out, ',');
	new_line(d);
	if (!f->keys) {
		dump_value(d, json_at(f->j, i));
		return;
	}
	dump_string(d->out, f->keys[i]);
	strbuf_adds(d->out, d->pretty ? ": " : ":");
	dump_value(d, json_get(f->j, f->keys[i]));
}

static void dump(const struct json *j, bool pretty, struct strbuf *out)
{
	struct dump d = { .out = out, .pretty = pretty };
	struct frame *f;

	dump_value(&d, j);
	while (d.depth) {
		f = &d.frames[d.depth - 1];
		if (f->at < f->count)
			dump_member(&d, f);
		else
			dump_close(&d);
	}
}

void json_dump(const struct json *j, struct strbuf *out)
{
	dump(j, false, out);
}

void json_dump_pretty(const struct json *j, struct strbuf *out)
{
	dump(j, true, out);
}

char *json_dumps(const struct json *j)
{
	struct strbuf out = STRBUF_INIT;

	dump(j, false, &out);
	return strbuf_take(&out);
}
