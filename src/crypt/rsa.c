#include "crypt/rsa.h"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <string.h>

#include "base/base64.h"
#include "base/macros.h"
#include "base/str.h"
#include "crypt/ossl.h"

#define KEY_TEXT_MAX (16u << 10)
#define SSH_RSA      "ssh-rsa"

struct bytes {
	const unsigned char *p;
	size_t len;
};

/* RFC 4251: a length of four bytes, then that many bytes. */
static bool take_string(struct bytes *from, struct bytes *out)
{
	size_t len;

	if (from->len < 4)
		return false;
	len = (size_t)from->p[0] << 24 | (size_t)from->p[1] << 16 | (size_t)from->p[2] << 8 |
	      from->p[3];
	if (len > from->len - 4)
		return false;
	*out = (struct bytes){ from->p + 4, len };
	from->p += 4 + len;
	from->len -= 4 + len;
	return true;
}

static void free_numbers(BIGNUM *n, BIGNUM *exponent, OSSL_PARAM_BLD *build, OSSL_PARAM *params)
{
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(exponent);
}

static EVP_PKEY *key_from_params(OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *key_from_numbers(struct bytes modulus, struct bytes exponent)
{
	BIGNUM *n = BN_bin2bn(modulus.p, (int)modulus.len, NULL);
	BIGNUM *x = BN_bin2bn(exponent.p, (int)exponent.len, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (n != NULL && x != NULL && build != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, x) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	if (params != NULL)
		key = key_from_params(params);
	free_numbers(n, x, build, params);
	return key;
}

static EVP_PKEY *parse_blob(const struct strbuf *blob)
{
	struct bytes all = { (const unsigned char *)blob->data, blob->len };
	struct bytes type, exponent, modulus;

	if (!take_string(&all, &type) || !take_string(&all, &exponent) ||
	    !take_string(&all, &modulus) || all.len != 0)
		return NULL;
	if (type.len != strlen(SSH_RSA) || memcmp(type.p, SSH_RSA, type.len) != 0)
		return NULL;
	return key_from_numbers(modulus, exponent);
}

/* "ssh-rsa AAAA... comment" */
static EVP_PKEY *parse_openssh(const char *text)
{
	CLEANUP(strbuf_release) struct strbuf b64 = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf blob = STRBUF_INIT;

	text += strlen(SSH_RSA);
	text += strspn(text, " \t");
	strbuf_add(&b64, text, strcspn(text, " \t\r\n"));
	if (base64_decode(strbuf_cstr(&b64), &blob, NULL) != ERR_OK)
		return NULL;
	return parse_blob(&blob);
}

static EVP_PKEY *parse_pem(const char *text, int selection)
{
	EVP_PKEY *key = NULL;
	OSSL_DECODER_CTX *ctx =
	        OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", NULL, "RSA", selection, NULL, NULL);
	const unsigned char *p = (const unsigned char *)text;
	size_t len = strlen(text);

	/* an encrypted key must not make libcrypto ask on the terminal */
	if (ctx != NULL && OSSL_DECODER_CTX_set_passphrase(ctx, (const unsigned char *)"", 0) == 1)
		(void)OSSL_DECODER_from_data(ctx, &p, &len);
	OSSL_DECODER_CTX_free(ctx);
	return key;
}

static enum err_code load_public(const char *text, EVP_PKEY **out, struct err *e)
{
	EVP_PKEY *key;
	int bits;

	if (str_empty(text) || strlen(text) > KEY_TEXT_MAX)
		return err_set(e, ERR_PARSE, "the public key is empty or too long");
	text += strspn(text, " \t\r\n");
	key = str_starts(text, SSH_RSA " ") ? parse_openssh(text)
	                                    : parse_pem(text, EVP_PKEY_PUBLIC_KEY);
	if (key == NULL) {
		ossl_error(e, ERR_PARSE, "the text is no RSA public key");
		return err_hint(e, "give it as PEM, or as OpenSSH writes it (\"ssh-rsa ...\")");
	}
	bits = EVP_PKEY_get_bits(key);
	if (bits < CRYPT_RSA_MIN_BITS || bits > CRYPT_RSA_MAX_BITS) {
		EVP_PKEY_free(key);
		return err_set(e, ERR_PARSE, "the RSA key has %d bits, %d to %d are needed", bits,
		               CRYPT_RSA_MIN_BITS, CRYPT_RSA_MAX_BITS);
	}
	*out = key;
	return ERR_OK;
}

enum err_code crypt_rsa_check_public(const char *text, struct err *e)
{
	CLEANUP(ossl_free_pkey) EVP_PKEY *key = NULL;

	return load_public(text, &key, e);
}

static void free_md(EVP_MD_CTX **md)
{
	EVP_MD_CTX_free(*md);
}

enum err_code crypt_rsa_verify(const char *text, const void *data, size_t len, const void *sig,
                               size_t sig_len, struct err *e)
{
	CLEANUP(ossl_free_pkey) EVP_PKEY *key = NULL;
	CLEANUP(free_md) EVP_MD_CTX *md = EVP_MD_CTX_new();

	TRY(load_public(text, &key, e));
	/* PKCS#1 v1.5 is what libcrypto does with an RSA key by default */
	if (md == NULL || EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) != 1)
		return ossl_error(e, ERR_INTERNAL, "verify a signature");
	if (EVP_DigestVerify(md, sig, sig_len, data, len) != 1)
		return ossl_error(e, ERR_DENIED, "the signature does not fit the key");
	return ERR_OK;
}

enum err_code crypt_rsa_sign(const char *text, const void *data, size_t len, struct strbuf *sig,
                             struct err *e)
{
	CLEANUP(ossl_free_pkey) EVP_PKEY *key = parse_pem(text, EVP_PKEY_KEYPAIR);
	CLEANUP(free_md) EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char buf[CRYPT_RSA_MAX_BITS / 8];
	size_t n = sizeof(buf);

	if (key == NULL) {
		ossl_error(e, ERR_PARSE, "the text is no RSA private key");
		return err_hint(e, "it must be PEM and without a passphrase");
	}
	if (EVP_PKEY_get_bits(key) > CRYPT_RSA_MAX_BITS)
		return err_set(e, ERR_PARSE, "the RSA key is too long");
	if (md == NULL || EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(md, buf, &n, data, len) != 1)
		return ossl_error(e, ERR_INTERNAL, "sign");
	strbuf_add(sig, buf, n);
	return ERR_OK;
}

static enum err_code encode(EVP_PKEY *key, int selection, struct strbuf *out, struct err *e)
{
	CLEANUP(ossl_free_bio) BIO *bio = ossl_writer();
	OSSL_ENCODER_CTX *ctx =
	        OSSL_ENCODER_CTX_new_for_pkey(key, selection, "PEM", "type-specific", NULL);
	bool good = ctx != NULL && OSSL_ENCODER_to_bio(ctx, bio) == 1;

	OSSL_ENCODER_CTX_free(ctx);
	if (!good)
		return ossl_error(e, ERR_INTERNAL, "write an RSA key");
	ossl_drain(bio, out);
	return ERR_OK;
}

enum err_code crypt_rsa_generate(struct strbuf *private_pem, struct strbuf *public_pem,
                                 struct err *e)
{
	CLEANUP(ossl_free_pkey) EVP_PKEY *key = EVP_RSA_gen(CRYPT_RSA_MIN_BITS);

	if (key == NULL)
		return ossl_error(e, ERR_INTERNAL, "make an RSA key");
	TRY(encode(key, EVP_PKEY_KEYPAIR, private_pem, e));
	return encode(key, EVP_PKEY_PUBLIC_KEY, public_pem, e);
}
