#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "base/mem.h"

static struct json *parsed(const char *text)
{
	struct json *j = NULL;
	struct err e = { 0 };

	if (json_parse(text, strlen(text), &j, &e) != ERR_OK)
		fail_msg("%s: %s", text, e.text);
	return j;
}

static void check_text(const char *in, const char *want)
{
	CLEANUP(json_free) struct json *j = parsed(in);
	CLEANUP(free_str) char *out = json_dumps(j);

	assert_string_equal(out, want);
}

static void writes_what_it_reads(UNUSED_STATE)
{
	static const char *const rows[][2] = {
		{ "{ \"b\" : 1 , \"a\" : [ ] }", "{\"a\":[],\"b\":1}" },
		{ "[1,-2,9223372036854775807]", "[1,-2,9223372036854775807]" },
		{ "[0.1,1e300,2.0,1.5]", "[0.1,1e+300,2.0,1.5]" },
		{ "[true,false,null,{}]", "[true,false,null,{}]" },
		{ "\"\\u00e4\\u20ac\\ud83d\\udc18\"", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x98\"" },
		{ "\"a\\\"b\\\\c\\/d\"", "\"a\\\"b\\\\c/d\"" },
		{ "42", "42" },
		{ "{\"z\":{\"y\":[{\"x\":[[]]}]}}", "{\"z\":{\"y\":[{\"x\":[[]]}]}}" },
		{ "{\"a\\\"\\n\":1}", "{\"a\\\"\\n\":1}" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		check_text(rows[i][0], rows[i][1]);
}

static void accepts_raw_control_characters_in_strings(UNUSED_STATE)
{
	CLEANUP(json_free) struct json *j = parsed("{\"a\":\"x\ny\tz\x01\"}");

	assert_string_equal(json_get_str(j, "a"), "x\ny\tz\x01");
	check_text("\"a\nb\"", "\"a\\nb\"");
}

static void never_writes_escaped_code_points(UNUSED_STATE)
{
	check_text("\"\\u0001\\b\\f\\u001f\\u007f|\\n\\r\\t\"", "\"     |\\n\\r\\t\"");
}

static void refuses_malformed_text(UNUSED_STATE)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ "", 0 },
		{ "{", 1 },
		{ "[1,]", 4 },
		{ "{\"a\":1}x", 8 },
		{ "{\"a\":1,\"a\":2}", 13 },
		{ "{\"a\":1,\"\\u0061\":2}", 18 },
		{ "\"a\0b\"", 5 },
		{ "\"\\u0000\"", 8 },
		{ "[1]\0", 4 },
		{ "\"\xff\"", 3 },
		{ "\"\\\n\"", 4 },
		{ "[99999999999999999999999]", 25 },
		{ "[NaN]", 5 },
		{ "'a'", 3 },
		{ "\"open", 5 },
		{ "{\"a\x01\":1}", 8 },
		{ "{\"a\\u001F\":1}", 13 },
		{ "{\"a\\b\" : 1}", 11 },
		{ "{\"a\x7f\":1}", 8 },
	};
	struct json *j = NULL;
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(json_parse(rows[i].text, rows[i].len, &j, &e), ERR_PARSE);
		assert_null(j);
	}
	assert_int_equal(json_parse(NULL, 0, &j, &e), ERR_PARSE);
}

static void bounds_the_depth(UNUSED_STATE)
{
	char deep[200002];
	struct json *j = NULL;
	struct err e = { 0 };

	memset(deep, '[', 64);
	memset(deep + 64, ']', 64);
	assert_int_equal(json_parse(deep, 128, &j, &e), ERR_OK);
	json_free(&j);
	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	assert_int_equal(json_parse(deep, 130, &j, &e), ERR_LIMIT);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(json_parse(deep, sizeof(deep), &j, &e), ERR_LIMIT);
	memset(deep, '{', sizeof(deep));
	assert_int_equal(json_parse(deep, sizeof(deep), &j, &e), ERR_LIMIT);
	assert_null(j);
}

static void does_not_tell_the_text_in_its_errors(UNUSED_STATE)
{
	const char *text = "{\"password\":\"hunter2\" x}";
	struct json *j = NULL;
	struct err e = { 0 };

	assert_int_equal(json_parse(text, strlen(text), &j, &e), ERR_PARSE);
	assert_null(strstr(e.text, "hunter2"));
}

