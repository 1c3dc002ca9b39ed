/* Keys, certificates and sealed values come from outside: none may be taken for good, or crash. */
#include "base/mem.h"
#include "crypt/cert.h"
#include "crypt/rsa.h"
#include "crypt/seal.h"
#include "fuzz.h"

static const unsigned char key_bytes[32] = { 1 };

static void check_key(const char *text)
{
	struct err e = { 0 };
	enum err_code rc = crypt_rsa_check_public(text, &e);

	FUZZ_CHECK(rc == ERR_OK || (rc == ERR_PARSE && e.text[0]));
	/* a good key takes no signature of zeroes */
	FUZZ_CHECK(crypt_rsa_verify(text, "x", 1, "\0\0\0\0", 4, &e) != ERR_OK);
}

static void check_sealed(const uint8_t *data, size_t len)
{
	CLEANUP(crypt_key_free) struct crypt_key *k = crypt_key_new(key_bytes);
	CLEANUP(strbuf_release) struct strbuf clear = STRBUF_INIT;
	struct err e = { 0 };

	FUZZ_CHECK(crypt_open(k, "a.b.1", data, len, &clear, &e) == ERR_DENIED);
	FUZZ_CHECK(clear.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(free_str) char *text = xstrndup((const char *)data, len);
	struct err e = { 0 };
	int64_t end;

	check_key(text);
	check_sealed(data, len);
	if (crypt_cert_not_after(text, &end, &e) != ERR_OK)
		FUZZ_CHECK(e.code == ERR_PARSE);
	return 0;
}
