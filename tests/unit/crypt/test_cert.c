#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "crypt/cert.h"

#define DAY_MS (86400 * (int64_t)1000)

static enum err_code check(const struct crypt_cert *c, const struct crypt_cert *ca,
                           const char *name)
{
	struct err e = { 0 };

	return crypt_cert_check(strbuf_cstr(&c->cert), strbuf_cstr(&ca->cert), name, &e);
}

static void self_signed_covers_this_machine_and_the_names(void **state)
{
	static const char *const more[] = { "db-controller.example.com", "10.0.0.2", "fd00::2" };
	static const char *const good[] = { "localhost", "127.0.0.1",
		                            "::1",       "db-controller.example.com",
		                            "10.0.0.2",  "fd00::2" };
	CLEANUP(crypt_cert_release) struct crypt_cert c = { 0 };
	int64_t end = 0, now = clock_wall_ms();

	assert_int_equal(crypt_cert_self_signed(more, ARRAY_SIZE(more), &c, NULL), ERR_OK);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(check(&c, &c, good[i]), ERR_OK);
	assert_int_equal(check(&c, &c, "example.com"), ERR_DENIED);
	assert_int_equal(check(&c, &c, "10.0.0.3"), ERR_DENIED);
	assert_int_equal(crypt_cert_not_after(strbuf_cstr(&c.cert), &end, NULL), ERR_OK);
	assert_true(end > now + (CRYPT_CERT_SERVER_DAYS - 1) * DAY_MS);
	assert_true(end < now + (CRYPT_CERT_SERVER_DAYS + 1) * DAY_MS);
	assert_true(str_starts(strbuf_cstr(&c.key), "-----BEGIN PRIVATE KEY-----"));
}

static void issued_ones_belong_to_their_authority(void **state)
{
	static const char *const names[] = { "10.0.2.1", "node-1", "fd00::1" };
	CLEANUP(crypt_cert_release) struct crypt_cert ca = { 0 }, other = { 0 }, c = { 0 };

	assert_int_equal(crypt_ca_new("pgTandem CA 6f0a3c1e", &ca, NULL), ERR_OK);
	assert_int_equal(crypt_ca_new("pgTandem CA other", &other, NULL), ERR_OK);
	assert_int_equal(crypt_cert_issue(strbuf_cstr(&ca.cert), strbuf_cstr(&ca.key), names,
	                                  ARRAY_SIZE(names), &c, NULL),
	                 ERR_OK);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(check(&c, &ca, names[i]), ERR_OK);
	assert_int_equal(check(&c, &ca, "node-2"), ERR_DENIED);
	assert_int_equal(check(&c, &other, NULL), ERR_DENIED);
}

static void a_server_certificate_cannot_issue(void **state)
{
	static const char *const names[] = { "node-1" };
	CLEANUP(crypt_cert_release) struct crypt_cert ca = { 0 }, c = { 0 }, forged = { 0 };

	assert_int_equal(crypt_ca_new("pgTandem CA", &ca, NULL), ERR_OK);
	assert_int_equal(
	        crypt_cert_issue(strbuf_cstr(&ca.cert), strbuf_cstr(&ca.key), names, 1, &c, NULL),
	        ERR_OK);
	assert_int_equal(crypt_cert_issue(strbuf_cstr(&c.cert), strbuf_cstr(&c.key), names, 1,
	                                  &forged, NULL),
	                 ERR_OK);
	assert_int_equal(check(&forged, &ca, NULL), ERR_DENIED);
	assert_int_equal(check(&forged, &c, NULL), ERR_DENIED);
}

static void refuses_names_that_are_none(void **state)
{
	static const char *const bad[] = { "",        "a b", "a\nb",      "*.example.com",
		                           "x,DNS:y", "-x",  "10.0.0.1/8" };
	CLEANUP(crypt_cert_release) struct crypt_cert c = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = { 0 };

		assert_int_equal(crypt_cert_self_signed(&bad[i], 1, &c, &e), ERR_INVALID);
		assert_int_equal(c.cert.len, 0);
	}
}

static void refuses_an_authority_that_is_none(void **state)
{
	static const char *const names[] = { "node-1" };
	CLEANUP(crypt_cert_release) struct crypt_cert ca = { 0 }, other = { 0 }, c = { 0 };
	int64_t end;

	assert_int_equal(crypt_ca_new("one", &ca, NULL), ERR_OK);
	assert_int_equal(crypt_ca_new("two", &other, NULL), ERR_OK);
	assert_int_equal(crypt_ca_new("", &c, NULL), ERR_INVALID);
	assert_int_equal(crypt_cert_issue(strbuf_cstr(&ca.cert), strbuf_cstr(&other.key), names, 1,
	                                  &c, NULL),
	                 ERR_INVALID);
	assert_int_equal(crypt_cert_issue("", NULL, names, 1, &c, NULL), ERR_PARSE);
	assert_int_equal(
	        crypt_cert_issue(strbuf_cstr(&ca.cert), strbuf_cstr(&ca.key), names, 0, &c, NULL),
	        ERR_INVALID);
	assert_int_equal(crypt_cert_not_after("hello", &end, NULL), ERR_PARSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(self_signed_covers_this_machine_and_the_names),
		cmocka_unit_test(issued_ones_belong_to_their_authority),
		cmocka_unit_test(a_server_certificate_cannot_issue),
		cmocka_unit_test(refuses_names_that_are_none),
		cmocka_unit_test(refuses_an_authority_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
