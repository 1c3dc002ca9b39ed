#include "cli/format.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"

#define WIDTH_MAX 500

struct formatter {
	const struct screen *screen;
	format_fn fn;
	void *ctx;
	const struct json *object;
	struct strbuf *out;
};

void format_value(const struct json *value, struct strbuf *out)
{
	if (json_is_string(value))
		strbuf_adds(out, json_str(value));
	else if (!json_is_null(value))
		json_dump(value, out);
}

static const char *print_escape(struct formatter *f, const char *p)
{
	static const char from[] = "ntre\\", to[] = "\n\t\r\033\\";
	const char *found = p[1] ? strchr(from, p[1]) : NULL;

	if (!found) {
		strbuf_addc(f->out, *p);
		return p + 1;
	}
	strbuf_addc(f->out, to[found - from]);
	return p + 2;
}

static void print_padded(struct formatter *f, const char *text, long width, bool left)
{
	size_t have = screen_width(text), want = (size_t)labs(width);

	if (left)
		strbuf_adds(f->out, text);
	for (; have < want; have++)
		strbuf_addc(f->out, ' ');
	if (!left)
		strbuf_adds(f->out, text);
}

/* "%[-][WIDTH]LETTER" */
static const char *print_field(struct formatter *f, const char *p)
{
	CLEANUP(strbuf_release) struct strbuf raw = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const char *start = p++;
	bool left = *p == '-';
	char *end;
	long width;

	p += left;
	width = isdigit((unsigned char)*p) ? strtol(p, &end, 10) : 0;
	p += strspn(p, "0123456789");
	if (*p == '%') {
		strbuf_addc(f->out, '%');
		return p + 1;
	}
	if (!*p || !f->fn(f->ctx, *p, &raw)) {
		strbuf_addc(f->out, *start);
		return start + 1;
	}
	screen_text(f->screen, strbuf_cstr(&raw), &text);
	print_padded(f, strbuf_cstr(&text), width > WIDTH_MAX ? WIDTH_MAX : width, left);
	return p + 1;
}

/* "${a.b}" */
static const char *print_path(struct formatter *f, const char *p)
{
	CLEANUP(strbuf_release) struct strbuf raw = STRBUF_INIT;
	const struct json *value = f->object;
	const char *end = strchr(p, '}');
	char path[256], word[128];

	if (!end || (size_t)(end - p) >= sizeof(path)) {
		strbuf_addc(f->out, *p);
		return p + 1;
	}
	snprintf(path, sizeof(path), "%.*s", (int)(end - p - 2), p + 2);
	for (const char *cursor = path; str_field(&cursor, "./", word, sizeof(word));)
		value = json_get(value, word);
	format_value(value, &raw);
	screen_text(f->screen, strbuf_cstr(&raw), f->out);
	return end + 1;
}

void format_print(const struct screen *screen, const char *format, format_fn fn, void *ctx,
                  const struct json *object, struct strbuf *out)
{
	struct formatter f = { screen, fn, ctx, object, out };

	for (const char *p = format; *p;) {
		if (*p == '\\') {
			p = print_escape(&f, p);
		} else if (*p == '%') {
			p = print_field(&f, p);
		} else if ((*p == '$' || *p == '#') && p[1] == '{') {
			p = print_path(&f, p);
		} else {
			strbuf_addc(out, *p++);
		}
	}
}
