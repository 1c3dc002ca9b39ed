#include "cli/nodes.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/format.h"

struct letter {
	const char *words; /* "a|b" */
	char letter;
};

static char letter_of(const struct letter *rows, size_t count, const char *word, char other)
{
	for (size_t i = 0; i < count; i++)
		if (args_one_of(rows[i].words, word))
			return rows[i].letter;
	return other;
}

void node_flags(const struct json *host, char out[5])
{
	static const struct letter types[] = {
		{ "postgres|postgresql", 'p' }, { "controller", 'c' }, { "haproxy", 'h' },
		{ "pgbouncer", 'b' },           { "pgbackrest", 'B' }, { "keepalived", 'k' },
		{ "prometheus", 'P' },
	};
	static const struct letter states[] = {
		{ "CmonHostOnline", 'o' },   { "CmonHostOffLine", 'l' },  { "CmonHostFailed", 'f' },
		{ "CmonHostRecovery", 'r' }, { "CmonHostShutDown", '-' },
	};
	static const struct letter roles[] = {
		{ "master|primary", 'M' }, { "slave|secondary|replica", 'S' },
		{ "multi", 'U' },          { "controller", 'C' },
		{ "backuprepo", 'R' },
	};

	out[0] = letter_of(types, ARRAY_SIZE(types), json_get_str(host, "nodetype"), '?');
	out[1] = letter_of(states, ARRAY_SIZE(states), json_get_str(host, "hoststatus"), '?');
	out[2] = letter_of(roles, ARRAY_SIZE(roles), json_get_str(host, "role"), '-');
	out[3] = json_get_bool(host, "maintenance_mode_active", false) ? 'M' : '-';
	out[4] = '\0';
}

void node_comment(const struct json *host, struct strbuf *out)
{
	const char *text = str_or(json_get_str(host, "message"), json_get_str(host, "errormsg"));
	size_t len = text ? strlen(text) : 0;
	const char *access =
	        json_get_bool(host, "readonly", false) ? " (read-only)." : " (read-write).";

	if (!len || !json_get(host, "readonly")) {
		strbuf_adds(out, len ? text : "-");
		return;
	}
	strbuf_add(out, text, text[len - 1] == '.' ? len - 1 : len);
	strbuf_adds(out, access);
}

void node_version(const struct json *host, struct strbuf *out)
{
	const char *version = str_or(json_get_str(host, "version"), "-");
	size_t len = strcspn(version, " -");

	strbuf_add(out, version, len ? len : strlen(version));
}

void node_os(const struct json *host, struct strbuf *out)
{
	static const char *const parts[] = { "name", "release", "codename" };
	const struct json *os = json_get(host, "distribution");

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *part = json_get_str(os, parts[i]);

		if (str_empty(part))
			continue;
		if (out->len)
			strbuf_addc(out, ' ');
		strbuf_adds(out, part);
	}
}

void node_uptime(int64_t seconds, struct strbuf *out)
{
	int64_t days = seconds / 86400;

	if (seconds <= 0) {
		strbuf_addc(out, '-');
		return;
	}
	if (days)
		strbuf_addf(out, "%lld day%s ", (long long)days, days == 1 ? "" : "s");
	seconds %= 86400;
	strbuf_addf(out, "%02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
	            (int)(seconds % 60));
}

void node_join(const struct json *list, struct strbuf *out)
{
	size_t start = out->len;

	if (!json_is_array(list)) {
		format_value(list, out);
		return;
	}
	for (size_t i = 0; i < json_len(list); i++) {
		if (out->len > start)
			strbuf_adds(out, "; ");
		format_value(json_at(list, i), out);
	}
}
