/* The preconditions of a create: from facts that are fine, one thing at a time is made wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/str.h"
#include "plan/check.h"

#include "facts.h"

/* "nodes.0.facts.systemd": the parent of the last word. */
static struct json *walk(struct json *doc, const char *path, char last[64])
{
	struct json *at = doc;
	char word[64];

	while (str_field(&path, "/", word, sizeof(word))) {
		if (!path || *path == '\0') {
			snprintf(last, 64, "%s", word);
			return at;
		}
		at = json_is_array(at) ? json_at(at, (size_t)(word[0] - '0')) : json_get(at, word);
		assert_non_null(at);
	}
	return NULL;
}

static void set(struct json *doc, const char *path, const char *value)
{
	char last[64];
	struct json *parent = walk(doc, path, last), *v = NULL;

	assert_non_null(parent);
	if (!value)
		json_del(parent, last);
	else if ((value[0] == '{' || !strchr(value, '.')) &&
	         json_parse(value, strlen(value), &v, NULL) == ERR_OK)
		json_set(parent, last, v);
	else
		json_set_str(parent, last, value);
}

static const struct finding *find(const struct findings *f, const char *code)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		if (str_eq(f->list[i].code, code))
			return &f->list[i];
	return NULL;
}

#define NODE  "nodes/0/facts/"
#define PG    "source/members/0/pg/"
#define ERROR true

static const struct row {
	const char *doc, *path, *value, *code;
	bool is_error;
	const char *says;
} rows[] = {
	{ "new_cluster", "nodes/0/ssh_error", "{\"text\": \"ssh login refused\"}", "ssh", ERROR,
	  "Cannot use the host: ssh login refused." },
	{ "new_cluster", "nodes/0/in_cluster", "7", "host_taken", ERROR,
	  "Host dc2-a already belongs to cluster 7." },
	{ "new_cluster", NODE "family", "unknown", "system", ERROR, NULL },
	{ "new_cluster", NODE "systemd", "no", "systemd", ERROR, NULL },
	{ "new_cluster", NODE "tools_missing", "flock,tar", "tools", ERROR,
	  "Needed tools are missing: flock,tar." },
	{ "new_cluster", NODE "machine_id", "0641ac623f544b61843496bccf3740e1", "same_host", ERROR,
	  "This is the same machine as dc2-a." },
	{ "new_cluster", NODE "clock_ns", "1795461257000000000", "clock", false, NULL },
	{ "new_cluster", NODE "clock_ns", "1795469257000000000", "clock", ERROR, NULL },
	{ "new_cluster", NODE "pg_candidate", "\"\"", "no_candidate", ERROR, NULL },
	{ "new_cluster", "params/install", "false", "not_installed", ERROR,
	  "PostgreSQL 15 is not installed." },
	{ "new_cluster", NODE "pkg_lock", "812:apt-get", "package_lock", ERROR, NULL },
	{ "new_cluster", NODE "datadir_state", "nonempty", "datadir_not_empty", ERROR,
	  "Data directory '/var/lib/postgresql/15/main' is not empty." },
	{ "new_cluster", NODE "datadir_state", "cluster", "datadir_not_empty", ERROR, NULL },
	{ "new_cluster", NODE "data_free_bytes", "1000000", "no_space", ERROR, NULL },
	{ "new_cluster", NODE "port_used", "yes", "port_used", ERROR, NULL },
	{ "slave_cluster", "source/error", "{\"text\": \"Cluster 3 has no master.\"}", "no_master",
	  ERROR, "Cluster 3 has no master." },
	{ "slave_cluster", "source/admin",
	  "{\"user\": \"x\", \"fail\": \"AUTH\", \"text\": \"password authentication failed\"}",
	  "admin", ERROR,
	  "Admin user 'x' cannot log in to the master 10.77.1.10:5432 of cluster 3 (password "
	  "authentication failed). The replica cluster must use the same admin credentials." },
	{ "slave_cluster", PG "version_num", "90525", "version_too_old", ERROR,
	  "Cluster-to-cluster replication needs PostgreSQL 9.6 or later; node 10.77.1.10:5432 of "
	  "cluster "
	  "3 runs 9.5.25." },
	{ "slave_cluster", "params/version", "\"12\"", "version", ERROR,
	  "Cluster 3 runs PostgreSQL 15; version 12 was requested." },
	{ "slave_cluster", PG "settings/wal_level", "minimal", "wal_level", ERROR, NULL },
	{ "slave_cluster", PG "settings/max_wal_senders", "\"2\"", "wal_senders", ERROR, NULL },
	{ "slave_cluster", PG "settings/max_replication_slots", "\"1\"", "slots", ERROR, NULL },
	{ "slave_cluster", PG "settings/full_page_writes", "off", "full_page_writes", ERROR, NULL },
	{ "slave_cluster", PG "total_bytes", "900000000000", "no_space", ERROR, NULL },
	{ "slave_cluster", NODE "arch", "aarch64", "arch", ERROR, NULL },
	{ "slave_cluster", NODE "reach.10.77.1.10:5432", "timeout", "unreachable", ERROR,
	  "Node dc2-a cannot reach 10.77.1.10:5432 (connection timed out)." },
	{ "slave_cluster", NODE "pg_minor", "15.3", "minor_version", false, NULL },
	{ "slave_cluster", PG "settings/shared_preload_libraries",
	  "pg_stat_statements, timescaledb", "preload_missing", ERROR,
	  "Package timescaledb-postgresql-15 is not installed: the master loads 'timescaledb' "
	  "(shared_preload_libraries), a standby would not start without it." },
	{ "slave_cluster", PG "extensions/0/name", "vector", "extension_missing", ERROR, NULL },
	{ "slave_cluster", PG "databases/0/collate", "de_DE.UTF-8", "locale_missing", ERROR, NULL },
	{ "slave_cluster", NODE "machine_id", "6b483e511c9643288e0f82f355c4929c",
	  "host_of_master_cluster", ERROR,
	  "This machine is host 10.77.1.10 of the master cluster." },
};

