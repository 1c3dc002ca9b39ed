#include "cli/url.h"

#include "../test.h"
#include "base/macros.h"
#include "base/strbuf.h"

static void reads_addresses_of_controllers(UNUSED_STATE)
{
	static const struct {
		const char *text, *base, *place;
		bool is_local;
	} rows[] = {
		{ URL_DEFAULT, "https://localhost:9501", "localhost:9501", true },
		{ "localhost", "https://localhost:9501", "localhost:9501", true },
		{ "https://cc.example.com:443/", "https://cc.example.com:443", "cc.example.com:443",
		  false },
		{ "http://127.0.0.1:9500", "http://127.0.0.1:9500", "127.0.0.1:9500", true },
		{ "https://[fd00::1]", "https://[fd00::1]:9501", "[fd00::1]:9501", false },
		{ "[::1]:1/a/b//", "https://[::1]:1/a/b", "[::1]:1", true },
		{ "127.example.com", "https://127.example.com:9501", "127.example.com:9501",
		  false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = { 0 };
		struct url url;
		char buf[600];

		assert_int_equal(url_parse(rows[i].text, &url, &e), ERR_OK);
		assert_string_equal(url_base(&url, buf, sizeof(buf)), rows[i].base);
		assert_string_equal(url_place(&url, buf, sizeof(buf)), rows[i].place);
		assert_int_equal(url_is_local(&url), rows[i].is_local);
	}
}

static void refuses_what_is_no_address(UNUSED_STATE)
{
	static const char *const rows[] = {
		"",
		"https://",
		"ftp://a",
		"https://a:0",
		"https://a:65536",
		"https://a:x",
		"fd00::1",
		"https://[::1",
		"https://user@a",
		"https://a b",
		"https://a/?x",
		"https://a/#",
		"https://a/../b",
		"https://-a",
		"https://a\nb",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct url url = { .port = -1 };
		struct err e = { 0 };

		if (url_parse(rows[i], &url, &e) == ERR_OK)
			fail_msg("taken: \"%s\"", rows[i]);
		assert_int_equal(url.port, -1);
	}
}

static void refuses_long_addresses(UNUSED_STATE)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct url url;

	for (int i = 0; i < 300; i++)
		strbuf_adds(&text, "a");
	assert_int_equal(url_parse(strbuf_cstr(&text), &url, NULL), ERR_LIMIT);
	text.data[1] = '/';
	assert_int_equal(url_parse(strbuf_cstr(&text), &url, NULL), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_addresses_of_controllers),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(refuses_long_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
