/* Which certificate a controller showed when we first met it: ~/.pgtandem/known_controllers,
 * a line each: PLACE SHA256:FINGERPRINT CERTIFICATE.  The certificate itself is kept, so that the
 * TLS library compares it before anything is sent. */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"

#define TRUST_FILE_MAX    (1u << 20)
#define TRUST_FINGERPRINT 72 /* "SHA256:" and 64 hex digits */

/* The certificate known for PLACE as PEM; PEM stays empty when there is none. */
enum err_code trust_find(const char *path, const char *place, struct strbuf *pem, struct err *e);
/* Remember PEM for PLACE; PATH is absolute, its folder is made. */
enum err_code trust_add(const char *path, const char *place, const char *pem, struct err *e);
/* The SHA-256 fingerprint that other tools show for the certificate, too. */
enum err_code trust_fingerprint(const char *pem, char out[TRUST_FINGERPRINT], struct err *e);
