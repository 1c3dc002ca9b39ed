#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "pg/version.h"

static void reads_what_servers_and_packages_say(void **state)
{
	static const struct {
		const char *text;
		int num;
	} rows[] = {
		{ "15.18", 150018 },
		{ "15.18 (Debian 15.18-0+deb12u1)", 150018 },
		{ "PostgreSQL 11.5 on x86_64-pc-linux-gnu, compiled by gcc", 110005 },
		{ "9.6", 90600 },
		{ "9.6.24", 90624 },
		{ "9.5.25", 90525 },
		{ "16", 160000 },
		{ "17beta1", 170000 },
		{ "18devel", 180000 },
		{ "10.23-4.pgdg+1", 100023 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int num = -1;

		assert_true(pg_version_parse(rows[i].text, &num));
		assert_int_equal(num, rows[i].num);
	}
}

static void refuses_other_texts(void **state)
{
	static const char *const rows[] = { NULL,    "",       "x",   "9",      "15.",
		                            "15..1", "15.1.1", "-15", "1000.1", "15.100",
		                            ".15",   "0.1",    "15x", " 15" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int num = -1;

		assert_false(pg_version_parse(rows[i], &num));
		assert_int_equal(num, -1);
	}
}

static void names_versions_and_majors(void **state)
{
	char buf[PG_VERSION_TEXT_SIZE];

	assert_string_equal(pg_version_format(150018, buf), "15.18");
	assert_string_equal(pg_version_format(90624, buf), "9.6.24");
	assert_string_equal(pg_version_major(150018, buf), "15");
	assert_string_equal(pg_version_major(90624, buf), "9.6");
	assert_int_equal(pg_version_minor(150018), 18);
	assert_int_equal(pg_version_minor(90624), 24);
	assert_true(pg_version_same_major(150001, 150018));
	assert_false(pg_version_same_major(150001, 160001));
	assert_false(pg_version_same_major(90524, 90624));
	assert_true(pg_version_has_recovery_conf(110005));
	assert_false(pg_version_has_recovery_conf(120000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_servers_and_packages_say),
		cmocka_unit_test(refuses_other_texts),
		cmocka_unit_test(names_versions_and_majors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
