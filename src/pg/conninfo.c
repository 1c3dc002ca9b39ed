#include "pg/conninfo.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum kind { KIND_TEXT, KIND_NUMBER };

struct keyword {
	const char *name;
	size_t offset;
	enum kind kind;
};

#define AT(member) offsetof(struct conninfo, member)

static const struct keyword keywords[] = {
	{ "host", AT(host), KIND_TEXT },
	{ "hostaddr", AT(hostaddr), KIND_TEXT },
	{ "port", AT(port), KIND_NUMBER },
	{ "user", AT(user), KIND_TEXT },
	{ "password", AT(password), KIND_TEXT },
	{ "passfile", AT(passfile), KIND_TEXT },
	{ "dbname", AT(dbname), KIND_TEXT },
	{ "sslmode", AT(sslmode), KIND_TEXT },
	{ "sslrootcert", AT(sslrootcert), KIND_TEXT },
	{ "application_name", AT(application_name), KIND_TEXT },
	{ "options", AT(options), KIND_TEXT },
	{ "connect_timeout", AT(connect_timeout_s), KIND_NUMBER },
	{ "keepalives_idle", AT(keepalives_idle_s), KIND_NUMBER },
	{ "keepalives_interval", AT(keepalives_interval_s), KIND_NUMBER },
	{ "keepalives_count", AT(keepalives_count), KIND_NUMBER },
	{ "tcp_user_timeout", AT(tcp_user_timeout_ms), KIND_NUMBER },
};

_Static_assert(ARRAY_SIZE(keywords) < CONNINFO_KEYWORDS_MAX, "room for the NULL at the end");

/* The value as text, NULL when it is not set. */
static const char *value_of(const struct conninfo *c, const struct keyword *k, char number[12])
{
	const char *field = (const char *)c + k->offset;
	int v;

	if (k->kind == KIND_TEXT)
		return *(const char *const *)(const void *)field;
	v = *(const int *)(const void *)field;
	if (v == 0)
		return NULL;
	(void)snprintf(number, 12, "%d", v);
	return number;
}

void conninfo_words(const struct conninfo *c, struct conninfo_words *w)
{
	size_t n = 0, numbers = 0;

	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		const char *value = value_of(c, &keywords[i], w->numbers[numbers]);

		if (value == NULL)
			continue;
		numbers += value == w->numbers[numbers];
		w->keywords[n] = keywords[i].name;
		w->values[n++] = value;
	}
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

static void add_quoted(struct strbuf *out, const char *name, const char *value)
{
	strbuf_addf(out, "%s%s='", out->len > 0 ? " " : "", name);
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, *value);
	}
	strbuf_addc(out, '\'');
}

enum err_code conninfo_text(const struct conninfo *c, struct strbuf *out, struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct conninfo_words w;

	conninfo_words(c, &w);
	for (size_t i = 0; w.keywords[i] != NULL; i++) {
		if (str_eq(w.keywords[i], "password"))
			continue;
		if (has_control(w.values[i]))
			return err_set(e, ERR_INVALID,
			               "connection keyword \"%s\" has a control character",
			               w.keywords[i]);
		add_quoted(&text, w.keywords[i], w.values[i]);
	}
	strbuf_adds(out, strbuf_cstr(&text));
	return ERR_OK;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_blanks(const char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

/* A value as libpq reads it: quoted or up to a blank, with backslashes.  NULL: no closing quote. */
static const char *read_value(const char *p, struct strbuf *out)
{
	bool is_quoted = *p == '\'';

	for (p += is_quoted ? 1 : 0; *p != '\0' && !(is_quoted && *p == '\''); p++) {
		if (!is_quoted && is_blank(*p))
			return p;
		if (*p == '\\' && p[1] != '\0')
			p++;
		strbuf_addc(out, *p);
	}
	if (!is_quoted)
		return p;
	return *p == '\'' ? p + 1 : NULL;
}

static enum err_code set_value(struct conninfo *c, const char *name, const char *value,
                               struct arena *a, struct err *e)
{
	int64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		void *field = (char *)c + keywords[i].offset;

		if (!str_eq(keywords[i].name, name))
			continue;
		if (keywords[i].kind == KIND_TEXT) {
			*(const char **)field = arena_strdup(a, value);
			return ERR_OK;
		}
		/* An empty number is a default to libpq. */
		TRY(str_to_i64(str_or(value, "0"), INT32_MIN, INT32_MAX, &v, e));
		*(int *)field = (int)v;
		return ERR_OK;
	}
	return ERR_OK;
}

static enum err_code parse_pair(const char **text, struct arena *a, struct conninfo *c,
                                struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf value = STRBUF_INIT;
	const char *p = *text, *name_end;
	char name[64];

	while (*p != '\0' && *p != '=' && !is_blank(*p))
		p++;
	name_end = p;
	p = skip_blanks(p);
	if (*p != '=' || name_end == *text || name_end - *text >= (ptrdiff_t)sizeof(name))
		return err_set(e, ERR_PARSE, "connection string: keyword without \"=\"");
	(void)snprintf(name, sizeof(name), "%.*s", (int)(name_end - *text), *text);
	p = read_value(skip_blanks(p + 1), &value);
	if (p == NULL)
		return err_set(e, ERR_PARSE, "connection string: no closing quote after \"%s\"",
		               name);
	*text = skip_blanks(p);
	if (set_value(c, name, strbuf_cstr(&value), a, e) != ERR_OK)
		return err_wrap(e, "connection string: \"%s\"", name);
	return ERR_OK;
}

enum err_code conninfo_parse(const char *text, struct arena *a, struct conninfo *out, struct err *e)
{
	struct conninfo c = { 0 };

	if (str_starts(text, "postgresql://") || str_starts(text, "postgres://"))
		return err_set(e, ERR_UNSUPPORTED, "connection string is a URI");
	for (text = skip_blanks(text); *text != '\0';)
		TRY(parse_pair(&text, a, &c, e));
	*out = c;
	return ERR_OK;
}
