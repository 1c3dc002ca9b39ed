#include "base/base64.h"

#include <string.h>

#include "../test.h"
#include "base/random.h"

static void knows_the_vectors_of_the_rfc(UNUSED_STATE)
{
	/* RFC 4648, section 10. */
	static const char *const rows[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct strbuf text = STRBUF_INIT, back = STRBUF_INIT;

		base64_encode(rows[i][0], strlen(rows[i][0]), &text);
		assert_string_equal(strbuf_cstr(&text), rows[i][1]);
		assert_int_equal(base64_decode(rows[i][1], &back, &e), ERR_OK);
		assert_string_equal(strbuf_cstr(&back), rows[i][0]);
		strbuf_release(&text);
		strbuf_release(&back);
	}
}

static void refuses_malformed_text(UNUSED_STATE)
{
	static const char *const rows[] = { "Z",    "Zg=",  "Zg",     "Zg==Zg==", "Zh==", "Zm9=",
		                            "Z===", "====", "Zm\n9v", "Zm-_",     "=m9v" };
	struct strbuf out = STRBUF_INIT;
	struct err e = { 0 };
	size_t i;

	strbuf_adds(&out, "kept");
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(base64_decode(rows[i], &out, &e), ERR_PARSE);
	assert_string_equal(strbuf_cstr(&out), "kept");
	strbuf_release(&out);
}

static void random_texts_have_their_form(UNUSED_STATE)
{
	char uuid[37], other[37], password[33], hex[17];

	random_uuid(uuid);
	random_uuid(other);
	assert_string_not_equal(uuid, other);
	assert_int_equal(strlen(uuid), 36);
	assert_int_equal(uuid[14], '4');
	assert_non_null(strchr("89ab", uuid[19]));
	assert_int_equal(strspn(uuid, "0123456789abcdef-"), 36);
	random_password(password);
	assert_int_equal(strlen(password), 32);
	random_hex(hex, 8);
	assert_int_equal(strspn(hex, "0123456789abcdef"), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_vectors_of_the_rfc),
		cmocka_unit_test(refuses_malformed_text),
		cmocka_unit_test(random_texts_have_their_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
