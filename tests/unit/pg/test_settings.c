#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pg/settings.h"

static struct floor_settings make(const char *connections, const char *senders)
{
	struct floor_settings f = FLOOR_SETTINGS_UNKNOWN;

	assert_true(floor_settings_set(&f, "max_connections", connections));
	assert_true(floor_settings_set(&f, "max_wal_senders", senders));
	return f;
}

static void finds_settings_below_the_source(void **state)
{
	struct floor_settings source = make("200", "10"), standby = make("100", "5");
	struct floor_gap gaps[FLOOR_COUNT];

	assert_int_equal(floor_settings_compare(150000, &source, &standby, gaps), 2);
	assert_int_equal(gaps[0].setting, FLOOR_MAX_CONNECTIONS);
	assert_int_equal(gaps[0].source, 200);
	assert_int_equal(gaps[0].standby, 100);
	assert_int_equal(gaps[1].setting, FLOOR_MAX_WAL_SENDERS);
	/* Before 12 standbys do not look at the senders. */
	assert_int_equal(floor_settings_compare(110000, &source, &standby, gaps), 1);
	assert_int_equal(floor_settings_compare(150000, &standby, &source, gaps), 0);
	assert_int_equal(floor_settings_compare(150000, &source, &source, gaps), 0);
}

static void unknown_values_never_count(void **state)
{
	struct floor_settings known = make("200", "10"), none = FLOOR_SETTINGS_UNKNOWN, out;
	struct floor_gap gaps[FLOOR_COUNT];

	assert_int_equal(floor_settings_compare(150000, &known, &none, gaps), 0);
	floor_settings_raise(&known, &none, &out);
	assert_int_equal(out.value[FLOOR_MAX_CONNECTIONS], 200);
	assert_int_equal(out.value[FLOOR_MAX_WORKER_PROCESSES], -1);
	assert_false(floor_settings_set(&none, "port", "5432"));
	assert_false(floor_settings_set(&none, "max_connections", "many"));
	assert_int_equal(none.value[FLOOR_MAX_CONNECTIONS], -1);
	assert_string_equal(floor_setting_name(FLOOR_MAX_PREPARED_TRANSACTIONS),
	                    "max_prepared_transactions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_settings_below_the_source),
		cmocka_unit_test(unknown_values_never_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
