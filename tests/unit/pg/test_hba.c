#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "pg/hba.h"

static struct hba_file parse(struct arena *a, const char *text)
{
	struct hba_file f = { 0 };
	struct err e = { 0 };

	assert_int_equal(hba_parse(text, strlen(text), a, &f, &e), ERR_OK);
	return f;
}

static void check_token(const struct hba_line *l, size_t i, const char *text, bool quoted,
                        size_t field)
{
	assert_true(i < l->token_count);
	assert_string_equal(l->tokens[i].text, text);
	assert_int_equal(l->tokens[i].quoted, quoted);
	assert_int_equal(l->tokens[i].field, field);
}

static void splits_lines_as_the_server_does(void **state)
{
	struct arena *a = arena_new();
	struct hba_file f = parse(a, "# comment\n"
	                             "\n"
	                             "host all,\"my db\" \"all\" 10.0.0.0/8 md5 # why\n"
	                             "local a , b \"x\"\"y\" peer\r\n"
	                             "host all \\\nall ::1/128 trust");

	assert_int_equal(f.count, 5);
	assert_int_equal(f.lines[0].token_count, 0);
	assert_int_equal(f.lines[1].token_count, 0);
	assert_int_equal(f.lines[2].token_count, 6);
	check_token(&f.lines[2], 0, "host", false, 0);
	check_token(&f.lines[2], 1, "all", false, 1);
	check_token(&f.lines[2], 2, "my db", true, 1);
	check_token(&f.lines[2], 3, "all", true, 2);
	check_token(&f.lines[2], 5, "md5", false, 4);
	assert_int_equal(f.lines[3].token_count, 5);
	check_token(&f.lines[3], 1, "a", false, 1);
	check_token(&f.lines[3], 2, "b", false, 1);
	check_token(&f.lines[3], 3, "x\"y", true, 2);
	assert_int_equal(f.lines[4].token_count, 5);
	check_token(&f.lines[4], 2, "all", false, 2);
	check_token(&f.lines[4], 4, "trust", false, 4);
	arena_free(&a);
}

static void keeps_every_byte_of_the_lines(void **state)
{
	static const char text[] = "a\r\n\n  # \xff\n\"open\nb \\\n c\\";
	struct arena *a = arena_new();
	struct hba_file f = parse(a, text);
	size_t at = 0;

	for (size_t i = 0; i < f.count; i++) {
		assert_ptr_equal(f.lines[i].raw, text + at);
		at += f.lines[i].raw_len;
	}
	assert_int_equal(at, strlen(text));
	arena_free(&a);
}

