#include "daemon/config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define LINE_MAX_LEN 4096
/* of names and numbers, with a zone: fe80::1%eth0 */
#define ADDR_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_%"

enum kind { KIND_TEXT, KIND_PATH, KIND_INT, KIND_LEVEL, KIND_LISTEN };

struct option {
	const char *section, *key;
	enum kind kind;
	size_t offset;
	int64_t min, max; /* KIND_INT */
	const char *dflt;
};

#define AT(field) offsetof(struct config, field)

static const struct option options[] = {
	{ "server", "listen", KIND_LISTEN, AT(listen), 0, 0, "127.0.0.1:9501" },
	{ "server", "api_user", KIND_TEXT, AT(api_user), 0, 0, "" },
	{ "server", "tls_cert", KIND_PATH, AT(tls_cert), 0, 0, "" },
	{ "server", "tls_key", KIND_PATH, AT(tls_key), 0, 0, "" },
	{ "server", "session_timeout", KIND_INT, AT(session_timeout_s), 60, 31536000, "3600" },
	{ "paths", "data_dir", KIND_PATH, AT(data_dir), 0, 0, "/var/lib/pgtandem" },
	{ "paths", "run_dir", KIND_PATH, AT(run_dir), 0, 0, "/run/pgtandem" },
	{ "paths", "libexec_dir", KIND_PATH, AT(libexec_dir), 0, 0, "" },
	{ "log", "log_level", KIND_LEVEL, AT(log_level), 0, 0, "info" },
	{ "jobs", "max_jobs", KIND_INT, AT(max_jobs), 1, 256, "8" },
	{ "monitor", "monitor_interval_ms", KIND_INT, AT(monitor_interval_ms), 200, 3600000,
	  "2000" },
};

static const char *const level_names[] = { "error", "warning", "info", "debug" };

/* ---- values ---- */

enum err_code config_addr_parse(const char *text, struct config_addr *a, struct err *e)
{
	struct config_addr got = { 0 };
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool bracketed = text[0] == '[';
	int64_t port;

	if (!colon || len == 0)
		return err_set(e, ERR_INVALID, "\"%s\" is not ADDRESS:PORT", text);
	if (str_to_i64(colon + 1, 1, 65535, &port, e) != ERR_OK)
		return err_wrap(e, "port of \"%s\"", text);
	if (bracketed && (len < 3 || text[len - 1] != ']'))
		return err_set(e, ERR_INVALID, "\"%s\" lacks a closing bracket", text);
	if (!bracketed && memchr(text, ':', len))
		return err_set(e, ERR_INVALID, "\"%s\": put an IPv6 address in brackets", text);
	if (len >= sizeof(got.host))
		return err_set(e, ERR_INVALID, "address is too long");
	if (strspn(text + bracketed, ADDR_CHARS) < len - 2 * (size_t)bracketed)
		return err_set(e, ERR_INVALID, "\"%s\" has characters that no address has", text);
	memcpy(got.host, text + bracketed, len - 2 * (size_t)bracketed);
	snprintf(got.port, sizeof(got.port), "%d", (int)port);
	*a = got;
	return ERR_OK;
}

int config_port(const struct config *c)
{
	int64_t port = 0;

	(void)str_to_i64(c->listen[0].port, 1, 65535, &port, NULL);
	return (int)port;
}

static enum err_code set_listen(struct config *c, const char *value, struct err *e)
{
	struct config_addr got[CONFIG_LISTEN_MAX];
	const char *cursor = value;
	char item[300];
	size_t n = 0;

	while (str_field(&cursor, ", \t", item, sizeof(item))) {
		if (item[0] == '\0')
			continue;
		if (n == CONFIG_LISTEN_MAX)
			return err_set(e, ERR_LIMIT, "more than %d addresses", CONFIG_LISTEN_MAX);
		TRY(config_addr_parse(item, &got[n++], e));
	}
	if (n == 0)
		return err_set(e, ERR_INVALID, "no address given");
	memcpy(c->listen, got, n * sizeof(got[0]));
	c->listen_len = n;
	return ERR_OK;
}

static enum err_code set_text(const struct option *o, struct config *c, const char *value,
                              struct err *e)
{
	char **field = (char **)((char *)c + o->offset);

	if (strpbrk(value, "\"\r\n\t"))
		return err_set(e, ERR_INVALID, "must not contain quotes or control characters");
	if (o->kind == KIND_PATH && value[0] != '\0' && value[0] != '/')
		return err_set(e, ERR_INVALID, "\"%s\" is not an absolute path", value);
	if (o->kind == KIND_PATH && value[0] == '\0' && o->dflt[0] != '\0')
		return err_set(e, ERR_INVALID, "must not be empty");
	free(*field);
	*field = xstrdup(value);
	return ERR_OK;
}

static enum err_code set_option(const struct option *o, struct config *c, const char *value,
                                struct err *e)
{
	void *field = (char *)c + o->offset;

	switch (o->kind) {
	case KIND_TEXT:
	case KIND_PATH:
		return set_text(o, c, value, e);
	case KIND_INT:
		return str_to_i64(value, o->min, o->max, field, e);
	case KIND_LISTEN:
		return set_listen(c, value, e);
	case KIND_LEVEL:
		if (log_level_parse(value, field))
			return ERR_OK;
		return err_set(e, ERR_INVALID, "\"%s\" is not error, warning, info or debug",
		               value);
	}
	return ERR_INTERNAL;
}

void config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		(void)set_option(&options[i], c, options[i].dflt, NULL);
}

void config_release(struct config *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (options[i].kind == KIND_TEXT || options[i].kind == KIND_PATH)
			free(*(char **)((char *)c + options[i].offset));
	}
	memset(c, 0, sizeof(*c));
}

