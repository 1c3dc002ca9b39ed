#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "pg/lsn.h"

static void reads_and_writes_positions(void **state)
{
	static const struct {
		const char *in, *out;
		pg_lsn lsn;
	} rows[] = {
		{ "0/0", "0/0", 0 },
		{ "0/3000028", "0/3000028", 0x3000028 },
		{ "16/B374D848", "16/B374D848", 0x16B374D848 },
		{ "16/b374d848", "16/B374D848", 0x16B374D848 },
		{ "1/1", "1/1", 0x100000001 },
		{ "FFFFFFFF/FFFFFFFF", "FFFFFFFF/FFFFFFFF", UINT64_MAX },
	};
	char buf[LSN_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pg_lsn lsn = 1;

		assert_true(lsn_parse(rows[i].in, &lsn));
		assert_int_equal(lsn, rows[i].lsn);
		assert_string_equal(lsn_format(lsn, buf), rows[i].out);
	}
}

static void refuses_what_is_no_position(void **state)
{
	static const char *const rows[] = {
		NULL,   "",     "/",     "0/",  "/0",    "0",           "0/0 ",        " 0/0",
		"0/0x", "-1/0", "0/0/0", "g/0", "0x1/0", "100000000/0", "0/100000000",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pg_lsn lsn = 7;

		assert_false(lsn_parse(rows[i], &lsn));
		assert_int_equal(lsn, 7);
	}
}

static void differences_saturate(void **state)
{
	assert_int_equal(lsn_diff(5, 3), 2);
	assert_int_equal(lsn_diff(3, 5), -2);
	assert_int_equal(lsn_diff(UINT64_MAX, 0), INT64_MAX);
	assert_true(lsn_diff(0, UINT64_MAX) == INT64_MIN);
	assert_int_equal(lsn_behind(5, 3), 2);
	assert_int_equal(lsn_behind(3, 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_positions),
		cmocka_unit_test(refuses_what_is_no_position),
		cmocka_unit_test(differences_saturate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
