#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "base/mem.h"

#define LAST_COLUMN_MIN 16

struct table {
	const struct screen *screen;
	const struct table_column *columns;
	size_t n_columns;
	char **cells; /* row by row; owned */
	size_t n_cells;
};

struct table *table_new(const struct screen *screen, const struct table_column *columns,
                        size_t count)
{
	struct table *t = xcalloc(1, sizeof(*t));

	t->screen = screen;
	t->columns = columns;
	t->n_columns = count;
	return t;
}

void table_free(struct table **t)
{
	if (!*t)
		return;
	for (size_t i = 0; i < (*t)->n_cells; i++)
		free((*t)->cells[i]);
	free((*t)->cells);
	free(*t);
	*t = NULL;
}

void table_cell(struct table *t, enum tint tint, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf plain = STRBUF_INIT;
	struct strbuf cell = STRBUF_INIT;

	screen_text(t->screen, text ? text : "", &plain);
	screen_tint(t->screen, tint, strbuf_cstr(&plain), &cell);
	t->cells = xrealloc(t->cells, t->n_cells + 1, sizeof(*t->cells));
	t->cells[t->n_cells++] = xstrdup(strbuf_cstr(&cell));
	strbuf_release(&cell);
}

void table_int(struct table *t, enum tint tint, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	table_cell(t, tint, text);
}

size_t table_rows(const struct table *t)
{
	return t->n_cells / t->n_columns;
}

static void measure(const struct table *t, size_t *widths)
{
	for (size_t i = 0; i < t->n_columns; i++)
		widths[i] = t->screen->batch ? 0 : screen_width(t->columns[i].heading);
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t width = screen_width(t->cells[i]);

		if (width > widths[i % t->n_columns])
			widths[i % t->n_columns] = width;
	}
}

static void pad(struct strbuf *out, size_t count)
{
	while (count--)
		strbuf_addc(out, ' ');
}

/* The last column has what the others leave, if there is a terminal. */
static size_t last_width(const struct table *t, const size_t *widths)
{
	size_t used = 0;

	for (size_t i = 0; i + 1 < t->n_columns; i++)
		used += widths[i] + 1;
	if (!t->screen->columns || !t->screen->terminal)
		return widths[t->n_columns - 1];
	if (used + LAST_COLUMN_MIN > t->screen->columns)
		return LAST_COLUMN_MIN;
	return t->screen->columns - used;
}

static void print_cell(const struct table *t, size_t column, const char *text, const size_t *widths,
                       struct strbuf *out)
{
	bool last = column + 1 == t->n_columns;
	size_t width = screen_width(text);
	size_t gap = widths[column] > width ? widths[column] - width : 0;

	if (t->columns[column].right)
		pad(out, gap);
	if (last)
		screen_cut(t->screen, text, last_width(t, widths), out);
	else
		strbuf_adds(out, text);
	if (!last && !t->columns[column].right)
		pad(out, gap);
	strbuf_addc(out, last ? '\n' : ' ');
}

void table_print(const struct table *t, struct strbuf *out)
{
	size_t widths[TABLE_COLUMNS_MAX] = { 0 };

	measure(t, widths);
	if (!t->screen->batch) {
		for (size_t i = 0; i < t->n_columns; i++) {
			struct strbuf heading = STRBUF_INIT;

			screen_tint(t->screen, TINT_BOLD, t->columns[i].heading, &heading);
			print_cell(t, i, strbuf_cstr(&heading), widths, out);
			strbuf_release(&heading);
		}
	}
	for (size_t i = 0; i < t->n_cells; i++)
		print_cell(t, i % t->n_columns, t->cells[i], widths, out);
}
