#include "cli/screen.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/str.h"

#define RESET "\033[0m"

static const char *const tints[] = {
	[TINT_NONE] = "",        [TINT_GREEN] = "\033[32m", [TINT_YELLOW] = "\033[33m",
	[TINT_RED] = "\033[31m", [TINT_BLUE] = "\033[36m",  [TINT_BOLD] = "\033[1m",
	[TINT_DIM] = "\033[2m",
};

static size_t terminal_columns(bool terminal)
{
	const char *env = getenv("COLUMNS");
	struct winsize size;
	int64_t columns;

	if (env && str_to_i64(env, 20, 10000, &columns, NULL) == ERR_OK)
		return (size_t)columns;
	if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		return size.ws_col;
	return 0;
}

void screen_init(struct screen *s, const char *when, bool batch)
{
	memset(s, 0, sizeof(*s));
	/* widths are counted in UTF-8 whatever the locale is called */
	if (!setlocale(LC_CTYPE, "") || !str_eq(nl_langinfo(CODESET), "UTF-8"))
		setlocale(LC_CTYPE, "C.UTF-8");
	else
		s->utf8 = true;
	s->terminal = isatty(STDOUT_FILENO);
	s->batch = batch;
	s->columns = batch ? 0 : terminal_columns(s->terminal);
	if (str_eq(when, "always"))
		s->colours = true;
	else if (!str_eq(when, "never"))
		s->colours = s->terminal && !batch && !getenv("NO_COLOR");
}

void screen_tint(const struct screen *s, enum tint tint, const char *text, struct strbuf *out)
{
	if (!s->colours || tint == TINT_NONE || !*text) {
		strbuf_adds(out, text);
		return;
	}
	strbuf_adds(out, tints[tint]);
	strbuf_adds(out, text);
	strbuf_adds(out, RESET);
}

/* What a tag or an entity at P stands for: *LEN bytes of it are taken.  NULL: it is neither. */
static const char *markup(const struct screen *s, const char *p, size_t *len)
{
	static const struct {
		const char *from, *plain, *coloured;
		bool whole; /* FROM is complete; else it goes on to ">" */
	} rows[] = {
		{ "&amp;", "&", "&", true },
		{ "&lt;", "<", "<", true },
		{ "&gt;", ">", ">", true },
		{ "&quot;", "\"", "\"", true },
		{ "<em style=", "", "\033[33m", false },
		{ "<strong style=", "", "\033[32m", false },
		{ "</em>", "", RESET, true },
		{ "</strong>", "", RESET, true },
		{ "<br/>", " ", " ", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *end = rows[i].whole ? p + strlen(rows[i].from) - 1 : strchr(p, '>');

		if (!str_starts(p, rows[i].from) || !end)
			continue;
		*len = (size_t)(end - p) + 1;
		return s->colours ? rows[i].coloured : rows[i].plain;
	}
	return NULL;
}

/* Characters that a terminal acts upon: C0, DEL, and C1 in its UTF-8 form. */
static size_t control_len(const char *p)
{
	unsigned char a = (unsigned char)p[0], b = (unsigned char)p[1];

	if (a < 0x20 || a == 0x7f)
		return 1;
	return a == 0xc2 && b >= 0x80 && b < 0xa0 ? 2 : 0;
}

void screen_text(const struct screen *s, const char *text, struct strbuf *out)
{
	for (const char *p = text ? text : ""; *p;) {
		size_t len = control_len(p);
		const char *instead = len ? " " : NULL;

		if (!len && (*p == '<' || *p == '&'))
			instead = markup(s, p, &len);
		if (instead)
			strbuf_adds(out, instead);
		else
			strbuf_addc(out, *p);
		p += instead ? len : 1;
	}
}

/* One character at P: its bytes and its columns.  Escape sequences are one character. */
static size_t next_char(const char *p, size_t *columns)
{
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t len;
	int width;

	if (*p == '\033') {
		const char *end = strchr(p, 'm');

		*columns = 0;
		return end ? (size_t)(end - p) + 1 : 1;
	}
	len = mbrtowc(&wide, p, strlen(p), &state);
	*columns = 1;
	if (len == 0 || len > 16)
		return 1;
	width = wcwidth(wide);
	*columns = width < 0 ? 1 : (size_t)width;
	return len;
}

size_t screen_width(const char *text)
{
	size_t width = 0, columns;

	while (*text) {
		text += next_char(text, &columns);
		width += columns;
	}
	return width;
}

void screen_cut(const struct screen *s, const char *text, size_t width, struct strbuf *out)
{
	const char *dots = s->utf8 ? "\xe2\x80\xa6" : "...";
	size_t room = width - (s->utf8 ? 1 : 3), columns, used = 0, len;
	bool coloured = false;

	if (screen_width(text) <= width || width < 4) {
		strbuf_adds(out, text);
		return;
	}
	for (; *text; text += len, used += columns) {
		len = next_char(text, &columns);
		if (used + columns > room)
			break;
		coloured |= *text == '\033';
		strbuf_add(out, text, len);
	}
	strbuf_adds(out, dots);
	if (coloured)
		strbuf_adds(out, RESET);
}

const char *screen_time(const char *iso, char buf[32])
{
	time_t then, now = (time_t)(clock_wall_ms() / 1000);
	struct tm a, b;
	int64_t ms;

	if (str_empty(iso) || !clock_parse(iso, &ms)) {
		snprintf(buf, 32, "-");
		return buf;
	}
	then = (time_t)(ms / 1000);
	localtime_r(&then, &a);
	localtime_r(&now, &b);
	strftime(buf, 32,
	         a.tm_yday == b.tm_yday && a.tm_year == b.tm_year ? "%H:%M:%S"
	                                                          : "%Y-%m-%d %H:%M:%S",
	         &a);
	return buf;
}

void screen_flush(struct strbuf *out)
{
	fwrite(strbuf_cstr(out), 1, out->len, stdout);
	fflush(stdout);
	strbuf_reset(out);
}
