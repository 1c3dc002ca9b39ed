/* RSA keys of our users: logging in by signing a challenge (PKCS#1 v1.5, SHA-256). */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

#define CRYPT_RSA_MIN_BITS 2048
#define CRYPT_RSA_MAX_BITS 8192

/* ERR_PARSE unless KEY is an RSA public key of a permitted size as PKCS#1 PEM, SPKI PEM or
 * "ssh-rsa AAAA... comment". */
enum err_code crypt_rsa_check_public(const char *key, struct err *e);
/* ERR_OK when SIG is the signature of DATA by the owner of the public key; ERR_DENIED when not. */
enum err_code crypt_rsa_verify(const char *key, const void *data, size_t len, const void *sig,
                               size_t sig_len, struct err *e);
/* Append the signature of DATA to SIG.  KEY: private key, PKCS#1 or PKCS#8 PEM, no passphrase. */
enum err_code crypt_rsa_sign(const char *key, const void *data, size_t len, struct strbuf *sig,
                             struct err *e);
/* A new pair of 2048 bits as PKCS#1 PEM. */
enum err_code crypt_rsa_generate(struct strbuf *private_pem, struct strbuf *public_pem,
                                 struct err *e);
