/* Sealing: secrets leave the process only as AES-256-GCM under the master key.  The place where a
 * sealed value lives ("clusters.secrets.7") is authenticated with it, so that a value copied to
 * another place does not open. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

struct crypt_key;

/* The master key: $CREDENTIALS_DIRECTORY/master.key when that is there, else DIR/master.key (made
 * when missing).  32 bytes; a file that others can read or that has another owner is refused. */
enum err_code crypt_key_load(const char *dir, struct crypt_key **out, struct err *e);
/* A key from 32 bytes. */
struct crypt_key *crypt_key_new(const unsigned char bytes[32]);
void crypt_key_free(struct crypt_key **k);

/* Append the sealed form of DATA to OUT. */
enum err_code crypt_seal(const struct crypt_key *k, const char *place, const void *data, size_t len,
                         struct strbuf *out, struct err *e);
/* Append the clear form to OUT (release it with strbuf_release_secret()).  ERR_DENIED when it was
 * sealed with another key, for another place, or changed since. */
enum err_code crypt_open(const struct crypt_key *k, const char *place, const void *data, size_t len,
                         struct strbuf *out, struct err *e);
