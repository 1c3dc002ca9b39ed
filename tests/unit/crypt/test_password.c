#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/str.h"
#include "crypt/mem.h"
#include "crypt/password.h"

static void accepts_only_the_password_it_was_made_from(void **state)
{
	static const char *const passwords[] = { "a", "S3cret pw", "quote' back\\slash $HOME \"x\"",
		                                 "\xc3\xbc\xe2\x82\xac", "new\nline" };
	char hash[CRYPT_HASH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(passwords); i++) {
		assert_int_equal(crypt_password_hash(passwords[i], hash, NULL), ERR_OK);
		assert_true(str_starts(hash, "$scrypt$ln=15,r=8,p=1$"));
		assert_true(crypt_password_verify(passwords[i], hash));
		assert_false(crypt_password_verify("other", hash));
	}
}

static void salts_make_two_hashes_differ(void **state)
{
	char a[CRYPT_HASH_SIZE], b[CRYPT_HASH_SIZE];

	assert_int_equal(crypt_password_hash("same", a, NULL), ERR_OK);
	assert_int_equal(crypt_password_hash("same", b, NULL), ERR_OK);
	assert_string_not_equal(a, b);
}

/* Made with Python: hashlib.scrypt(b"password", salt=b"0123456789abcdef", n=1024, r=8, p=2,
 * dklen=32). */
static void agrees_with_another_implementation(void **state)
{
	static const char hash[] = "$scrypt$ln=10,r=8,p=2$MDEyMzQ1Njc4OWFiY2RlZg$"
	                           "bEaCAiyRYDARuNXGlQE7Plyz+/JVlfoIQ0KBQ3KtPwI";

	assert_true(crypt_password_verify("password", hash));
	assert_false(crypt_password_verify("Password", hash));
}

static void refuses_empty_and_endless_passwords(void **state)
{
	char hash[CRYPT_HASH_SIZE], longest[CRYPT_PASSWORD_MAX + 2];
	struct err e = { 0 };

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(crypt_password_hash("", hash, &e), ERR_INVALID);
	assert_int_equal(crypt_password_hash(NULL, hash, &e), ERR_INVALID);
	assert_int_equal(crypt_password_hash(longest, hash, &e), ERR_INVALID);
	assert_null(strstr(e.text, "xxx"));
	longest[CRYPT_PASSWORD_MAX] = '\0';
	assert_int_equal(crypt_password_hash(longest, hash, NULL), ERR_OK);
	assert_true(crypt_password_verify(longest, hash));
}

static void damaged_or_costly_hashes_are_never_right(void **state)
{
	static const char *const bad[] = {
		NULL,
		"",
		"plain",
		"$scrypt$ln=15,r=8,p=1$$",
		"$scrypt$ln=40,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
		"$scrypt$ln=15,r=8,p=999999999$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$hash",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(crypt_password_verify("x", bad[i]));
	assert_false(crypt_password_verify(NULL, NULL));
}

static void compares_texts(void **state)
{
	char hex[CRYPT_SHA256_HEX], secret[] = "secret";

	assert_true(crypt_equal_text("abc", "abc"));
	assert_false(crypt_equal_text("abc", "abd"));
	assert_false(crypt_equal_text("abc", "ab"));
	assert_false(crypt_equal_text(NULL, NULL));
	crypt_wipe(secret, sizeof(secret));
	assert_int_equal(secret[0] | secret[3], 0);
	crypt_sha256_hex("abc", 3, hex); /* FIPS 180-2, B.1 */
	assert_string_equal(hex,
	                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_only_the_password_it_was_made_from),
		cmocka_unit_test(salts_make_two_hashes_differ),
		cmocka_unit_test(agrees_with_another_implementation),
		cmocka_unit_test(refuses_empty_and_endless_passwords),
		cmocka_unit_test(damaged_or_costly_hashes_are_never_right),
		cmocka_unit_test(compares_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
