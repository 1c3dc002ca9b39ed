/* Reading results. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "pg/pq.h"

void pg_result_free(struct pg_result **r)
{
	if (*r == NULL)
		return;
	PQclear((*r)->res);
	free(*r);
	*r = NULL;
}

int pg_result_rows(const struct pg_result *r)
{
	return r == NULL ? 0 : PQntuples(r->res);
}

int pg_result_columns(const struct pg_result *r)
{
	return r == NULL ? 0 : PQnfields(r->res);
}

int pg_result_column(const struct pg_result *r, const char *name)
{
	for (int i = 0; i < pg_result_columns(r); i++) {
		if (str_eq(PQfname(r->res, i), name))
			return i;
	}
	return -1;
}

const char *pg_result_str(const struct pg_result *r, int row, int column)
{
	if (row < 0 || row >= pg_result_rows(r) || column < 0 || column >= pg_result_columns(r))
		return NULL;
	return PQgetisnull(r->res, row, column) ? NULL : PQgetvalue(r->res, row, column);
}

bool pg_result_is_null(const struct pg_result *r, int row, int column)
{
	return pg_result_str(r, row, column) == NULL;
}

int64_t pg_result_i64(const struct pg_result *r, int row, int column, int64_t dflt)
{
	const char *text = pg_result_str(r, row, column);
	int64_t v;

	if (text == NULL || str_to_i64(text, INT64_MIN, INT64_MAX, &v, NULL) != ERR_OK)
		return dflt;
	return v;
}

bool pg_result_bool(const struct pg_result *r, int row, int column, bool dflt)
{
	const char *text = pg_result_str(r, row, column);
	bool v;

	return text != NULL && str_to_bool(text, &v) ? v : dflt;
}

pg_lsn pg_result_lsn(const struct pg_result *r, int row, int column)
{
	pg_lsn lsn;

	return lsn_parse(pg_result_str(r, row, column), &lsn) ? lsn : LSN_INVALID;
}

struct pg_result *pg_result_make(const char *const *names, int columns, const char *const *values,
                                 int rows)
{
	PGresAttDesc *attributes = xcalloc((size_t)columns + 1, sizeof(*attributes));
	struct pg_result *r = xcalloc(1, sizeof(*r));

	r->res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	for (int i = 0; i < columns; i++) {
		attributes[i].name = xstrdup(names[i]);
		attributes[i].typlen = -1;
	}
	(void)PQsetResultAttrs(r->res, columns, attributes);
	for (int i = 0; i < rows * columns; i++) {
		char *value = xstrdup(values[i]);

		(void)PQsetvalue(r->res, i / columns, i % columns, value,
		                 value == NULL ? -1 : (int)strlen(value));
		free_str(&value);
	}
	for (int i = 0; i < columns; i++)
		free_str(&attributes[i].name);
	free(attributes);
	return r;
}
