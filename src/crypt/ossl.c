#include "crypt/ossl.h"

#include <limits.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "base/log.h"

enum err_code ossl_error(struct err *e, enum err_code code, const char *what)
{
	unsigned long reason = ERR_get_error();
	const char *text = reason != 0 ? ERR_reason_error_string(reason) : NULL;

	ERR_clear_error();
	return err_set(e, code, "%s%s%s", what, text != NULL ? ": " : "", text != NULL ? text : "");
}

void ossl_free_pkey(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
	*p = NULL;
}

void ossl_free_bio(BIO **p)
{
	BIO_free_all(*p);
	*p = NULL;
}

void ossl_drain(BIO *bio, struct strbuf *out)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);

	if (len > 0)
		strbuf_add(out, data, (size_t)len);
}

static BIO *checked(BIO *bio)
{
	if (bio == NULL) {
		log_error("out of memory in libcrypto");
		abort();
	}
	return bio;
}

BIO *ossl_reader(const char *text, size_t len)
{
	return checked(BIO_new_mem_buf(text, len > INT_MAX ? INT_MAX : (int)len));
}

BIO *ossl_writer(void)
{
	return checked(BIO_new(BIO_s_secmem()));
}
