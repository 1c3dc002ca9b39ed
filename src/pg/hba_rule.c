/* Writing one rule of pg_hba.conf. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "pg/hba.h"
#include "pg/sqltext.h"

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (str_eq(*words, text))
			return true;
	}
	return false;
}

static bool is_word(const char *text, const char *more)
{
	if (str_empty(text))
		return false;
	for (; *text != '\0'; text++) {
		bool is_alnum = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
		                (*text >= '0' && *text <= '9');

		if (!is_alnum && strchr(more, *text) == NULL)
			return false;
	}
	return true;
}

/* 32 or 128 for an IP address, 0 for anything else. */
static int address_bits(const char *text)
{
	unsigned char raw[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, text, raw) == 1)
		return 32;
	return inet_pton(AF_INET6, text, raw) == 1 ? 128 : 0;
}

static bool is_cidr(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	int64_t bits;

	if (slash == NULL || slash - text >= (int)sizeof(address))
		return false;
	(void)snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	return address_bits(address) > 0 &&
	       str_to_i64(slash + 1, 0, address_bits(address), &bits, NULL) == ERR_OK;
}

static enum err_code add_address(struct strbuf *out, const char *address, struct err *e)
{
	int bits = address_bits(address);

	if (bits > 0)
		strbuf_addf(out, " %s/%d", address, bits);
	else if (is_cidr(address) || is_word(address, ".-_"))
		strbuf_addf(out, " %s", address);
	else
		return err_set(e, ERR_INVALID, "\"%.100s\" is no address for pg_hba.conf", address);
	return ERR_OK;
}

static enum err_code add_name(struct strbuf *out, const char *what, const char *name,
                              bool is_keyword, struct err *e)
{
	TRY(sql_name_check(what, name, e));
	/* From version 16 on a slash begins a regular expression, quoted or not. */
	if (*name == '/')
		return err_set(e, ERR_INVALID, "%s begins with a slash", what);
	strbuf_addc(out, ' ');
	if (!is_keyword) {
		sql_ident(out, name);
		return ERR_OK;
	}
	if (!is_word(name, "_+"))
		return err_set(e, ERR_INVALID, "%s is no keyword of pg_hba.conf", what);
	strbuf_adds(out, name);
	return ERR_OK;
}

enum err_code hba_rule_format(const struct hba_rule *r, struct strbuf *out, struct err *e)
{
	static const char *const types[] = { "local",      "host",         "hostssl", "hostnossl",
		                             "hostgssenc", "hostnogssenc", NULL };
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;

	if (r->type == NULL || !is_one_of(r->type, types))
		return err_set(e, ERR_INVALID, "unknown type of rule for pg_hba.conf");
	if ((r->address == NULL) != str_eq(r->type, "local"))
		return err_set(e, ERR_INVALID, "\"%s\" rule of pg_hba.conf: address", r->type);
	strbuf_adds(&line, r->type);
	TRY(add_name(&line, "database", r->database, r->database_keyword, e));
	TRY(add_name(&line, "user", r->user, r->user_keyword, e));
	if (r->address != NULL)
		TRY(add_address(&line, r->address, e));
	if (!is_word(r->method, "-"))
		return err_set(e, ERR_INVALID, "no authentication method for pg_hba.conf");
	strbuf_addf(&line, " %s\n", r->method);
	strbuf_adds(out, strbuf_cstr(&line));
	return ERR_OK;
}
