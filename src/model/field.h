/* Structs as rows of fields, so that reading and writing their JSON cannot drift apart.
 * Only for the files of this folder. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

enum field_type {
	FIELD_STR,
	FIELD_SECRET, /* a string that is written only when asked for */
	FIELD_I64,
	FIELD_INT,
	FIELD_PORT,
	FIELD_BOOL,
	FIELD_REAL,
	FIELD_OBJECT, /* a struct inside, with its own rows */
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	const struct field *rows; /* of an object, at most one level deep */
	size_t n_rows;
};

#define FIELD(strct, member, json_name, kind)                   \
	{                                                       \
		json_name, kind, offsetof(struct strct, member) \
	}
#define FIELD_IN(strct, member, json_name, table)                                                 \
	{                                                                                         \
		json_name, FIELD_OBJECT, offsetof(struct strct, member), table, ARRAY_SIZE(table) \
	}

enum field_mode { FIELDS_PUBLIC = 1, FIELDS_SECRET = 2, FIELDS_ALL = 3 };

/* Empty strings and objects without members are left out. */
void fields_write(const struct field *rows, size_t n, const void *from, enum field_mode mode,
                  struct json *into);
/* ERR_INVALID names the field of the wrong type; what is left out becomes "", 0, false. */
enum err_code fields_read(const struct field *rows, size_t n, const struct json *from,
                          struct arena *a, void *into, struct err *e);

/* The row of NAMES (a table of COUNT) that equals NAME, case ignored; -1: none. */
int name_index(const char *const *names, size_t count, const char *name);
