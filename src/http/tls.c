#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/fs.h"
#include "base/str.h"
#include "base/strbuf.h"

#define PEM_FILE_MAX (256u << 10)

static enum err_code tls_error(struct err *e, const char *what)
{
	char text[160] = "unknown reason";
	unsigned long code = ERR_get_error();

	if (code)
		ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return err_set(e, ERR_INVALID, "%s: %s", what, text);
}

/* TEXT, or the contents of FILE, into OUT. */
static enum err_code load(const char *text, const char *file, struct strbuf *out, struct err *e)
{
	if (!str_empty(text)) {
		strbuf_adds(out, text);
		return ERR_OK;
	}
	if (str_empty(file))
		return err_set(e, ERR_INVALID, "the TLS certificate or its key is not given");
	return fs_read(file, PEM_FILE_MAX, out, e);
}

/* The first certificate is ours, the others lead to the root. */
static enum err_code use_chain(SSL_CTX *ctx, BIO *bio, struct err *e)
{
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1;

	X509_free(cert);
	if (!ok)
		return tls_error(e, "TLS certificate");
	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
			X509_free(cert);
			return tls_error(e, "TLS certificate chain");
		}
	}
	ERR_clear_error(); /* the end of the text is reported as an error */
	return ERR_OK;
}

static enum err_code use_key(SSL_CTX *ctx, BIO *bio, struct err *e)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	bool ok =
	        key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	return ok ? ERR_OK : tls_error(e, "TLS key");
}

static enum err_code with_pem(SSL_CTX *ctx, const char *text, const char *file,
                              enum err_code (*use)(SSL_CTX *, BIO *, struct err *), struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf pem = STRBUF_INIT;
	enum err_code code;
	BIO *bio;

	TRY(load(text, file, &pem, e));
	bio = BIO_new_mem_buf(strbuf_cstr(&pem), (int)pem.len);
	if (!bio)
		return tls_error(e, "memory buffer");
	code = use(ctx, bio, e);
	BIO_free(bio);
	return code;
}

static enum err_code context_fill(SSL_CTX *ctx, const struct http_server_config *config,
                                  struct err *e)
{
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		return tls_error(e, "TLS version");
	/* without session ID context a resumed session is refused with an error of its own */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	TRY(with_pem(ctx, config->cert_pem, config->cert_file, use_chain, e));
	return with_pem(ctx, config->key_pem, config->key_file, use_key, e);
}

enum err_code tls_context_new(const struct http_server_config *config, SSL_CTX **out, struct err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	enum err_code code;

	if (!ctx)
		return tls_error(e, "TLS context");
	code = context_fill(ctx, config, e);
	if (code != ERR_OK) {
		SSL_CTX_free(ctx);
		return code;
	}
	*out = ctx;
	return ERR_OK;
}
