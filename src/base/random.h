/* Randomness from the kernel. */
#pragma once

#include <stddef.h>

void random_bytes(void *buf, size_t len);
/* LEN bytes as 2*LEN hex digits + NUL into OUT. */
void random_hex(char *out, size_t len);
/* "6f0a3c1e-5b7d-4b27-9d6c-0f2f6f7b1c11" + NUL: 37 bytes. */
void random_uuid(char out[37]);
/* A password of 32 letters and digits + NUL: 33 bytes. */
void random_password(char out[33]);
