#include "http/tls.h"

#include <string.h>

#include "../test.h"
#include "base/strbuf.h"
#include "crypt/cert.h"

static const char *const names[] = { "controller.example" };

struct pairs {
	struct crypt_cert a, b;
};

static int make(void **state)
{
	static struct pairs p;

	*state = &p;
	return crypt_cert_self_signed(names, 1, &p.a, NULL) != ERR_OK ||
	       crypt_cert_self_signed(names, 1, &p.b, NULL) != ERR_OK;
}

static int drop(void **state)
{
	struct pairs *p = *state;

	crypt_cert_release(&p->a);
	crypt_cert_release(&p->b);
	return 0;
}

static enum err_code try_pair(const char *cert, const char *key, struct err *e)
{
	const struct http_server_config config = { .cert_pem = cert, .key_pem = key };
	SSL_CTX *ctx = NULL;
	enum err_code code;

	memset(e, 0, sizeof(*e));
	code = tls_context_new(&config, &ctx, e);
	assert_int_equal(ctx != NULL, code == ERR_OK);
	if (ctx)
		assert_int_equal(SSL_CTX_get_min_proto_version(ctx), TLS1_2_VERSION);
	SSL_CTX_free(ctx);
	return code;
}

static void takes_a_certificate_with_its_key(void **state)
{
	const struct pairs *p = *state;
	struct err e;

	assert_int_equal(try_pair(strbuf_cstr(&p->a.cert), strbuf_cstr(&p->a.key), &e), ERR_OK);
}

static void refuses_what_does_not_belong_together(void **state)
{
	const struct pairs *p = *state;
	const char *cert = strbuf_cstr(&p->a.cert), *key = strbuf_cstr(&p->a.key);
	struct err e;

	assert_int_equal(try_pair(cert, strbuf_cstr(&p->b.key), &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "TLS key"));
	assert_int_equal(try_pair("no PEM", key, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "TLS certificate"));
	assert_int_equal(try_pair(cert, "no PEM", &e), ERR_INVALID);
	assert_int_equal(try_pair(cert, "", &e), ERR_INVALID);
	assert_int_equal(try_pair(key, key, &e), ERR_INVALID);
	assert_null(strstr(e.text, "PRIVATE KEY"));
}

static void sends_the_chain_that_leads_to_the_root(void **state)
{
	const struct pairs *p = *state;
	struct strbuf chain = STRBUF_INIT;
	struct err e;

	strbuf_adds(&chain, strbuf_cstr(&p->a.cert));
	strbuf_adds(&chain, strbuf_cstr(&p->b.cert));
	assert_int_equal(try_pair(strbuf_cstr(&chain), strbuf_cstr(&p->a.key), &e), ERR_OK);
	strbuf_release(&chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_certificate_with_its_key),
		cmocka_unit_test(refuses_what_does_not_belong_together),
		cmocka_unit_test(sends_the_chain_that_leads_to_the_root),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
