#include "base/str.h"

#include <string.h>

#include "../test.h"
#include "base/macros.h"

static void compares_with_null(UNUSED_STATE)
{
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq(NULL, ""));
	assert_true(str_eq("a", "a"));
	assert_true(str_ieq("aBc", "AbC"));
	assert_false(str_ieq("abc", "ab"));
	assert_false(str_ieq("ab", NULL));
	assert_true(str_starts("abc", "ab"));
	assert_false(str_starts("ab", "abc"));
	assert_true(str_ends("abc", "bc"));
	assert_false(str_ends("c", "bc"));
	assert_false(str_ends(NULL, ""));
	assert_true(str_empty(NULL) && str_empty("") && !str_empty(" "));
	assert_string_equal(str_or("", "x"), "x");
	assert_string_equal(str_or("y", "x"), "y");
}

static void reads_whole_numbers_only(UNUSED_STATE)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "-12", true, -12 },
		{ "0070", true, 70 },
		{ "1000", true, 1000 },
		{ "1001", false, 0 },
		{ "-1001", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "", false, 0 },
		{ "-", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "1.5", false, 0 },
		{ "0x10", false, 0 },
		{ NULL, false, 0 },
	};
	struct err e = { 0 };
	int64_t out;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		out = 4711;
		assert_int_equal(str_to_i64(rows[i].text, -1000, 1000, &out, &e),
		                 rows[i].ok ? ERR_OK : ERR_INVALID);
		assert_int_equal(out, rows[i].ok ? rows[i].value : 4711);
	}
	assert_int_equal(str_to_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &out, &e),
	                 ERR_OK);
	assert_true(out == INT64_MIN);
}

static void reads_booleans(UNUSED_STATE)
{
	bool b = false;

	assert_true(str_to_bool("Yes", &b) && b);
	assert_true(str_to_bool("off", &b) && !b);
	assert_true(str_to_bool("1", &b) && b);
	assert_false(str_to_bool("", &b));
	assert_false(str_to_bool("2", &b));
	assert_false(str_to_bool(NULL, &b));
}

static void writes_bytes_for_people(UNUSED_STATE)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.00 KiB" },
		{ 210899763, "201.13 MiB" },
		{ 1048575, "1.00 MiB" },
		{ UINT64_MAX, "16.00 EiB" },
	};
	char buf[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(str_bytes(rows[i].bytes, buf, sizeof(buf)), rows[i].text);
}

static void knows_utf8(UNUSED_STATE)
{
	static const char *const good[] = { "",
		                            "abc",
		                            "\xc3\xa4",
		                            "\xe2\x82\xac",
		                            "\xf0\x9f\x90\x98",
		                            "\xed\x9f\xbf",
		                            "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80",
		                           "\xc3",
		                           "\xc0\x80",
		                           "\xe0\x80\x80",
		                           "\xed\xa0\x80",
		                           "\xf4\x90\x80\x80",
		                           "\xf5\x80\x80\x80",
		                           "a\xff",
		                           "\xe2\x82" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(str_is_utf8(good[i], strlen(good[i])));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(str_is_utf8(bad[i], strlen(bad[i])));
}

static void splits_fields_and_keeps_empty_ones(UNUSED_STATE)
{
	const char *cursor = "a;;longer,z;";
	static const char *const want[] = { "a", "", "lon", "z", "" };
	char buf[4];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		assert_true(str_field(&cursor, ";,", buf, sizeof(buf)));
		assert_string_equal(buf, want[i]);
	}
	assert_false(str_field(&cursor, ";,", buf, sizeof(buf)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_with_null),
		cmocka_unit_test(reads_whole_numbers_only),
		cmocka_unit_test(reads_booleans),
		cmocka_unit_test(writes_bytes_for_people),
		cmocka_unit_test(knows_utf8),
		cmocka_unit_test(splits_fields_and_keeps_empty_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
