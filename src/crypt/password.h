/* Passwords of our own users: scrypt, as text "$scrypt$ln=15,r=8,p=1$SALT$HASH". */
#pragma once

#include <stdbool.h>

#include "base/err.h"

#define CRYPT_HASH_SIZE    160  /* of the text, with NUL */
#define CRYPT_PASSWORD_MAX 1024 /* bytes; longer ones are refused */

/* Hash with a new salt.  ERR_INVALID when the password is empty or too long. */
enum err_code crypt_password_hash(const char *password, char out[CRYPT_HASH_SIZE], struct err *e);
/* True when PASSWORD is the one that HASH was made from.  HASH may be NULL or "" (no such user,
 * no password): the same work is done, and the answer is false. */
bool crypt_password_verify(const char *password, const char *hash);
