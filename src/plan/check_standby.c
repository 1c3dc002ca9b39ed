/* What a host must have so that a copy of the master's data works on it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "pg/version.h"
#include "plan/check.h"
#include "plan/contrib.h"

static const char *fact(const struct json *node, const char *key)
{
	return str_or(json_get_str(json_get(node, "facts"), key), "");
}

static bool is_installed(const struct json *doc, const struct json *node)
{
	return check_in_list(fact(node, "pg_versions"),
	                     json_get_str(json_get(doc, "params"), "version"));
}

/* Debian's server packages bring the contrib modules; where nothing is installed yet, only those
 * can be counted on. */
static bool will_have(const struct json *doc, const struct json *node, const char *list,
                      const char *name)
{
	if (is_installed(doc, node))
		return check_in_list(fact(node, list), name);
	return contrib_has(name) ||
	       check_in_list(
	               str_or(json_get_str(json_get(doc, "params"), "extension_packages"), ""),
	               name);
}

static void check_preload(const struct json *doc, const struct json *node, const struct json *pg,
                          struct findings *f)
{
	const char *cursor = json_get_str(json_get(pg, "settings"), "shared_preload_libraries");
	char lib[128], file[136];

	while (cursor && str_field(&cursor, ",", lib, sizeof(lib))) {
		char *name = lib + strspn(lib, " \"");

		name[strcspn(name, " \"")] = '\0';
		if (str_starts(name, "$libdir/"))
			name += strlen("$libdir/");
		if (name[0] == '\0')
			continue;
		snprintf(file, sizeof(file), "%s.so", name);
		if (will_have(doc, node, "libs", file) || will_have(doc, node, "libs", name))
			continue;
		finding_error(f, "preload_missing", json_get_str(node, "hostname"),
		              "install the package that brings it (on Debian "
		              "postgresql-VERSION-NAME) on the "
		              "host, or list it in --extension-packages.",
		              "Package %s-postgresql-%s is not installed: the master loads '%s' "
		              "(shared_preload_libraries), a standby would not start without it.",
		              name, json_get_str(json_get(doc, "params"), "version"), name);
	}
}

static void check_extensions(const struct json *doc, const struct json *node, const struct json *pg,
                             struct findings *f)
{
	const struct json *list = json_get(pg, "extensions");
	size_t i, k;

	for (i = 0; i < json_len(list); i++) {
		const char *name = json_get_str(json_at(list, i), "name");

		for (k = 0; k < i; k++) /* each once, however many databases have it */
			if (str_eq(json_get_str(json_at(list, k), "name"), name))
				break;
		if (k < i || !name || str_eq(name, "plpgsql") ||
		    will_have(doc, node, "extensions", name))
			continue;
		finding_error(f, "extension_missing", json_get_str(node, "hostname"),
		              "install the package that brings it on the host, or list it in "
		              "--extension-packages.",
		              "Extension '%s' is used in database '%s' of the master and is not "
		              "available "
		              "on this host: queries that use it would fail after a promotion.",
		              name, str_or(json_get_str(json_at(list, i), "db"), "?"));
	}
}

static bool is_bytewise(const char *locale)
{
	return str_eq(locale, "C") || str_eq(locale, "POSIX") || str_ieq(locale, "C.UTF-8") ||
	       str_ieq(locale, "C.utf8");
}

/* "en_US.UTF-8" is "en_US.utf8" in the list of the host. */
static bool is_same_locale(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += *a == '-';
		b += *b == '-';
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a == '\0')
			return true;
	}
}

static bool host_has_locale(const char *list, const char *locale)
{
	char word[128];

	while (str_field(&list, ",", word, sizeof(word)))
		if (is_same_locale(word, locale))
			return true;
	return false;
}

static void check_locales(const struct json *doc, const struct json *node, const struct json *pg,
                          struct findings *f)
{
	const struct json *dbs = json_get(pg, "databases");
	const char *ours = fact(node, "glibc");
	const char *theirs =
	        str_or(json_get_str(json_get(check_master(doc), "facts"), "glibc"), "");
	bool sorted = false;
	size_t i;

	for (i = 0; i < json_len(dbs); i++) {
		const char *collate = str_or(json_get_str(json_at(dbs, i), "collate"), "C");

		if (is_bytewise(collate))
			continue;
		sorted = true;
		if (!host_has_locale(fact(node, "locales"), collate))
			finding_error(f, "locale_missing", json_get_str(node, "hostname"),
			              "generate the locale on the host.",
			              "Locale '%s' of database '%s' does not exist on this host.",
			              collate, json_get_str(json_at(dbs, i), "name"));
	}
	if (!sorted || ours[0] == '\0' || theirs[0] == '\0' || str_eq(ours, theirs))
		return;
	finding_error(
	        f, "collation_version", json_get_str(node, "hostname"),
	        "use hosts of the same release; a text index would be corrupt after a promotion.",
	        "glibc is %s here and %s on the master: text is sorted differently.", ours, theirs);
}

