/* Names and literals for those few statements that take no parameters (CREATE ROLE, ALTER SYSTEM).
 */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"

#define SQL_NAME_MAX 63

/* Name in double quotes, always quoted. */
void sql_ident(struct strbuf *out, const char *name);
/* Text in single quotes; with E'' when it has a backslash, so that
 * standard_conforming_strings does not matter. */
void sql_literal(struct strbuf *out, const char *text);
/* A name that PostgreSQL takes as it is: 1..63 bytes of UTF-8 without control characters.
 * WHAT ("slot name") is the subject of the error. */
enum err_code sql_name_check(const char *what, const char *name, struct err *e);
