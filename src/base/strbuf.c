#include "strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static size_t limit_of(const struct strbuf *b)
{
	return b->max ? b->max : STRBUF_MAX_DEFAULT;
}

/* Make room for LEN more bytes and the NUL. */
static void grow(struct strbuf *b, size_t len)
{
	size_t need = b->len + len + 1, cap = b->cap ? b->cap : 64;
	char *data;

	if (need <= b->cap)
		return;
	while (cap < need)
		cap *= 2;
	/* Not realloc: it may leave a copy behind that strbuf_release_secret() cannot reach. */
	data = xcalloc(cap, 1);
	if (b->data) {
		memcpy(data, b->data, b->len);
		explicit_bzero(b->data, b->cap);
		free(b->data);
	}
	b->data = data;
	b->cap = cap;
}

void strbuf_init(struct strbuf *b, size_t max)
{
	*b = (struct strbuf){ .max = max };
}

void strbuf_release(struct strbuf *b)
{
	free(b->data);
	*b = (struct strbuf){ .max = b->max };
}

void strbuf_release_secret(struct strbuf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	strbuf_release(b);
}

void strbuf_reset(struct strbuf *b)
{
	b->len = 0;
	b->overflow = false;
	if (b->data)
		b->data[0] = '\0';
}

void strbuf_add(struct strbuf *b, const void *data, size_t len)
{
	size_t room = limit_of(b) > b->len ? limit_of(b) - b->len : 0;

	if (len > room) {
		b->overflow = true;
		len = room;
	}
	grow(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void strbuf_adds(struct strbuf *b, const char *s)
{
	if (s)
		strbuf_add(b, s, strlen(s));
}

void strbuf_addc(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(b, fmt, ap);
	va_end(ap);
}

void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap)
{
	char small[256];
	char *text = NULL;
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(small, sizeof(small), fmt, ap);
	if (len < 0)
		abort();
	if ((size_t)len < sizeof(small)) {
		strbuf_add(b, small, (size_t)len);
	} else {
		text = xcalloc((size_t)len + 1, 1);
		vsnprintf(text, (size_t)len + 1, fmt, again);
		strbuf_add(b, text, (size_t)len);
		explicit_bzero(text, (size_t)len);
		free(text);
	}
	va_end(again);
}

void strbuf_consume(struct strbuf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
	} else {
		memmove(b->data, b->data + n, b->len - n);
		b->len -= n;
	}
	if (b->data)
		b->data[b->len] = '\0';
}

const char *strbuf_cstr(const struct strbuf *b)
{
	return b->data ? b->data : "";
}

char *strbuf_take(struct strbuf *b)
{
	char *data = b->data ? b->data : xstrdup("");

	*b = (struct strbuf){ .max = b->max };
	return data;
}
