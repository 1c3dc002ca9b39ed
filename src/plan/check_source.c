/* What the master cluster must offer before a slave cluster can be made of it. */
#include <string.h>

#include "base/str.h"
#include "pg/version.h"
#include "plan/check.h"

#define MIN_SENDERS 2 /* pg_basebackup takes two while it runs */

static const char *setting(const struct json *pg, const char *name)
{
	return str_or(json_get_str(json_get(pg, "settings"), name), "");
}

static int64_t setting_int(const struct json *pg, const char *name, int64_t dflt)
{
	return json_get_int(json_get(pg, "settings"), name, dflt);
}

static void check_version(const struct json *doc, const struct json *pg, struct findings *f)
{
	const struct json *source = json_get(doc, "source");
	const char *want = json_get_str(json_get(doc, "params"), "version");
	const char *host = json_get_str(check_master(doc), "hostname");
	char major[PG_VERSION_TEXT_SIZE], full[PG_VERSION_TEXT_SIZE];
	int num = (int)json_get_int(pg, "version_num", 0);

	pg_version_format(num, full);
	if (num < PG_VERSION_MIN)
		finding_error(f, "version_too_old", host, NULL,
		              "Cluster-to-cluster replication needs PostgreSQL 9.6 or later; node "
		              "%s:%lld of cluster %lld runs %s.",
		              host, (long long)json_get_int(check_master(doc), "port", 5432),
		              (long long)json_get_int(source, "cluster_id", 0), full);
	else if (!str_eq(pg_version_major(num, major), want))
		finding_error(f, "version", NULL, "ask for the master cluster's version.",
		              "Cluster %lld runs PostgreSQL %s; version %s was requested.",
		              (long long)json_get_int(source, "cluster_id", 0), major, want);
}

static size_t count_senders(const struct json *pg)
{
	return json_len(json_get(pg, "senders"));
}

static void check_capacity(const struct json *doc, const struct json *pg, struct findings *f)
{
	const char *host = json_get_str(check_master(doc), "hostname");
	int64_t senders = setting_int(pg, "max_wal_senders", 10) - (int64_t)count_senders(pg);
	int64_t slots = setting_int(pg, "max_replication_slots", 10) -
	                (int64_t)json_len(json_get(pg, "slots"));

	if (str_eq(setting(pg, "wal_level"), "minimal"))
		finding_error(f, "wal_level", host,
		              "set wal_level = replica and restart the master.",
		              "The master's wal_level is minimal: it cannot be replicated.");
	if (senders < MIN_SENDERS)
		finding_error(f, "wal_senders", host, "raise max_wal_senders on the master.",
		              "The master has %lld free WAL senders, %d are needed.",
		              (long long)senders, MIN_SENDERS);
	if (slots < 1)
		finding_error(f, "slots", host,
		              "raise max_replication_slots on the master, or drop unused slots.",
		              "The master has no free replication slot.");
	if (str_eq(setting(pg, "full_page_writes"), "off"))
		finding_error(
		        f, "full_page_writes", host, "set full_page_writes = on.",
		        "The master's full_page_writes is off: a copy would not be consistent.");
	if (!str_eq(setting(pg, "data_checksums"), "on") &&
	    !str_eq(setting(pg, "wal_log_hints"), "on"))
		finding_warning(
		        f, "no_rewind", host,
		        "set wal_log_hints = on on the master (needs a restart) before you need "
		        "it.",
		        "The master has neither data checksums nor wal_log_hints: pg_rewind will "
		        "not be possible after a failover.");
}

static void check_admin(const struct json *doc, struct findings *f)
{
	const struct json *source = json_get(doc, "source");
	const struct json *admin = json_get(source, "admin");
	const struct json *m = check_master(doc);

	if (!admin || str_empty(json_get_str(admin, "fail")))
		return;
	finding_error(
	        f, "admin", NULL, "use the admin user and password of the master cluster.",
	        "Admin user '%s' cannot log in to the master %s:%lld of cluster %lld (%s). The "
	        "replica cluster must use the same admin credentials.",
	        str_or(json_get_str(admin, "user"), ""), json_get_str(m, "hostname"),
	        (long long)json_get_int(m, "port", 5432),
	        (long long)json_get_int(source, "cluster_id", 0), json_get_str(admin, "text"));
}

void check_source(const struct json *doc, struct findings *f)
{
	const struct json *source = json_get(doc, "source");
	const struct json *error = json_get(source, "error");
	const struct json *master = check_master(doc);
	const struct json *pg = json_get(master, "pg");

	if (error) {
		finding_error(f, "no_master", NULL, json_get_str(error, "hint"), "%s",
		              json_get_str(error, "text"));
		return;
	}
	if (!pg)
		return;
	check_version(doc, pg, f);
	check_capacity(doc, pg, f);
	check_admin(doc, f);
}
