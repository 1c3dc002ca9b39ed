#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "plan/contrib.h"
#include "plan/plan_create.h"

static void slot_names_are_valid_and_unique(void **state)
{
	struct run r = { .a = arena_new() };
	const char *a = plan_slot_name(&r, 3, "DB-1.example.com", 5432);
	char long_a[200], long_b[200];

	assert_string_equal(a, "pgt_3_db_1_example_com_5432");
	memset(long_a, 'h', sizeof(long_a));
	memset(long_b, 'h', sizeof(long_b));
	long_a[199] = long_b[199] = '\0';
	long_b[150] = 'x';
	assert_true(strlen(plan_slot_name(&r, 3, long_a, 1)) <= 63);
	assert_string_not_equal(plan_slot_name(&r, 3, long_a, 1), plan_slot_name(&r, 3, long_b, 1));
	arena_free(&r.a);
}

static void rules_name_each_controller_once(void **state)
{
	static const char *const nodes[] = { "10.0.0.1", "fd00::1" };
	static const char *const controllers[] = { "10.9.9.9", "10.9.9.9" };
	struct run r = { .a = arena_new() };
	const char *text = plan_hba_lines(&r, nodes, 2, controllers, 2, "repl", "mon", "dba");

	assert_non_null(strstr(text, "10.0.0.1/32"));
	assert_non_null(strstr(text, "fd00::1/128"));
	assert_null(strstr(strstr(text, "mon") + 3, "mon"));
	arena_free(&r.a);
}

static void settings_keep_the_sources_floors(void **state)
{
	struct run r = { .a = arena_new() };
	struct json *pg = json_object_new(), *settings = json_object_new();
	const char *text;

	json_set_str(settings, "max_connections", "500");
	json_set_str(settings, "max_worker_processes", "2");
	json_set(pg, "settings", settings);
	text = plan_conf_text(&r, 120000, "it's", "/etc/x", pg, 100LL << 30);
	assert_non_null(strstr(text, "max_connections = '500'"));
	assert_non_null(strstr(text, "max_worker_processes = '8'"));
	assert_non_null(strstr(text, "cluster_name = 'it''s'"));
	assert_null(strstr(text, "max_slot_wal_keep_size"));
	text = plan_conf_text(&r, 150000, "c", "/etc/x", NULL, 100LL << 30);
	assert_non_null(strstr(text, "max_slot_wal_keep_size = '25600MB'"));
	json_free(&pg);
	arena_free(&r.a);
}

static void knows_what_comes_with_the_server(void **state)
{
	assert_true(contrib_has("pg_stat_statements"));
	assert_true(contrib_has("auto_explain.so"));
	assert_false(contrib_has("timescaledb"));
	assert_false(contrib_has("pg_stat"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slot_names_are_valid_and_unique),
		cmocka_unit_test(rules_name_each_controller_once),
		cmocka_unit_test(settings_keep_the_sources_floors),
		cmocka_unit_test(knows_what_comes_with_the_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
