#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/strbuf.h"
#include "pg/history.h"

static struct history parse(struct arena *a, const char *text, uint32_t tli)
{
	struct history h = { 0 };
	struct err e = { 0 };

	if (history_parse(text, strlen(text), tli, a, &h, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return h;
}

static void reads_lines_reasons_and_comments(void **state)
{
	struct arena *a = arena_new();
	struct history h = parse(a,
	                         "1\t0/30000A0\tno recovery target specified\n"
	                         "# comment\n\n"
	                         "3\t1/20\tbefore 2026-01-01 00:00:00+00\r\n",
	                         4);

	assert_int_equal(h.count, 3);
	assert_int_equal(h.entries[0].tli, 1);
	assert_int_equal(h.entries[0].end, 0x30000A0);
	assert_string_equal(h.entries[0].reason, "no recovery target specified");
	assert_int_equal(h.entries[1].tli, 3);
	assert_string_equal(h.entries[1].reason, "before 2026-01-01 00:00:00+00");
	assert_int_equal(h.entries[2].tli, 4);
	assert_int_equal(h.entries[2].end, LSN_INVALID);
	arena_free(&a);
}

static void has_no_limit_of_1024_lines(void **state)
{
	struct strbuf text = STRBUF_INIT;
	struct arena *a = arena_new();
	struct history h;

	for (int i = 1; i <= 5000; i++)
		strbuf_addf(&text, "%d\t0/%X\treason\n", i, i * 256);
	h = parse(a, strbuf_cstr(&text), 5001);
	assert_int_equal(h.count, 5001);
	assert_true(history_contains(&h, 4999, 4999 * 256));
	assert_false(history_contains(&h, 4999, 4999 * 256 + 1));
	strbuf_release(&text);
	arena_free(&a);
}

static void ancestry_is_a_walk_not_a_number(void **state)
{
	struct arena *a = arena_new();
	struct history h = parse(a, "1\t0/100\tx\n2\t0/200\ty\n", 5);

	assert_true(history_contains(&h, 1, 0x100));
	assert_false(history_contains(&h, 1, 0x101));
	assert_true(history_contains(&h, 2, 0x150));
	assert_true(history_contains(&h, 5, 0x900));
	/* lower than 5, but not in its history */
	assert_false(history_contains(&h, 3, 0x150));
	assert_false(history_contains(&h, 6, 0x150));
	arena_free(&a);
}

static void finds_where_two_servers_part(void **state)
{
	static const struct {
		const char *a, *b;
		uint32_t tli_a, tli_b, tli;
		pg_lsn lsn;
	} rows[] = {
		{ "1\t0/100\tx\n", "", 2, 1, 1, 0x100 },
		{ "1\t0/100\tx\n", "1\t0/200\tx\n", 2, 2, 1, 0x100 },
		{ "1\t0/100\tx\n", "1\t0/100\tx\n2\t0/300\tx\n", 2, 3, 2, 0x300 },
		{ "1\t0/100\tx\n", "1\t0/100\tx\n", 2, 2, 2, UINT64_MAX },
		{ "1\t0/100\tx\n2\t0/180\tx\n", "1\t0/100\tx\n", 4, 3, 1, 0x100 },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct history ha = parse(a, rows[i].a, rows[i].tli_a);
		struct history hb = parse(a, rows[i].b, rows[i].tli_b);
		uint32_t tli = 0;
		pg_lsn lsn = 0;

		assert_true(history_fork(&ha, &hb, &tli, &lsn));
		assert_int_equal(tli, rows[i].tli);
		assert_true(lsn == rows[i].lsn);
		assert_true(history_fork(&hb, &ha, &tli, &lsn));
		assert_true(lsn == rows[i].lsn);
	}
	arena_free(&a);
}

static void refuses_malformed_histories(void **state)
{
	static const struct {
		const char *text;
		uint32_t tli;
	} rows[] = {
		{ "x\t0/1\ty\n", 2 },
		{ "1\n", 2 },
		{ "1\tzz\ty\n", 2 },
		{ "2\t0/100\tx\n1\t0/200\tx\n", 3 },
		{ "1\t0/200\tx\n2\t0/100\tx\n", 3 },
		{ "3\t0/100\tx\n", 3 },
		{ "0\t0/100\tx\n", 3 },
		{ "1\t0/0\tx\n", 3 },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct history h = { 0 };
		struct err e = { 0 };

		assert_int_equal(
		        history_parse(rows[i].text, strlen(rows[i].text), rows[i].tli, a, &h, &e),
		        ERR_PARSE);
		assert_null(h.entries);
	}
	arena_free(&a);
}

static void names_the_file(void **state)
{
	char buf[32];

	assert_string_equal(history_file_name(10, buf), "0000000A.history");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lines_reasons_and_comments),
		cmocka_unit_test(has_no_limit_of_1024_lines),
		cmocka_unit_test(ancestry_is_a_walk_not_a_number),
		cmocka_unit_test(finds_where_two_servers_part),
		cmocka_unit_test(refuses_malformed_histories),
		cmocka_unit_test(names_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
