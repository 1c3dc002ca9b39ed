#include "plan/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pg/version.h"

#define CLOCK_WARN_MS  2000
#define CLOCK_ERROR_MS 300000
/* room for a new, empty cluster and its first WAL */
#define ROOM_EMPTY (200LL << 20)
/* WAL and temporary files that come with a copy of any size */
#define ROOM_COPY (256LL << 20)

static const char *fact(const struct json *node, const char *key)
{
	return str_or(json_get_str(json_get(node, "facts"), key), "");
}

int64_t check_fact_int(const struct json *facts, const char *key, int64_t dflt)
{
	return json_get_int(facts, key, dflt);
}

bool check_in_list(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *p = list;

	while (p && *p != '\0') {
		const char *end = strchr(p, ',');
		size_t n = end ? (size_t)(end - p) : strlen(p);

		if (n == len && memcmp(p, word, len) == 0)
			return true;
		p = end ? end + 1 : NULL;
	}
	return false;
}

const struct json *check_master(const struct json *doc)
{
	const struct json *source = json_get(doc, "source");
	int64_t i = json_get_int(source, "master", -1);

	return i < 0 ? NULL : json_at(json_get(source, "members"), (size_t)i);
}

/* The host read its clock between the question and the answer: only what lies outside is wrong. */
static int64_t clock_offset(const struct json *node)
{
	int64_t host_ms = json_get_int(json_get(node, "facts"), "clock_ns", 0) / 1000000;
	int64_t asked = json_get_int(node, "asked_ms", 0), seen = json_get_int(node, "seen_ms", 0);

	if (host_ms == 0 || asked == 0)
		return 0;
	return host_ms < asked ? host_ms - asked : host_ms > seen ? host_ms - seen : 0;
}

static void check_clock(const struct json *node, struct findings *f)
{
	const char *host = json_get_str(node, "hostname");
	int64_t off = clock_offset(node);

	if (llabs(off) < CLOCK_WARN_MS)
		return;
	if (llabs(off) < CLOCK_ERROR_MS)
		finding_warning(f, "clock", host, "run a time service (chrony, systemd-timesyncd).",
		                "The clock is %.1f s %s the controller's.",
		                (double)llabs(off) / 1000.0, off > 0 ? "ahead of" : "behind");
	else
		finding_error(f, "clock", host, "set the clock and run a time service.",
		              "The clock is %lld s %s the controller's.",
		              (long long)(llabs(off) / 1000), off > 0 ? "ahead of" : "behind");
}

static void check_same_machine(const struct json *doc, const struct json *node, struct findings *f)
{
	const struct json *nodes = json_get(doc, "nodes");
	const struct json *members = json_get(json_get(doc, "source"), "members");
	const char *id = fact(node, "machine_id");
	size_t i;

	for (i = 0; i < json_len(nodes) && json_at(nodes, i) != node; i++)
		if (id[0] != '\0' && str_eq(fact(json_at(nodes, i), "machine_id"), id))
			finding_error(f, "same_host", json_get_str(node, "hostname"),
			              "name each host once.", "This is the same machine as %s.",
			              json_get_str(json_at(nodes, i), "hostname"));
	for (i = 0; i < json_len(members); i++)
		if (id[0] != '\0' && str_eq(fact(json_at(members, i), "machine_id"), id))
			finding_error(f, "host_of_master_cluster", json_get_str(node, "hostname"),
			              "use another host.",
			              "This machine is host %s of the master cluster.",
			              json_get_str(json_at(members, i), "hostname"));
}

void check_host(const struct json *doc, const struct json *node, struct findings *f)
{
	const char *host = json_get_str(node, "hostname");
	const struct json *ssh_error = json_get(node, "ssh_error");
	int64_t taken = json_get_int(node, "in_cluster", 0);

	if (taken > 0)
		finding_error(f, "host_taken", host, "use another host, or remove it there first.",
		              "Host %s already belongs to cluster %lld.", host, (long long)taken);
	if (ssh_error) {
		finding_error(f, "ssh", host, json_get_str(ssh_error, "hint"),
		              "Cannot use the host: %s.", json_get_str(ssh_error, "text"));
		return;
	}
	if (!str_eq(fact(node, "family"), "debian") && !str_eq(fact(node, "family"), "rhel"))
		finding_error(f, "system", host,
		              "use Debian, Ubuntu or a system of the RHEL family.",
		              "The operating system %s is not supported.",
		              str_or(fact(node, "os_pretty"), "(unknown)"));
	if (!str_eq(fact(node, "systemd"), "yes"))
		finding_error(f, "systemd", host, NULL, "systemd does not run on this host.");
	if (fact(node, "tools_missing")[0] != '\0')
		finding_error(f, "tools", host, "install them with the package manager.",
		              "Needed tools are missing: %s.", fact(node, "tools_missing"));
	check_clock(node, f);
	check_same_machine(doc, node, f);
}

