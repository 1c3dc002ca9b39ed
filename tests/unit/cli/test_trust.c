#include "cli/trust.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../test.h"
#include "base/fs.h"
#include "base/macros.h"

/* "certificates" of this test are only base64 of something. */
#define PEM(body) "-----BEGIN CERTIFICATE-----\n" body "\n-----END CERTIFICATE-----\n"

static char path[] = "/dev/shm/test-trust-XXXXXX";

static int set_up(UNUSED_STATE)
{
	int fd = mkstemp(path);

	close(fd);
	return fd < 0;
}

static int tear_down(UNUSED_STATE)
{
	return unlink(path);
}

static void remembers_one_certificate_a_place(UNUSED_STATE)
{
	CLEANUP(strbuf_release) struct strbuf a = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf b = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf none = STRBUF_INIT;
	struct err e = { 0 };

	assert_int_equal(trust_add(path, "a:1", PEM("aGVsbG8="), &e), ERR_OK);
	assert_int_equal(trust_add(path, "[::1]:2", PEM("d29y\nbGQh"), &e), ERR_OK);
	assert_int_equal(trust_find(path, "a:1", &a, &e), ERR_OK);
	assert_int_equal(trust_find(path, "[::1]:2", &b, &e), ERR_OK);
	assert_int_equal(trust_find(path, "a:12", &none, &e), ERR_OK);
	assert_string_equal(strbuf_cstr(&a), PEM("aGVsbG8="));
	assert_string_equal(strbuf_cstr(&b), PEM("d29ybGQh"));
	assert_int_equal(none.len, 0);
}

static void shows_the_fingerprint_that_others_show(UNUSED_STATE)
{
	char out[TRUST_FINGERPRINT];

	/* printf hello | sha256sum */
	assert_int_equal(trust_fingerprint(PEM("aGVsbG8="), out, NULL), ERR_OK);
	assert_string_equal(
	        out, "SHA256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
}

static void refuses_what_is_no_certificate(UNUSED_STATE)
{
	CLEANUP(strbuf_release) struct strbuf pem = STRBUF_INIT;
	char out[TRUST_FINGERPRINT];

	assert_int_not_equal(trust_fingerprint("hello", out, NULL), ERR_OK);
	assert_int_not_equal(trust_fingerprint(PEM("!!!"), out, NULL), ERR_OK);
	assert_int_not_equal(trust_add(path, "a:1", "", NULL), ERR_OK);
	assert_int_equal(fs_write_atomic(path, "a:1\n", 4, 0600, NULL), ERR_OK);
	assert_int_equal(trust_find(path, "a:1", &pem, NULL), ERR_PARSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers_one_certificate_a_place),
		cmocka_unit_test(shows_the_fingerprint_that_others_show),
		cmocka_unit_test(refuses_what_is_no_certificate),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
