#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		abort();
	return p;
}

void *xrealloc(void *p, size_t count, size_t size)
{
	void *q;

	if (count == 0)
		count = 1;
	q = reallocarray(p, count, size ? size : 1);
	if (!q)
		abort();
	return q;
}

char *xstrdup(const char *s)
{
	return s ? xstrndup(s, strlen(s)) : NULL;
}

char *xstrndup(const char *s, size_t len)
{
	size_t used;
	char *copy;

	if (!s)
		return NULL;
	used = strnlen(s, len);
	copy = xcalloc(used + 1, 1);
	memcpy(copy, s, used);
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	char *out = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&out, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	return out;
}

void free_str(char **p)
{
	free(*p);
	*p = NULL;
}

void free_secret(char **p)
{
	if (*p)
		explicit_bzero(*p, strlen(*p));
	free_str(p);
}

void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
