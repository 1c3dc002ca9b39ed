#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/macros.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "crypt/rsa.h"
#include "keys.h"

static void knows_a_signature_by_each_form_of_the_key(void **state)
{
	static const char *const keys[] = { key_pkcs1, key_spki, key_openssh };
	CLEANUP(strbuf_release) struct strbuf sig = STRBUF_INIT;
	struct err e = { 0 };

	assert_int_equal(base64_decode(challenge_sig, &sig, NULL), ERR_OK);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_int_equal(crypt_rsa_check_public(keys[i], &e), ERR_OK);
		assert_int_equal(crypt_rsa_verify(keys[i], CHALLENGE, strlen(CHALLENGE), sig.data,
		                                  sig.len, &e),
		                 ERR_OK);
	}
}

static void refuses_other_texts_and_damaged_signatures(void **state)
{
	CLEANUP(strbuf_release) struct strbuf sig = STRBUF_INIT;
	struct err e = { 0 };

	assert_int_equal(base64_decode(challenge_sig, &sig, NULL), ERR_OK);
	assert_int_equal(crypt_rsa_verify(key_pkcs1, "other", 5, sig.data, sig.len, &e),
	                 ERR_DENIED);
	assert_int_equal(crypt_rsa_verify(key_pkcs1, "", 0, sig.data, sig.len, &e), ERR_DENIED);
	assert_int_equal(crypt_rsa_verify(key_pkcs1, CHALLENGE, strlen(CHALLENGE), sig.data,
	                                  sig.len - 1, &e),
	                 ERR_DENIED);
	assert_int_equal(crypt_rsa_verify(key_pkcs1, CHALLENGE, strlen(CHALLENGE), "", 0, &e),
	                 ERR_DENIED);
	sig.data[7] ^= 1;
	assert_int_equal(
	        crypt_rsa_verify(key_pkcs1, CHALLENGE, strlen(CHALLENGE), sig.data, sig.len, &e),
	        ERR_DENIED);
}

static void refuses_texts_that_are_no_good_keys(void **state)
{
	static const char *const bad[] = {
		NULL,
		"",
		"hello",
		"ssh-rsa",
		"ssh-rsa ",
		"ssh-rsa AAAA",
		"ssh-rsa !!!!",
		"ssh-rsa AAAAB3NzaC1yc2H/////",
		"-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n",
		key_ed25519,
		key_1024,
		key_ec,
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = { 0 };

		assert_int_equal(crypt_rsa_check_public(bad[i], &e), ERR_PARSE);
		assert_true(e.text[0] != '\0');
	}
}

static void generated_keys_sign_and_verify(void **state)
{
	CLEANUP(strbuf_release_secret) struct strbuf private_pem = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf public_pem = STRBUF_INIT, sig = STRBUF_INIT;
	struct err e = { 0 };

	assert_int_equal(crypt_rsa_generate(&private_pem, &public_pem, NULL), ERR_OK);
	assert_true(str_starts(strbuf_cstr(&private_pem), "-----BEGIN RSA PRIVATE KEY-----\n"));
	assert_true(str_starts(strbuf_cstr(&public_pem), "-----BEGIN RSA PUBLIC KEY-----\n"));
	assert_int_equal(crypt_rsa_sign(strbuf_cstr(&private_pem), "text", 4, &sig, NULL), ERR_OK);
	assert_int_equal(sig.len, 256);
	assert_int_equal(
	        crypt_rsa_verify(strbuf_cstr(&public_pem), "text", 4, sig.data, sig.len, NULL),
	        ERR_OK);
	assert_int_equal(crypt_rsa_verify(key_pkcs1, "text", 4, sig.data, sig.len, NULL),
	                 ERR_DENIED);
	assert_int_equal(crypt_rsa_sign(strbuf_cstr(&public_pem), "text", 4, &sig, &e), ERR_PARSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_a_signature_by_each_form_of_the_key),
		cmocka_unit_test(refuses_other_texts_and_damaged_signatures),
		cmocka_unit_test(refuses_texts_that_are_no_good_keys),
		cmocka_unit_test(generated_keys_sign_and_verify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
