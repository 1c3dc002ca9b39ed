#include "crypt/cert.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/random.h"
#include "base/str.h"
#include "crypt/ossl.h"

#define SERIAL_BYTES  16
#define DAY_S         86400L
#define BACKDATE_S    3600L /* hosts whose clock is a little behind must accept it at once */
#define HOST_NAME_LEN 253
#define CN_MAX        64 /* X.520: a common name has at most 64 characters */

void crypt_cert_release(struct crypt_cert *c)
{
	strbuf_release(&c->cert);
	strbuf_release_secret(&c->key);
}

static void free_x509(X509 **x)
{
	X509_free(*x);
	*x = NULL;
}

static void free_names(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

/* What a certificate is to be. */
struct wish {
	const char *common_name;
	const char *const *names; /* NULL: an authority */
	size_t n_names;
	int days;
	X509 *issuer; /* NULL: signed by itself */
	EVP_PKEY *issuer_key;
};

static bool is_host_name(const char *s)
{
	if (str_empty(s) || strlen(s) > HOST_NAME_LEN || s[0] == '.' || s[0] == '-')
		return false;
	for (; *s != '\0'; s++) {
		if (!isalnum((unsigned char)*s) && strchr("._-", *s) == NULL)
			return false;
	}
	return true;
}

static size_t parse_address(const char *s, unsigned char out[16])
{
	if (inet_pton(AF_INET, s, out) == 1)
		return 4;
	return inet_pton(AF_INET6, s, out) == 1 ? 16 : 0;
}

static enum err_code add_name(GENERAL_NAMES *names, const char *name, struct err *e)
{
	unsigned char ip[16];
	size_t ip_len = parse_address(name, ip);
	GENERAL_NAME *g;
	ASN1_STRING *value;

	if (ip_len == 0 && !is_host_name(name))
		return err_set(e, ERR_INVALID, "\"%s\" is neither a host name nor an address",
		               name);
	g = GENERAL_NAME_new();
	value = ip_len ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	if (g == NULL || value == NULL || sk_GENERAL_NAME_push(names, g) == 0 ||
	    ASN1_STRING_set(value, ip_len ? (const void *)ip : name,
	                    ip_len ? (int)ip_len : (int)strlen(name)) != 1)
		return ossl_error(e, ERR_INTERNAL, "make a certificate");
	GENERAL_NAME_set0_value(g, ip_len ? GEN_IPADD : GEN_DNS, value);
	return ERR_OK;
}

static enum err_code set_names(X509 *x, const struct wish *w, struct err *e)
{
	CLEANUP(free_names) GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

	if (names == NULL)
		return ossl_error(e, ERR_INTERNAL, "make a certificate");
	for (size_t i = 0; i < w->n_names; i++)
		TRY(add_name(names, w->names[i], e));
	if (X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) != 1)
		return ossl_error(e, ERR_INTERNAL, "make a certificate");
	return ERR_OK;
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool good;

	X509V3_set_ctx(&ctx, issuer != NULL ? issuer : x, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = ext != NULL && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return good;
}

static bool set_extensions(X509 *x, const struct wish *w)
{
	bool ca = w->names == NULL;

	return add_extension(x, w->issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(x, w->issuer, NID_authority_key_identifier, "keyid") &&
	       add_extension(x, w->issuer, NID_basic_constraints,
	                     ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
	       add_extension(x, w->issuer, NID_key_usage,
	                     ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
	       (ca || add_extension(x, w->issuer, NID_ext_key_usage, "serverAuth,clientAuth"));
}

static bool set_serial(X509 *x)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *n;
	bool good;

	random_bytes(bytes, sizeof(bytes));
	bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and always of the same length */
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return good;
}

static bool set_subject(X509 *x, const struct wish *w)
{
	X509_NAME *subject = X509_get_subject_name(x);
	char cn[CN_MAX + 1];

	snprintf(cn, sizeof(cn), "%s", w->common_name);
	return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
	                                  (const unsigned char *)"pgTandem", -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)cn,
	                                  -1, -1, 0) == 1 &&
	       X509_set_issuer_name(x, w->issuer != NULL ? X509_get_subject_name(w->issuer)
	                                                 : subject) == 1;
}

static bool set_validity(X509 *x, const struct wish *w)
{
	return X509_gmtime_adj(X509_getm_notBefore(x), -BACKDATE_S) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(x), w->days, 0, NULL) != NULL;
}

static enum err_code write_pair(X509 *x, EVP_PKEY *key, struct crypt_cert *out, struct err *e)
{
	CLEANUP(ossl_free_bio) BIO *cert = ossl_writer();
	CLEANUP(ossl_free_bio) BIO *secret = ossl_writer();

	if (PEM_write_bio_X509(cert, x) != 1 ||
	    PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) != 1)
		return ossl_error(e, ERR_INTERNAL, "write a certificate");
	ossl_drain(cert, &out->cert);
	ossl_drain(secret, &out->key);
	return ERR_OK;
}