static void finds_each_problem_by_itself(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json *doc = facts_load(rows[i].doc);
		struct arena *a = arena_new();
		const struct finding *x;
		struct findings f;

		set(doc, rows[i].path, rows[i].value);
		findings_init(&f, a);
		check_create(doc, &f);
		x = find(&f, rows[i].code);
		if (!x || x->is_error != rows[i].is_error)
			fail_msg("%s = %s: no finding %s", rows[i].path, rows[i].value,
			         rows[i].code);
		if (rows[i].says)
			assert_string_equal(x->text, rows[i].says);
		arena_free(&a);
		json_free(&doc);
	}
}

static void finds_nothing_wrong_with_good_hosts(void **state)
{
	static const char *const docs[] = { "new_cluster", "slave_cluster", "rhel_cluster" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(docs); i++) {
		struct json *doc = facts_load(docs[i]);
		struct arena *a = arena_new();
		struct findings f;

		findings_init(&f, a);
		check_create(doc, &f);
		if (f.count > 0)
			fail_msg("%s: %s", docs[i], f.list[0].text);
		arena_free(&a);
		json_free(&doc);
	}
}

static void reports_all_problems_together(void **state)
{
	struct json *doc = facts_load("slave_cluster");
	struct arena *a = arena_new();
	struct findings f;

	set(doc, NODE "port_used", "yes");
	set(doc, NODE "systemd", "no");
	set(doc, "nodes/1/in_cluster", "9");
	set(doc, PG "settings/wal_level", "minimal");
	findings_init(&f, a);
	check_create(doc, &f);
	assert_int_equal(f.errors, 4);
	arena_free(&a);
	json_free(&doc);
}

static void tells_sorted_text_apart_from_bytewise(void **state)
{
	struct json *doc = facts_load("slave_cluster");
	struct arena *a = arena_new();
	struct findings f;

	set(doc, PG "databases/0/collate", "de_DE.UTF-8");
	set(doc, NODE "locales", "C,C.utf8,de_DE.utf8");
	set(doc, "nodes/1/facts/locales", "C,C.utf8,de_DE.utf8");
	findings_init(&f, a);
	check_create(doc, &f);
	assert_int_equal(f.count, 0);
	set(doc, NODE "glibc", "2.41");
	findings_init(&f, a);
	check_create(doc, &f);
	assert_int_equal(f.errors, 1);
	assert_string_equal(f.list[0].code, "collation_version");
	arena_free(&a);
	json_free(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_nothing_wrong_with_good_hosts),
		cmocka_unit_test(finds_each_problem_by_itself),
		cmocka_unit_test(reports_all_problems_together),
		cmocka_unit_test(tells_sorted_text_apart_from_bytewise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
