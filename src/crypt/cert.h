/* X.509 certificates: the controller's own, its certificate authority, and those that the
 * authority issues for database servers.  Keys are EC P-256; everything is PEM text. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

#define CRYPT_CERT_NAMES_MAX   64
#define CRYPT_CERT_SERVER_DAYS 3650 /* self-signed and issued ones */
#define CRYPT_CERT_CA_DAYS     7300

/* Release with crypt_cert_release(); the key is overwritten. */
struct crypt_cert {
	struct strbuf cert;
	struct strbuf key; /* PKCS#8, not encrypted */
};
void crypt_cert_release(struct crypt_cert *c);

/* A certificate for NAMES (host names and addresses), signed by itself.  "localhost", 127.0.0.1,
 * ::1 and this machine's host name are always in it. */
enum err_code crypt_cert_self_signed(const char *const *names, size_t count, struct crypt_cert *out,
                                     struct err *e);
/* A certificate authority called NAME, which may issue only server certificates, no further
 * authorities. */
enum err_code crypt_ca_new(const char *name, struct crypt_cert *out, struct err *e);
/* A server certificate for NAMES; ERR_INVALID names the one that is neither a host name nor an
 * address. */
enum err_code crypt_cert_issue(const char *ca_cert, const char *ca_key, const char *const *names,
                               size_t count, struct crypt_cert *out, struct err *e);
/* ERR_OK when CERT is valid now, was signed by CA and covers NAME (NULL: any). */
enum err_code crypt_cert_check(const char *cert, const char *ca, const char *name, struct err *e);
/* When the certificate ends, ms since 1970. */
enum err_code crypt_cert_not_after(const char *cert, int64_t *wall_ms, struct err *e);