static enum err_code make(const struct wish *w, struct crypt_cert *out, struct err *e)
{
	CLEANUP(ossl_free_pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
	CLEANUP(free_x509) X509 *x = X509_new();

	if (key == NULL || x == NULL || X509_set_version(x, X509_VERSION_3) != 1 ||
	    !set_serial(x) || !set_subject(x, w) || !set_validity(x, w) ||
	    X509_set_pubkey(x, key) != 1 || !set_extensions(x, w))
		return ossl_error(e, ERR_INTERNAL, "make a certificate");
	if (w->names != NULL)
		TRY(set_names(x, w, e));
	if (X509_sign(x, w->issuer_key != NULL ? w->issuer_key : key, EVP_sha256()) == 0)
		return ossl_error(e, ERR_INTERNAL, "sign a certificate");
	return write_pair(x, key, out, e);
}

static enum err_code check_count(size_t count, struct err *e)
{
	if (count > CRYPT_CERT_NAMES_MAX)
		return err_set(e, ERR_LIMIT, "a certificate for more than %d names",
		               CRYPT_CERT_NAMES_MAX);
	return ERR_OK;
}

enum err_code crypt_cert_self_signed(const char *const *names, size_t count, struct crypt_cert *out,
                                     struct err *e)
{
	const char *all[CRYPT_CERT_NAMES_MAX + 4] = { "localhost", "127.0.0.1", "::1" };
	struct wish w = { "localhost", all, 3, CRYPT_CERT_SERVER_DAYS };
	char host[HOST_NAME_MAX + 1] = "";

	TRY(check_count(count, e));
	if (gethostname(host, sizeof(host) - 1) == 0 && is_host_name(host)) {
		w.common_name = host;
		if (!str_eq(host, "localhost"))
			all[w.n_names++] = host;
	}
	for (size_t i = 0; i < count; i++)
		all[w.n_names++] = names[i];
	return make(&w, out, e);
}

enum err_code crypt_ca_new(const char *name, struct crypt_cert *out, struct err *e)
{
	struct wish w = { name, NULL, 0, CRYPT_CERT_CA_DAYS };

	if (str_empty(name))
		return err_set(e, ERR_INVALID, "a certificate authority must have a name");
	return make(&w, out, e);
}

static X509 *read_cert(const char *pem)
{
	CLEANUP(ossl_free_bio) BIO *bio = ossl_reader(str_or(pem, ""), strlen(str_or(pem, "")));

	return PEM_read_bio_X509(bio, NULL, NULL, (void *)"");
}

static EVP_PKEY *read_key(const char *pem)
{
	CLEANUP(ossl_free_bio) BIO *bio = ossl_reader(str_or(pem, ""), strlen(str_or(pem, "")));

	return PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
}

enum err_code crypt_cert_issue(const char *ca_cert, const char *ca_key, const char *const *names,
                               size_t count, struct crypt_cert *out, struct err *e)
{
	CLEANUP(free_x509) X509 *issuer = read_cert(ca_cert);
	CLEANUP(ossl_free_pkey) EVP_PKEY *key = read_key(ca_key);
	struct wish w = { .names = names, .n_names = count, .days = CRYPT_CERT_SERVER_DAYS };

	if (issuer == NULL || key == NULL)
		return ossl_error(e, ERR_PARSE, "the certificate authority is not readable");
	if (X509_check_private_key(issuer, key) != 1)
		return ossl_error(e, ERR_INVALID, "the authority's key is not its certificate's");
	if (count == 0)
		return err_set(e, ERR_INVALID, "a certificate must have a name");
	TRY(check_count(count, e));
	w.common_name = names[0];
	w.issuer = issuer;
	w.issuer_key = key;
	return make(&w, out, e);
}

static enum err_code verify(X509 *x, X509 *ca, const char *name, struct err *e)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	unsigned char ip[16];
	enum err_code rc = ERR_OK;

	if (store == NULL || ctx == NULL || X509_STORE_add_cert(store, ca) != 1 ||
	    X509_STORE_CTX_init(ctx, store, x, NULL) != 1)
		rc = ossl_error(e, ERR_INTERNAL, "check a certificate");
	else if (X509_verify_cert(ctx) != 1)
		rc = err_set(e, ERR_DENIED, "the certificate is not good: %s",
		             X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	else if (name != NULL &&
	         (parse_address(name, ip) ? X509_check_ip_asc(x, name, 0)
	                                  : X509_check_host(x, name, 0, 0, NULL)) != 1)
		rc = err_set(e, ERR_DENIED, "the certificate is not for \"%s\"", name);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return rc;
}

enum err_code crypt_cert_check(const char *cert, const char *ca, const char *name, struct err *e)
{
	CLEANUP(free_x509) X509 *x = read_cert(cert);
	CLEANUP(free_x509) X509 *root = read_cert(ca);

	if (x == NULL || root == NULL)
		return ossl_error(e, ERR_PARSE, "the certificate is not readable");
	return verify(x, root, name, e);
}

enum err_code crypt_cert_not_after(const char *cert, int64_t *wall_ms, struct err *e)
{
	CLEANUP(free_x509) X509 *x = read_cert(cert);
	struct tm tm = { 0 };

	if (x == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1)
		return ossl_error(e, ERR_PARSE, "the certificate is not readable");
	*wall_ms = (int64_t)timegm(&tm) * 1000;
	return ERR_OK;
}