static void check_icu(const struct json *doc, const struct json *node, const struct json *pg,
                      struct findings *f)
{
	const struct json *list = json_get(pg, "collations");
	const char *ours = fact(node, "icu");
	const char *theirs = str_or(json_get_str(json_get(check_master(doc), "facts"), "icu"), "");
	size_t i;

	for (i = 0; i < json_len(list); i++)
		if (str_starts(json_get_str(json_at(list, i), "provider"), "i"))
			break;
	if (i == json_len(list) || ours[0] == '\0' || str_eq(ours, theirs))
		return;
	finding_error(
	        f, "collation_version", json_get_str(node, "hostname"),
	        "use hosts of the same release; a text index would be corrupt after a promotion.",
	        "ICU is %s here and %s on the master: text is sorted differently.", ours, theirs);
}

static void check_reach(const struct json *doc, const struct json *node, struct findings *f)
{
	static const struct {
		const char *state, *text;
	} words[] = {
		{ "refused", "connection refused" },
		{ "timeout", "connection timed out" },
		{ "unresolved", "host name cannot be resolved there" },
		{ "unreachable", "no route" },
	};
	const struct json *m = check_master(doc);
	const char *host = json_get_str(node, "hostname"), *state, *text = "unknown reason";
	char key[300];
	size_t i;

	snprintf(key, sizeof(key), "reach.%s", str_or(json_get_str(m, "endpoint"), ""));
	state = fact(node, key);
	if (state[0] == '\0' || str_eq(state, "ok") || str_eq(state, "unknown"))
		return;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i].state, state))
			text = words[i].text;
	finding_error(f, "unreachable", host,
	              "open the port in the firewalls between the two, and listen_addresses of the "
	              "master.",
	              "Node %s cannot reach %s:%lld (%s).", host, json_get_str(m, "hostname"),
	              (long long)json_get_int(m, "port", 5432), text);
}

static void check_minor(const struct json *doc, const struct json *node, const struct json *pg,
                        struct findings *f)
{
	const char *minor = str_or(fact(node, "pg_minor"), fact(node, "pg_candidate"));
	int ours, theirs = (int)json_get_int(pg, "version_num", 0);
	char text[PG_VERSION_TEXT_SIZE], here[PG_VERSION_TEXT_SIZE];

	if (!pg_version_parse(minor, &ours) || !pg_version_same_major(ours, theirs) ||
	    pg_version_minor(ours) == 0 || ours == theirs)
		return;
	finding_warning(f, "minor_version", json_get_str(node, "hostname"),
	                "streaming works; update the older side when you can.",
	                "PostgreSQL %s here, %s on the master: minor versions differ.",
	                pg_version_format(ours, here), pg_version_format(theirs, text));
}

static void check_tablespaces(const struct json *node, const struct json *pg, struct findings *f)
{
	const struct json *list = json_get(pg, "tablespaces");
	char key[4200];
	size_t i;

	for (i = 0; i < json_len(list); i++) {
		const char *where = str_or(json_get_str(json_at(list, i), "location"), "");

		if (where[0] == '\0')
			continue;
		snprintf(key, sizeof(key), "path.%s", where);
		if (str_eq(fact(node, key), "nonempty") || str_eq(fact(node, key), "notdir"))
			finding_error(
			        f, "tablespace", json_get_str(node, "hostname"),
			        "move away what is in it.",
			        "Directory '%s' of tablespace '%s' exists here and is not empty.",
			        where, json_get_str(json_at(list, i), "name"));
	}
}

void check_standby(const struct json *doc, const struct json *node, struct findings *f)
{
	const struct json *m = check_master(doc);
	const struct json *pg = json_get(m, "pg");
	const char *arch = str_or(json_get_str(json_get(m, "facts"), "arch"), "");

	if (!pg)
		return;
	if (arch[0] != '\0' && !str_eq(arch, fact(node, "arch")))
		finding_error(f, "arch", json_get_str(node, "hostname"), NULL,
		              "The machine is %s, the master's is %s: data files differ.",
		              fact(node, "arch"), arch);
	check_reach(doc, node, f);
	check_minor(doc, node, pg, f);
	check_preload(doc, node, pg, f);
	check_extensions(doc, node, pg, f);
	check_locales(doc, node, pg, f);
	check_icu(doc, node, pg, f);
	check_tablespaces(node, pg, f);
}
