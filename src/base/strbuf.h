/* A growing, NUL-terminated byte buffer with a declared limit. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "macros.h"

#define STRBUF_MAX_DEFAULT (16u << 20)

struct strbuf {
	char *data; /* owned; never NULL after the first append; see strbuf_cstr() */
	size_t len;
	size_t cap;
	size_t max;    /* bytes; 0 means STRBUF_MAX_DEFAULT */
	bool overflow; /* something did not fit and was left out */
};

#define STRBUF_INIT \
	{           \
		0   \
	}

void strbuf_init(struct strbuf *b, size_t max);
void strbuf_release(struct strbuf *b);
/* Like release, but also overwrites what was in it: for secrets. */
void strbuf_release_secret(struct strbuf *b);
void strbuf_reset(struct strbuf *b);
void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_adds(struct strbuf *b, const char *s);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
/* Drop the first N bytes. */
void strbuf_consume(struct strbuf *b, size_t n);
/* The text so far, "" when empty; borrowed. */
const char *strbuf_cstr(const struct strbuf *b);
/* The text as a heap string that the caller owns; the buffer is empty afterwards. */
char *strbuf_take(struct strbuf *b);
