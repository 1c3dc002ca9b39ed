#include "cli/hosts.h"

#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "base/mem.h"

static void assert_json(const struct json *got, const char *want)
{
	CLEANUP(free_str) char *text = json_dumps(got);

	assert_string_equal(text, want);
}

static void reads_lists_of_nodes(UNUSED_STATE)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{ "a", "[{\"hostname\":\"a\"}]" },
		{ "a:1;b:65535,",
		  "[{\"hostname\":\"a\",\"port\":1},{\"hostname\":\"b\",\"port\":65535}]" },
		{ " 10.0.0.1 ; ; db-2.example.com ",
		  "[{\"hostname\":\"10.0.0.1\"},{\"hostname\":\"db-2.example.com\"}]" },
		{ "a:5432?master", "[{\"hostname\":\"a\",\"master\":true,\"port\":5432}]" },
		{ "a?synchronous=false&hostname_internal=1.2.3.4&weight=-7",
		  "[{\"hostname\":\"a\",\"hostname_internal\":\"1.2.3.4\",\"synchronous\":false,"
		  "\"weight\":-7}]" },
		{ "[fd00::1]:5433?slave",
		  "[{\"hostname\":\"fd00::1\",\"port\":5433,\"slave\":true}]" },
		{ "[::1],fd00::2", "[{\"hostname\":\"::1\"},{\"hostname\":\"fd00::2\"}]" },
		{ "fe80::1%eth0", "[{\"hostname\":\"fe80::1%eth0\"}]" },
		{ "postgresql://a:1",
		  "[{\"hostname\":\"a\",\"port\":1,\"protocol\":\"postgresql\"}]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(json_free) struct json *nodes = NULL;
		struct err e = { 0 };

		assert_int_equal(hosts_parse(rows[i].text, &nodes, &e), ERR_OK);
		assert_json(nodes, rows[i].json);
	}
}

static void refuses_what_is_no_node(UNUSED_STATE)
{
	static const char *const rows[] = {
		"",
		";",
		"a:0",
		"a:65536",
		"a:",
		"a:1x",
		"a b",
		"a'b",
		"a\"b",
		"a\nb",
		"../a",
		"-a",
		".a",
		"a..b",
		"[a]:1",
		"[::1",
		"[::1]x",
		"[::1]:0",
		"::1:5432:x",
		"a/b",
		"a?",
		"a?M",
		"a?=1",
		"a?x&x",
		"mysql://a",
		"://a",
		"a?hostname=b",
		"a:1?port=2",
		"a\\",
		"$(id)",
		"fe80::1%",
		"fe80::1%$(id)",
		"fe80::1%0123456789abcdef",
		"a`id`",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(json_free) struct json *nodes = NULL;
		struct err e = { 0 };

		if (hosts_parse(rows[i], &nodes, &e) == ERR_OK)
			fail_msg("taken: \"%s\"", rows[i]);
		assert_null(nodes);
		assert_true(e.text[0] != '\0');
	}
}

static void refuses_too_much(UNUSED_STATE)
{
	CLEANUP(json_free) struct json *nodes = NULL;
	CLEANUP(strbuf_release) struct strbuf many = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf wide = STRBUF_INIT;

	for (int i = 0; i <= HOSTS_MAX; i++)
		strbuf_adds(&many, "a;");
	for (int i = 0; i < 5000; i++)
		strbuf_adds(&wide, "abcdefgh");
	assert_int_equal(hosts_parse(strbuf_cstr(&many), &nodes, NULL), ERR_LIMIT);
	assert_int_not_equal(hosts_parse(strbuf_cstr(&wide), &nodes, NULL), ERR_OK);
	assert_int_not_equal(host_parse(strbuf_cstr(&wide), &nodes, NULL), ERR_OK);
	assert_null(nodes);
}

static void reads_one_host_without_properties(UNUSED_STATE)
{
	CLEANUP(json_free) struct json *host = NULL;
	struct json *none = NULL;

	assert_int_equal(host_parse(" [::1]:5432 ", &host, NULL), ERR_OK);
	assert_json(host, "{\"hostname\":\"::1\",\"port\":5432}");
	assert_int_not_equal(host_parse("a?master", &none, NULL), ERR_OK);
	assert_int_not_equal(host_parse("", &none, NULL), ERR_OK);
	assert_int_not_equal(host_parse("a;b", &none, NULL), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lists_of_nodes),
		cmocka_unit_test(refuses_what_is_no_node),
		cmocka_unit_test(refuses_too_much),
		cmocka_unit_test(reads_one_host_without_properties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
