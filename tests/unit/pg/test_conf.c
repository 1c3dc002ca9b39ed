#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "pg/conf.h"

static struct conf parse(struct arena *a, const char *text)
{
	struct conf c = { 0 };
	struct err e = { 0 };

	if (conf_parse(text, strlen(text), a, &c, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return c;
}

static void reads_every_way_to_write_a_setting(void **state)
{
	struct arena *a = arena_new();
	struct conf c = parse(a, "# comment\n"
	                         "port = 5433\n"
	                         "Work_Mem=4MB # more\n"
	                         "listen_addresses '*'\n"
	                         "\t\n"
	                         "a.b = 'it''s \\'x\\' \\\\ \\101\\n'\r\n"
	                         "port=5434\n"
	                         "include_if_exists 'x.conf'\n"
	                         "empty = ''");

	assert_int_equal(c.count, 7);
	assert_string_equal(conf_get(&c, "port"), "5434");
	assert_string_equal(conf_get(&c, "work_mem"), "4MB");
	assert_string_equal(conf_get(&c, "LISTEN_ADDRESSES"), "*");
	assert_string_equal(conf_get(&c, "a.b"), "it's 'x' \\ A\n");
	assert_string_equal(conf_get(&c, "include_if_exists"), "x.conf");
	assert_string_equal(conf_get(&c, "empty"), "");
	assert_null(conf_get(&c, "nothing"));
	assert_int_equal(c.entries[4].line, 7);
	arena_free(&a);
}

static void names_the_line_of_an_error(void **state)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{ "a = 1\nb\n", "line 2" }, { "a = 'x\n", "line 1" },  { "\n\n= 5", "line 3" },
		{ "a = 'x' y", "line 1" },  { "a = 1 2\n", "line 1" }, { "a = 'x\\", "line 1" },
		{ "5 = 1", "line 1" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct conf c = { 0 };
		struct err e = { 0 };

		assert_int_equal(conf_parse(rows[i].text, strlen(rows[i].text), a, &c, &e),
		                 ERR_PARSE);
		assert_non_null(strstr(e.text, rows[i].line));
	}
	arena_free(&a);
}

static void writes_what_it_reads(void **state)
{
	static const char *const values[] = { "", "x", "it's", "\\", "\\'", "'", "a # b", "5min" };
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct strbuf out = STRBUF_INIT;
		struct err e = { 0 };
		struct conf c;

		conf_add_comment(&out, "made by\nus");
		assert_int_equal(conf_add(&out, "x.y_z", values[i], &e), ERR_OK);
		c = parse(a, strbuf_cstr(&out));
		assert_int_equal(c.count, 1);
		assert_string_equal(conf_get(&c, "x.y_z"), values[i]);
		strbuf_release(&out);
	}
	arena_free(&a);
}

static void refuses_names_and_values_that_break_out(void **state)
{
	static const char *const names[] = { NULL, "", "a b", "a=b", "a\nb", "1a", "../x", "a$b" };
	struct strbuf out = STRBUF_INIT;
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(conf_add(&out, names[i], "1", &e), ERR_INVALID);
	assert_int_equal(conf_add(&out, "a", "x\nb = 1", &e), ERR_INVALID);
	assert_string_equal(strbuf_cstr(&out), "");
	strbuf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_way_to_write_a_setting),
		cmocka_unit_test(names_the_line_of_an_error),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(refuses_names_and_values_that_break_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