static void reads_members_as_the_wire_has_them(UNUSED_STATE)
{
	CLEANUP(json_free)
	struct json *j = parsed("{\"i\":7,\"s\":\"8\",\"r\":2.5,\"rs\":\"2.5\",\"t\":true,\"ts\":"
	                        "\"False\",\"one\":1,"
	                        "\"n\":null,\"w\":\"x\",\"big\":1e300}");

	assert_int_equal(json_get_int(j, "i", -1), 7);
	assert_int_equal(json_get_int(j, "s", -1), 8);
	assert_int_equal(json_get_int(j, "r", -1), 2);
	assert_int_equal(json_get_int(j, "w", -1), -1);
	assert_int_equal(json_get_int(j, "big", -1), -1);
	assert_int_equal(json_get_int(j, "none", -1), -1);
	assert_true(json_get_real(j, "rs", 0) == 2.5);
	assert_true(json_get_real(j, "i", 0) == 7.0);
	assert_true(json_get_real(j, "w", 9) == 9.0);
	assert_true(json_get_bool(j, "t", false));
	assert_false(json_get_bool(j, "ts", true));
	assert_true(json_get_bool(j, "one", false));
	assert_true(json_get_bool(j, "w", true));
	assert_null(json_get_str(j, "i"));
	assert_true(json_is_null(json_get(j, "n")) && json_is_null(NULL));
	assert_null(json_get(NULL, "x"));
	assert_int_equal(json_get_int(NULL, "x", 3), 3);
}

static void builds_documents(UNUSED_STATE)
{
	CLEANUP(json_free) struct json *j = json_object_new(), *other = json_object_new();
	CLEANUP(free_str) char *out = NULL;
	struct json *list = json_array_new();

	json_set_str(j, "bad", "a\xff\xc3");
	json_set_str(j, "none", NULL);
	json_set(j, "nothing", NULL);
	json_setf(j, "f", "%d-%s", 1, "x");
	json_set_real(j, "inf", 1e308 * 10);
	json_append_str(list, "one");
	json_append(list, json_int_new(2));
	json_set_at(list, 0, json_bool_new(true));
	json_set(j, "list", list);
	json_set_int(other, "f", 5);
	json_update(j, other);
	json_del(j, "inf");
	out = json_dumps(j);
	assert_string_equal(out, "{\"bad\":\"a??\",\"f\":5,\"list\":[true,2]}");
}

static void prints_pretty_with_four_blanks(UNUSED_STATE)
{
	CLEANUP(json_free) struct json *j = parsed("{\"b\":{\"c\":[1,{}],\"d\":[]},\"a\":\"x\"}");
	struct strbuf out = STRBUF_INIT;

	json_dump_pretty(j, &out);
	assert_string_equal(strbuf_cstr(&out),
	                    "{\n    \"a\": \"x\",\n    \"b\": {\n        \"c\": [\n"
	                    "            1,\n            {}\n        ],\n"
	                    "        \"d\": []\n    }\n}");
	strbuf_release(&out);
}

static void copies_deeply_and_shares_references(UNUSED_STATE)
{
	CLEANUP(json_free) struct json *j = parsed("{\"a\":{\"b\":1}}");
	CLEANUP(json_free) struct json *copy = json_copy(j), *ref = json_ref(j);

	assert_true(json_equal(j, copy) && json_equal(NULL, NULL) && !json_equal(j, NULL));
	json_set_int(json_get(copy, "a"), "b", 2);
	assert_int_equal(json_get_int(json_get(j, "a"), "b", 0), 1);
	assert_false(json_equal(j, copy));
	assert_ptr_equal(ref, j);
}

static void walks_members_and_elements(UNUSED_STATE)
{
	CLEANUP(json_free) struct json *j = parsed("{\"a\":1,\"b\":2,\"c\":[4,5]}");
	struct json *value;
	const char *key;
	void *iter = NULL;
	int count = 0;

	while (json_next(j, &iter, &key, &value))
		count++;
	assert_int_equal(count, 3);
	assert_int_equal(json_len(j), 3);
	assert_int_equal(json_len(json_get(j, "c")), 2);
	assert_int_equal(json_int(json_at(json_get(j, "c"), 1), 0), 5);
	assert_null(json_at(json_get(j, "c"), 2));
	assert_int_equal(json_len(NULL), 0);
	iter = NULL;
	assert_false(json_next(NULL, &iter, &key, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(accepts_raw_control_characters_in_strings),
		cmocka_unit_test(never_writes_escaped_code_points),
		cmocka_unit_test(refuses_malformed_text),
		cmocka_unit_test(bounds_the_depth),
		cmocka_unit_test(does_not_tell_the_text_in_its_errors),
		cmocka_unit_test(reads_members_as_the_wire_has_them),
		cmocka_unit_test(builds_documents),
		cmocka_unit_test(prints_pretty_with_four_blanks),
		cmocka_unit_test(copies_deeply_and_shares_references),
		cmocka_unit_test(walks_members_and_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
