/* Heap helpers that abort instead of returning NULL, and cleanup functions. */
#pragma once

#include <stddef.h>

#include "macros.h"

void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t count, size_t size);
/* NULL stays NULL. */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* free(*p), for CLEANUP(free_str) char *s. */
void free_str(char **p);
/* The same, overwritten before: for secrets. */
void free_secret(char **p);
/* close(*fd) when it is not negative, for CLEANUP(close_fd) int fd. */
void close_fd(int *fd);
