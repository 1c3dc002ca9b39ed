/* Memory that lives as long as one request, plan or job and is freed in one go.
 * Out of memory aborts: the programs are crash-only. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "macros.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena **a);
/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
/* Zeroed array; aborts on overflow of the product. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* Copies; NULL stays NULL. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

#define ARENA_NEW(a, type)     ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_NEWN(a, n, type) ((type *)arena_array((a), (n), sizeof(type)))
