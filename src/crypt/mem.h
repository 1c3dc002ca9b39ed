/* Small things about secret memory: comparing, wiping, digests. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CRYPT_SHA256_HEX 65

/* Takes the same time wherever the difference is. */
bool crypt_equal(const void *a, const void *b, size_t len);
/* The same for texts; the time tells only their lengths.  NULL equals nothing. */
bool crypt_equal_text(const char *a, const char *b);
/* Overwrite, in a way that the compiler does not leave out. */
void crypt_wipe(void *p, size_t len);
/* SHA-256 as 64 hex digits and NUL. */
void crypt_sha256_hex(const void *data, size_t len, char out[CRYPT_SHA256_HEX]);
