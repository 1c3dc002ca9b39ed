/* Details of one object: a title and fields in two columns, like
 *    Class: CmonClusterInfo                      Owner: admin/admins */
#pragma once

#include "cli/screen.h"

struct sheet {
	const struct screen *screen;
	struct strbuf *out;
	size_t used; /* columns of the line so far; 0: at the beginning */
};

void sheet_title(struct sheet *s, const char *title);
/* A field in the left column; a long value takes the whole line. */
void sheet_left(struct sheet *s, const char *label, enum tint tint, const char *value);
/* A field in the right column of the same line. */
void sheet_right(struct sheet *s, const char *label, enum tint tint, const char *value);
void sheet_end(struct sheet *s);