enum err_code config_set(struct config *c, const char *key, const char *value, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (str_eq(options[i].key, key))
			return set_option(&options[i], c, value, e);
	}
	return err_set(e, ERR_NOT_FOUND, "there is no setting \"%s\"", key);
}

/* ---- file ---- */

struct parse {
	struct config *c;
	const char *name;
	struct strbuf *errors;
	size_t count;
	int line;
	char section[64];
	int seen[ARRAY_SIZE(options)]; /* line of the first appearance */
};

static void complain(struct parse *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void complain(struct parse *p, const char *fmt, ...)
{
	va_list ap;

	if (p->count++ >= CONFIG_ERRORS_MAX)
		return;
	strbuf_addf(p->errors, "%s:%d: ", p->name, p->line);
	va_start(ap, fmt);
	strbuf_vaddf(p->errors, fmt, ap);
	va_end(ap);
	strbuf_addc(p->errors, '\n');
}

static char *trim(char *s)
{
	size_t len;

	while (isspace((unsigned char)*s))
		s++;
	len = strlen(s);
	while (len > 0 && isspace((unsigned char)s[len - 1]))
		s[--len] = '\0';
	return s;
}

/* Take quotes or a comment off a value; false when it is malformed. */
static bool unquote(char **value)
{
	char *s = *value, *end;

	if (s[0] != '"') {
		for (end = s; *end; end++) {
			if (*end == '#' && (end == s || isspace((unsigned char)end[-1])))
				break;
		}
		*end = '\0';
		*value = trim(s);
		return true;
	}
	end = strchr(s + 1, '"');
	if (!end)
		return false;
	*value = s + 1;
	*end = '\0';
	s = trim(end + 1);
	return s[0] == '\0' || s[0] == '#';
}

static bool section_exists(const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (str_eq(options[i].section, section))
			return true;
	}
	return false;
}

static void parse_section(struct parse *p, char *line)
{
	char *end = strchr(line, ']');

	if (!end || trim(end + 1)[0] != '\0') {
		complain(p, "a section is written [name]");
		return;
	}
	*end = '\0';
	snprintf(p->section, sizeof(p->section), "%s", trim(line + 1));
	if (!section_exists(p->section))
		complain(p, "there is no section [%s]", p->section);
}

static void parse_value(struct parse *p, size_t i, char *value)
{
	const struct option *o = &options[i];
	struct err e = { 0 };

	if (p->seen[i]) {
		complain(p, "\"%s\" was already set in line %d", o->key, p->seen[i]);
		return;
	}
	p->seen[i] = p->line;
	if (!unquote(&value))
		complain(p, "\"%s\": closing quote is missing", o->key);
	else if (set_option(o, p->c, value, &e) != ERR_OK)
		complain(p, "\"%s\": %s", o->key, e.text);
}

static void parse_setting(struct parse *p, char *line)
{
	char *eq = strchr(line, '=');
	const char *key;

	if (!eq) {
		complain(p, "neither [section] nor key = value");
		return;
	}
	*eq = '\0';
	key = trim(line);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (!str_eq(options[i].key, key))
			continue;
		if (!str_eq(options[i].section, p->section))
			complain(p, "\"%s\" belongs in section [%s]", key, options[i].section);
		else
			parse_value(p, i, trim(eq + 1));
		return;
	}
	complain(p, "there is no setting \"%s\"", key);
}

static void parse_line(struct parse *p, char *line)
{
	line = trim(line);
	if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
		return;
	if (line[0] == '[')
		parse_section(p, line);
	else
		parse_setting(p, line);
}

size_t config_parse(struct config *c, const char *name, const char *text, struct strbuf *errors)
{
	struct parse p = { .c = c, .name = name, .errors = errors };

	while (*text) {
		size_t len = strcspn(text, "\n");
		char line[LINE_MAX_LEN];

		p.line++;
		snprintf(line, sizeof(line), "%.*s", (int)(len < sizeof(line) ? len : 0), text);
		if (len >= sizeof(line))
			complain(&p, "line is too long");
		else
			parse_line(&p, line);
		text += len + (text[len] == '\n');
	}
	return p.count;
}

size_t config_check(const struct config *c, const char *name, struct strbuf *errors)
{
	if (str_empty(c->tls_cert) == str_empty(c->tls_key))
		return 0;
	strbuf_addf(errors, "%s: tls_cert and tls_key are set together or not at all\n", name);
	return 1;
}

/* ---- dump ---- */

static void dump_listen(const struct config *c, struct strbuf *out)
{
	for (size_t i = 0; i < c->listen_len; i++) {
		const struct config_addr *a = &c->listen[i];
		bool v6 = strchr(a->host, ':') != NULL;

		strbuf_addf(out, "%s%s%s%s:%s", i ? ", " : "", v6 ? "[" : "", a->host,
		            v6 ? "]" : "", a->port);
	}
}

static void dump_option(const struct option *o, const struct config *c, struct strbuf *out)
{
	const void *field = (const char *)c + o->offset;

	strbuf_addf(out, "%s = ", o->key);
	if (o->kind == KIND_INT)
		strbuf_addf(out, "%lld", (long long)*(const int64_t *)field);
	else if (o->kind == KIND_LEVEL)
		strbuf_adds(out, level_names[c->log_level]);
	else if (o->kind == KIND_LISTEN)
		dump_listen(c, out);
	else
		strbuf_addf(out, "\"%s\"", *(char *const *)field);
	strbuf_addc(out, '\n');
}

void config_dump(const struct config *c, struct strbuf *out)
{
	const char *section = "";

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (!str_eq(section, options[i].section)) {
			section = options[i].section;
			strbuf_addf(out, "[%s]\n", section);
		}
		dump_option(&options[i], c, out);
	}
}
