#include "base/clock.h"

#include "../test.h"
#include "base/macros.h"

static void writes_iso_with_milliseconds(UNUSED_STATE)
{
	char buf[CLOCK_ISO_SIZE];

	assert_string_equal(clock_iso(0, buf), "1970-01-01T00:00:00.000Z");
	assert_string_equal(clock_iso(1795377478540, buf), "2026-11-22T19:57:58.540Z");
	assert_string_equal(clock_iso(-1, buf), "1969-12-31T23:59:59.999Z");
}

static void reads_iso_and_sql_forms(UNUSED_STATE)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "2026-11-22T19:57:58.540Z", 1795377478540 },
		{ "2026-11-22 19:57:58", 1795377478000 },
		{ "2026-11-22T19:57:58.5401234", 1795377478540 },
		{ "2026-11-22T21:57:58+02:00", 1795377478000 },
		{ "2026-11-22 14:27:58-0530", 1795377478000 },
		{ "2026-11-22 21:57:58+02", 1795377478000 },
		{ "2024-02-29 00:00:00", 1709164800000 },
	};
	int64_t ms;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(clock_parse(rows[i].text, &ms));
		assert_true(ms == rows[i].ms);
	}
}

static void refuses_what_is_no_time(UNUSED_STATE)
{
	static const char *const rows[] = {
		"",
		"2026-11-22",
		"2026-13-01 00:00:00",
		"2026-02-29 00:00:00",
		"2026-02-01 24:00:00",
		"2026-02-01 00:60:00",
		"2026-02-01T00:00:00.Z",
		"2026-02-01T00:00:00Zx",
		"2026-02-01T00:00:00+2",
		"-2026-02-01T00:00:00",
		"2026-2-1 00:00:00",
		"9999-12-31 23:59:59-01:00",
		"1900-01-01 00:00:00+01:00",
	};
	int64_t ms = 5;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		assert_false(clock_parse(rows[i], &ms));
	assert_false(clock_parse(NULL, &ms));
	assert_int_equal(ms, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_iso_with_milliseconds),
		cmocka_unit_test(reads_iso_and_sql_forms),
		cmocka_unit_test(refuses_what_is_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
