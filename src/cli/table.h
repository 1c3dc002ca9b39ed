/* Rows under headings, each column as wide as its widest cell; the last one is cut to the
 * terminal.  Headings are left out in batch mode. */
#pragma once

#include <stddef.h>

#include "cli/screen.h"

#define TABLE_COLUMNS_MAX 16

struct table_column {
	const char *heading;
	bool right; /* aligned to the right */
};

struct table;

/* COLUMNS is borrowed until table_free(). */
struct table *table_new(const struct screen *screen, const struct table_column *columns,
                        size_t count);
void table_free(struct table **t);
/* The next cell, from left to right; control characters and markup are removed. */
void table_cell(struct table *t, enum tint tint, const char *text);
void table_int(struct table *t, enum tint tint, long long value);
/* Headings and rows into OUT. */
void table_print(const struct table *t, struct strbuf *out);
size_t table_rows(const struct table *t);
