/* Helpers around libcrypto for the files of this folder. */
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/strbuf.h"

/* "WHAT: reason of libcrypto"; empties its error queue. */
enum err_code ossl_error(struct err *e, enum err_code code, const char *what);

void ossl_free_pkey(EVP_PKEY **p);
void ossl_free_bio(BIO **p);

/* What a memory BIO holds, appended to OUT. */
void ossl_drain(BIO *bio, struct strbuf *out);
/* A BIO over TEXT, which must live as long. */
BIO *ossl_reader(const char *text, size_t len);
BIO *ossl_writer(void);