static void writes_rules_with_names_quoted(void **state)
{
	static const struct {
		struct hba_rule rule;
		const char *want;
	} rows[] = {
		{ { "host", "replication", true, "rep", false, "10.0.0.1", "scram-sha-256" },
		  "host replication \"rep\" 10.0.0.1/32 scram-sha-256\n" },
		{ { "hostssl", "replication", false, "a\"b", false, "fd00::1", "md5" },
		  "hostssl \"replication\" \"a\"\"b\" fd00::1/128 md5\n" },
		{ { "host", "all", true, "all", true, "10.0.0.0/8", "reject" },
		  "host all all 10.0.0.0/8 reject\n" },
		{ { "host", "db", false, "u", false, "db-1.example.com", "cert" },
		  "host \"db\" \"u\" db-1.example.com cert\n" },
		{ { "local", "all", true, "+dba", true, NULL, "peer" }, "local all +dba peer\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct strbuf out = STRBUF_INIT;
		struct err e = { 0 };

		assert_int_equal(hba_rule_format(&rows[i].rule, &out, &e), ERR_OK);
		assert_string_equal(strbuf_cstr(&out), rows[i].want);
		strbuf_release(&out);
	}
}

static void refuses_rules_that_mean_something_else(void **state)
{
	static const struct hba_rule rows[] = {
		{ "guest", "all", true, "all", true, "10.0.0.1", "md5" },
		{ "host", "all", true, "all", true, NULL, "md5" },
		{ "local", "all", true, "all", true, "10.0.0.1", "md5" },
		{ "host", "", false, "all", true, "10.0.0.1", "md5" },
		{ "host", "a\nb", false, "all", true, "10.0.0.1", "md5" },
		{ "host", "a b", true, "all", true, "10.0.0.1", "md5" },
		{ "host", "/.*", false, "all", true, "10.0.0.1", "md5" },
		{ "host", "all", true, "all", true, "10.0.0.1/33", "md5" },
		{ "host", "all", true, "all", true, "10.0.0.1 trust #", "md5" },
		{ "host", "all", true, "all", true, "10.0.0.1", "md5\nhost" },
		{ "host", "all", true, "all", true, "10.0.0.1", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct strbuf out = STRBUF_INIT;
		struct err e = { 0 };

		assert_int_equal(hba_rule_format(&rows[i], &out, &e), ERR_INVALID);
		assert_string_equal(strbuf_cstr(&out), "");
		strbuf_release(&out);
	}
}

#define BLOCK(lines) HBA_BLOCK_BEGIN "\n" lines HBA_BLOCK_END "\n"

static void merges_into_the_managed_block_only(void **state)
{
	static const struct {
		const char *before, *add, *del, *after;
	} rows[] = {
		{ "x\r\n y", "a\n", NULL, BLOCK("a\n") "x\r\n y" },
		{ "", "a\nb\na", NULL, BLOCK("a\nb\n") },
		{ "x\n" BLOCK("a\n") "y\n", "b\na\n", NULL, "x\n" BLOCK("a\nb\n") "y\n" },
		{ "x\n" BLOCK("a\nb\n") "a\n", NULL, "a\n", "x\n" BLOCK("b\n") "a\n" },
		{ "x\n" BLOCK("a\n") "y", NULL, "a", "x\ny" },
		{ "x\n" BLOCK("a\n") "y", "b\n", "a\n", "x\n" BLOCK("b\n") "y" },
		{ "x\n", NULL, "a\n", "x\n" },
		{ "x\n", NULL, NULL, "x\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct strbuf out = STRBUF_INIT;
		struct err e = { 0 };

		assert_int_equal(hba_block_merge(rows[i].before, strlen(rows[i].before),
		                                 rows[i].add, rows[i].del, &out, &e),
		                 ERR_OK);
		assert_string_equal(strbuf_cstr(&out), rows[i].after);
		strbuf_release(&out);
	}
}

static void replaces_and_shows_the_block(void **state)
{
	static const char text[] = "x\n" BLOCK("a\n") "y\n";
	struct strbuf out = STRBUF_INIT;
	struct err e = { 0 };

	assert_int_equal(hba_block_get(text, strlen(text), &out, &e), ERR_OK);
	assert_string_equal(strbuf_cstr(&out), "a\n");
	strbuf_reset(&out);
	assert_int_equal(hba_block_set(text, strlen(text), "c\nd", &out, &e), ERR_OK);
	assert_string_equal(strbuf_cstr(&out), "x\n" BLOCK("c\nd\n") "y\n");
	strbuf_reset(&out);
	assert_int_equal(hba_block_set(text, strlen(text), "", &out, &e), ERR_OK);
	assert_string_equal(strbuf_cstr(&out), "x\ny\n");
	strbuf_release(&out);
}

static void refuses_marks_that_do_not_pair(void **state)
{
	static const char *const rows[] = {
		HBA_BLOCK_BEGIN "\na\n",
		HBA_BLOCK_END "\n",
		HBA_BLOCK_END "\n" HBA_BLOCK_BEGIN "\n",
		BLOCK("") BLOCK(""),
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct strbuf out = STRBUF_INIT;
		struct err e = { 0 };

		assert_int_equal(hba_block_set(rows[i], strlen(rows[i]), "a\n", &out, &e),
		                 ERR_PARSE);
		assert_string_equal(strbuf_cstr(&out), "");
		strbuf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_lines_as_the_server_does),
		cmocka_unit_test(keeps_every_byte_of_the_lines),
		cmocka_unit_test(writes_rules_with_names_quoted),
		cmocka_unit_test(refuses_rules_that_mean_something_else),
		cmocka_unit_test(merges_into_the_managed_block_only),
		cmocka_unit_test(replaces_and_shows_the_block),
		cmocka_unit_test(refuses_marks_that_do_not_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
