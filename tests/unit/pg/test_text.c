#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "pg/passfile.h"
#include "pg/sqltext.h"

typedef void (*quote_fn)(struct strbuf *, const char *);

static void check(quote_fn quote, const char *in, const char *want)
{
	struct strbuf out = STRBUF_INIT;

	quote(&out, in);
	assert_string_equal(strbuf_cstr(&out), want);
	strbuf_release(&out);
}

static void quotes_names_and_literals(void **state)
{
	check(sql_ident, "plain", "\"plain\"");
	check(sql_ident, "a\"b", "\"a\"\"b\"");
	check(sql_ident, "a'b\\", "\"a'b\\\"");
	check(sql_literal, "", "''");
	check(sql_literal, "it's", "'it''s'");
	check(sql_literal, "a\\b'", " E'a\\\\b'''");
}

static void refuses_names_that_the_server_would_cut_or_misread(void **state)
{
	char longest[65];
	struct err e = { 0 };

	memset(longest, 'x', 64);
	longest[64] = '\0';
	assert_int_equal(sql_name_check("slot name", longest, &e), ERR_INVALID);
	longest[63] = '\0';
	assert_int_equal(sql_name_check("slot name", longest, &e), ERR_OK);
	assert_int_equal(sql_name_check("slot name", "", &e), ERR_INVALID);
	assert_int_equal(sql_name_check("slot name", NULL, &e), ERR_INVALID);
	assert_int_equal(sql_name_check("slot name", "a\nb", &e), ERR_INVALID);
	assert_int_equal(sql_name_check("slot name", "a\xff", &e), ERR_INVALID);
	assert_int_equal(sql_name_check("slot name", "gr\xc3\xbc\xc3\x9f", &e), ERR_OK);
}

static void password_files_escape_colon_and_backslash(void **state)
{
	struct strbuf out = STRBUF_INIT;
	struct err e = { 0 };

	assert_int_equal(passfile_line(&out, "fd00::1", "5432", NULL, "r", "a:b\\c d", &e), ERR_OK);
	assert_string_equal(strbuf_cstr(&out), "fd00\\:\\:1:5432:*:r:a\\:b\\\\c d\n");
	strbuf_reset(&out);
	assert_int_equal(passfile_line(&out, "h", "1", NULL, "r", "top\nsecret", &e), ERR_INVALID);
	assert_string_equal(strbuf_cstr(&out), "");
	assert_null(strstr(e.text, "secret"));
	strbuf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_names_and_literals),
		cmocka_unit_test(refuses_names_that_the_server_would_cut_or_misread),
		cmocka_unit_test(password_files_escape_colon_and_backslash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
