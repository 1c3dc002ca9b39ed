#include "pg/conf.h"

#include <string.h>

#include "base/str.h"

/* Where a parser stands. */
struct cursor {
	const char *p, *end;
	size_t line;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

static bool is_name_char(char c)
{
	return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '$';
}

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && is_blank(*c->p))
		c->p++;
}

static bool at_line_end(const struct cursor *c)
{
	return c->p == c->end || *c->p == '\n' || *c->p == '#';
}

static enum err_code read_name(struct cursor *c, struct arena *a, const char **name, struct err *e)
{
	const char *start = c->p;
	char *text;

	if (!is_name_start(*c->p))
		return err_set(e, ERR_PARSE, "line %zu: no name of a setting", c->line);
	while (c->p < c->end && is_name_char(*c->p))
		c->p++;
	text = arena_strndup(a, start, (size_t)(c->p - start));
	for (char *t = text; *t != '\0'; t++) {
		if (*t >= 'A' && *t <= 'Z')
			*t = (char)(*t - 'A' + 'a');
	}
	*name = text;
	return ERR_OK;
}

/* One backslash sequence, P at the character after the backslash. */
static char read_escape(struct cursor *c)
{
	static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
	const char *letter = strchr(letters, *c->p);
	int octal = 0, digits = 0;

	while (digits < 3 && c->p < c->end && *c->p >= '0' && *c->p <= '7') {
		octal = octal * 8 + (*c->p++ - '0');
		digits++;
	}
	if (digits > 0)
		return (char)octal;
	if (letter != NULL && *c->p++ != '\0')
		return values[letter - letters];
	return *c->p++;
}

static enum err_code read_quoted(struct cursor *c, struct strbuf *out, struct err *e)
{
	for (c->p++; c->p < c->end && *c->p != '\n';) {
		char ch = *c->p++;

		if (ch == '\'' && (c->p == c->end || *c->p != '\''))
			return ERR_OK;
		if (ch == '\'')
			c->p++;
		else if (ch == '\\' && (c->p == c->end || *c->p == '\n'))
			break;
		else if (ch == '\\')
			ch = read_escape(c);
		strbuf_addc(out, ch);
	}
	return err_set(e, ERR_PARSE, "line %zu: no closing quote", c->line);
}

static enum err_code read_value(struct cursor *c, struct arena *a, const char **value,
                                struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (at_line_end(c))
		return err_set(e, ERR_PARSE, "line %zu: no value", c->line);
	if (*c->p == '\'') {
		TRY(read_quoted(c, &text, e));
	} else {
		while (!at_line_end(c) && !is_blank(*c->p))
			strbuf_addc(&text, *c->p++);
	}
	*value = arena_strdup(a, strbuf_cstr(&text));
	skip_blanks(c);
	if (!at_line_end(c))
		return err_set(e, ERR_PARSE, "line %zu: more text after the value", c->line);
	return ERR_OK;
}

static enum err_code read_line(struct cursor *c, struct arena *a, struct conf *out, struct err *e)
{
	struct conf_entry entry = { .line = c->line };

	skip_blanks(c);
	if (!at_line_end(c)) {
		TRY(read_name(c, a, &entry.name, e));
		skip_blanks(c);
		if (c->p < c->end && *c->p == '=')
			c->p++;
		skip_blanks(c);
		TRY(read_value(c, a, &entry.value, e));
		out->entries[out->count++] = entry;
	}
	while (c->p < c->end && *c->p != '\n')
		c->p++;
	return ERR_OK;
}

enum err_code conf_parse(const char *text, size_t len, struct arena *a, struct conf *out,
                         struct err *e)
{
	struct cursor c = { text, text + len, 1 };
	struct conf conf = { 0 };
	size_t lines = 1;

	if (len > 0 && memchr(text, '\0', len) != NULL)
		return err_set(e, ERR_PARSE, "configuration has a NUL byte");
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	conf.entries = ARENA_NEWN(a, lines, struct conf_entry);
	for (; c.p < c.end; c.p++, c.line++) {
		TRY(read_line(&c, a, &conf, e));
		if (c.p == c.end)
			break;
	}
	*out = conf;
	return ERR_OK;
}

const char *conf_get(const struct conf *c, const char *name)
{
	for (size_t i = c->count; i > 0; i--) {
		if (str_ieq(c->entries[i - 1].name, name))
			return c->entries[i - 1].value;
	}
	return NULL;
}

static bool is_setting_name(const char *name)
{
	if (name == NULL || !is_name_start(*name) || (*name & 0x80) != 0 || strlen(name) > 63)
		return false;
	for (; *name != '\0'; name++) {
		if (!is_name_char(*name) || (*name & 0x80) != 0 || *name == '$')
			return false;
	}
	return true;
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

enum err_code conf_add(struct strbuf *out, const char *name, const char *value, struct err *e)
{
	if (!is_setting_name(name))
		return err_set(e, ERR_INVALID, "\"%.64s\" is no name of a setting",
		               str_or(name, ""));
	if (has_control(value))
		return err_set(e, ERR_INVALID, "value of \"%s\" has a control character", name);
	strbuf_addf(out, "%s = '", name);
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			strbuf_addc(out, *value);
		strbuf_addc(out, *value);
	}
	strbuf_adds(out, "'\n");
	return ERR_OK;
}

void conf_add_comment(struct strbuf *out, const char *text)
{
	strbuf_adds(out, "# ");
	for (; *text != '\0'; text++)
		strbuf_addc(out, (unsigned char)*text < 0x20 ? ' ' : *text);
	strbuf_addc(out, '\n');
}
