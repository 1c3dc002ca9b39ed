#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/str.h"
#include "pg/conninfo.h"

static const char *word(const struct conninfo_words *w, const char *name)
{
	for (size_t i = 0; w->keywords[i] != NULL; i++) {
		if (str_eq(w->keywords[i], name))
			return w->values[i];
	}
	return NULL;
}

static void makes_keyword_arrays(void **state)
{
	struct conninfo c = {
		.host = "h", .port = 5433, .password = "p w", .keepalives_idle_s = 3
	};
	struct conninfo_words w;

	conninfo_words(&c, &w);
	assert_string_equal(word(&w, "host"), "h");
	assert_string_equal(word(&w, "port"), "5433");
	assert_string_equal(word(&w, "keepalives_idle"), "3");
	assert_string_equal(word(&w, "password"), "p w");
	assert_null(word(&w, "user"));
	assert_null(word(&w, "connect_timeout"));
}

static void text_is_quoted_and_has_no_password(void **state)
{
	struct conninfo c = { .host = "fd00::1",
		              .port = 5432,
		              .user = "it's \\me",
		              .password = "hidden",
		              .application_name = "" };
	struct strbuf out = STRBUF_INIT;
	struct err e = { 0 };

	assert_int_equal(conninfo_text(&c, &out, &e), ERR_OK);
	assert_string_equal(strbuf_cstr(&out), "host='fd00::1' port='5432' user='it\\'s \\\\me' "
	                                       "application_name=''");
	strbuf_reset(&out);
	c.user = "a\nb";
	assert_int_equal(conninfo_text(&c, &out, &e), ERR_INVALID);
	assert_string_equal(strbuf_cstr(&out), "");
	strbuf_release(&out);
}

static void reads_back_what_it_wrote(void **state)
{
	static const char *const values[] = {
		"x", "a b", "'", "\\", "\\'", "", "k=v", "'a' b='c'"
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct conninfo in = { .host = "h", .user = values[i], .port = 7 }, out = { 0 };
		struct strbuf text = STRBUF_INIT;
		struct err e = { 0 };

		assert_int_equal(conninfo_text(&in, &text, &e), ERR_OK);
		assert_int_equal(conninfo_parse(strbuf_cstr(&text), a, &out, &e), ERR_OK);
		assert_string_equal(out.host, "h");
		assert_string_equal(out.user, values[i]);
		assert_int_equal(out.port, 7);
		strbuf_release(&text);
	}
	arena_free(&a);
}

static void reads_what_people_write(void **state)
{
	struct arena *a = arena_new();
	struct conninfo c = { 0 };
	struct err e = { 0 };

	assert_int_equal(conninfo_parse("  user=rep  password = s\\ x host=10.0.0.1\tport=5433 "
	                                "krbsrvname=postgres sslmode='verify-ca'",
	                                a, &c, &e),
	                 ERR_OK);
	assert_string_equal(c.user, "rep");
	assert_string_equal(c.password, "s x");
	assert_string_equal(c.host, "10.0.0.1");
	assert_int_equal(c.port, 5433);
	assert_string_equal(c.sslmode, "verify-ca");
	assert_int_equal(conninfo_parse("", a, &c, &e), ERR_OK);
	arena_free(&a);
}

static void refuses_broken_texts(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
	} rows[] = {
		{ "user", ERR_PARSE },       { "user='x", ERR_PARSE },
		{ "=x", ERR_PARSE },         { "port=x", ERR_INVALID },
		{ "a b=c", ERR_PARSE },      { "postgresql://h/db", ERR_UNSUPPORTED },
		{ "user='x\\'", ERR_PARSE },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct conninfo c = { .host = "untouched" };
		struct err e = { 0 };

		assert_int_equal(conninfo_parse(rows[i].text, a, &c, &e), rows[i].code);
		assert_string_equal(c.host, "untouched");
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_keyword_arrays),
		cmocka_unit_test(text_is_quoted_and_has_no_password),
		cmocka_unit_test(reads_back_what_it_wrote),
		cmocka_unit_test(reads_what_people_write),
		cmocka_unit_test(refuses_broken_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
