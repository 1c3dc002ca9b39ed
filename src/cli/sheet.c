#include "cli/sheet.h"

#include <string.h>

#include "base/macros.h"

#define LABEL_WIDTH 8
#define RIGHT_END   52 /* where labels of the right column end */

static void pad(struct sheet *s, size_t count)
{
	while (count--)
		strbuf_addc(s->out, ' ');
}

static void add_value(struct sheet *s, enum tint tint, const char *value)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	screen_text(s->screen, value, &text);
	if (!text.len)
		strbuf_addc(&text, '-');
	s->used += screen_width(strbuf_cstr(&text));
	screen_tint(s->screen, tint, strbuf_cstr(&text), s->out);
}

static void add_label(struct sheet *s, const char *label)
{
	screen_tint(s->screen, TINT_DIM, label, s->out);
	strbuf_adds(s->out, ": ");
	s->used += strlen(label) + 2;
}

void sheet_end(struct sheet *s)
{
	if (s->used)
		strbuf_addc(s->out, '\n');
	s->used = 0;
}

void sheet_title(struct sheet *s, const char *title)
{
	sheet_end(s);
	strbuf_addc(s->out, ' ');
	screen_tint(s->screen, TINT_BOLD, title, s->out);
	strbuf_addc(s->out, '\n');
}

void sheet_left(struct sheet *s, const char *label, enum tint tint, const char *value)
{
	size_t len = strlen(label);

	sheet_end(s);
	s->used = len < LABEL_WIDTH ? LABEL_WIDTH - len : 0;
	pad(s, s->used);
	add_label(s, label);
	add_value(s, tint, value);
}

void sheet_right(struct sheet *s, const char *label, enum tint tint, const char *value)
{
	size_t start = RIGHT_END - strlen(label);
	size_t gap = s->used < start ? start - s->used : 1;

	pad(s, gap);
	s->used += gap;
	add_label(s, label);
	add_value(s, tint, value);
}
