/* Questions about strings and numbers in text; no allocation. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

bool str_eq(const char *a, const char *b);  /* both may be NULL */
bool str_ieq(const char *a, const char *b); /* ASCII case ignored */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_empty(const char *s); /* NULL or "" */
/* S, or OTHER when S is NULL or "". */
const char *str_or(const char *s, const char *other);
/* Whole text is a decimal number between MIN and MAX. */
enum err_code str_to_i64(const char *s, int64_t min, int64_t max, int64_t *out, struct err *e);
/* "true yes on 1 t y" / "false no off 0 f n"; false when it is neither. */
bool str_to_bool(const char *s, bool *out);
/* "201.13 MiB": bytes for people, into BUF; returns BUF. */
const char *str_bytes(uint64_t bytes, char *buf, size_t size);
bool str_is_utf8(const char *s, size_t len);
/* Bytes of the UTF-8 character that S starts with; 0 when it is malformed or LEN is 0. */
size_t str_utf8_next(const char *s, size_t len);
/* The next field of *CURSOR up to one of SEPS, copied into BUF (cut to SIZE);
 * false at the end.  Empty fields are returned, also the one after a last separator. */
bool str_field(const char **cursor, const char *seps, char *buf, size_t size);