void check_software(const struct json *doc, const struct json *node, struct findings *f)
{
	const struct json *params = json_get(doc, "params");
	const char *host = json_get_str(node, "hostname");
	const char *version = json_get_str(params, "version");

	if (check_in_list(fact(node, "pg_versions"), version))
		return;
	if (!json_get_bool(params, "install", true) ||
	    str_eq(json_get_str(params, "repository"), "none")) {
		finding_error(f, "not_installed", host,
		              "install it, or let the controller do it (without --no-install).",
		              "PostgreSQL %s is not installed.", version);
		return;
	}
	if (fact(node, "pkg_lock")[0] != '\0')
		finding_error(f, "package_lock", host, "wait until it has finished.",
		              "The package manager is in use by process %s.",
		              fact(node, "pkg_lock"));
	if (fact(node, "pg_candidate")[0] == '\0' &&
	    !str_eq(json_get_str(params, "repository"), "pgdg") &&
	    str_eq(fact(node, "pkg_lists"), "yes"))
		finding_error(
		        f, "no_candidate", host,
		        "ask for a version that the distribution has, or use --repository=pgdg.",
		        "The repositories of %s have no PostgreSQL %s.", fact(node, "os_pretty"),
		        version);
}

static void check_datadir(const struct json *node, struct findings *f)
{
	static const struct {
		const char *state, *text;
	} bad[] = {
		{ "nonempty", "is not empty" },
		{ "cluster", "holds a PostgreSQL database cluster" },
		{ "notdir", "is not a directory" },
	};
	const char *host = json_get_str(node, "hostname");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!str_eq(fact(node, "datadir_state"), bad[i].state))
			continue;
		finding_error(
		        f, "datadir_not_empty", host,
		        "choose another --datadir, or move away what is in it; it is never emptied "
		        "by a create.",
		        "Data directory '%s' %s%s.", fact(node, "datadir"), bad[i].text,
		        str_eq(fact(node, "datadir_running"), "yes") ? " that is in use" : "");
	}
}

static void check_room(const struct json *doc, const struct json *node, struct findings *f)
{
	const struct json *pg = json_get(check_master(doc), "pg");
	int64_t need = ROOM_EMPTY,
	        have = json_get_int(json_get(node, "facts"), "data_free_bytes", -1);
	char a[32], b[32];

	if (pg) {
		int64_t total = json_get_int(pg, "total_bytes", 0);

		need = total + total / 10 + ROOM_COPY;
	}
	if (have < 0 || have >= need)
		return;
	finding_error(f, "no_space", json_get_str(node, "hostname"),
	              "make room, or choose another --datadir.",
	              "Not enough space for data directory '%s': %s free, %s needed.",
	              fact(node, "datadir"), str_bytes((uint64_t)have, a, sizeof(a)),
	              str_bytes((uint64_t)need, b, sizeof(b)));
}

void check_place(const struct json *doc, const struct json *node, struct findings *f)
{
	const char *host = json_get_str(node, "hostname");

	check_datadir(node, f);
	check_room(doc, node, f);
	if (str_eq(fact(node, "port_used"), "yes"))
		finding_error(f, "port_used", host, "choose another port, or stop what uses it.",
		              "Port %lld is in use by %s.",
		              (long long)json_get_int(node, "port", 5432),
		              str_or(fact(node, "port_user"), "another program"));
}

void check_create(const struct json *doc, struct findings *f)
{
	const struct json *nodes = json_get(doc, "nodes");
	size_t i;

	if (json_get(doc, "source"))
		check_source(doc, f);
	for (i = 0; i < json_len(nodes); i++) {
		const struct json *node = json_at(nodes, i);

		check_host(doc, node, f);
		if (json_get(node, "ssh_error") || !json_get(node, "facts"))
			continue;
		check_software(doc, node, f);
		check_place(doc, node, f);
		if (check_master(doc))
			check_standby(doc, node, f);
	}
}
