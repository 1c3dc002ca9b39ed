/* The decoder: a table of fields (generated from api/), an object in, a C struct and a clean
 * object out.  It finds every fault of a request, not only the first, and is generous as the
 * public clients need it: numbers and booleans may be texts, a field may have several names, an
 * empty text counts as left out, unknown fields pass. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define DECODE_FAULTS_MAX 32  /* named one by one; the rest is counted */
#define DECODE_PATH_MAX   192 /* "job_data.nodes[3].hostname" */

enum field_type {
	FIELD_INT,     /* int64_t and bool has_NAME */
	FIELD_BOOL,    /* bool and bool has_NAME */
	FIELD_STRING,  /* const char *, NULL when left out */
	FIELD_STRINGS, /* const char *const * and size_t n_NAME; also "a;b,c" */
	FIELD_OBJECT,  /* const struct OF *, NULL when left out */
	FIELD_LIST,    /* const struct OF * and size_t n_NAME */
	FIELD_JSON,    /* const struct json *, as it came */
};

/* What a text has to look like; form.c has one row for each. */
enum field_form {
	FORM_TEXT,         /* anything without NUL */
	FORM_LINE,         /* no control characters */
	FORM_HOST,         /* host name, IPv4 or IPv6 address */
	FORM_CLUSTER_NAME, /* letters, digits, '_', '-', '.'; not starting with '-' or '.' */
	FORM_PATH,         /* absolute, without "." and ".." */
	FORM_VERSION,      /* PostgreSQL major version: 9.6, 10, 17 */
	FORM_USER_NAME,    /* name of a user of the controller or of a host */
	FORM_URL,          /* http or https */
	FORM_PACKAGES,     /* names of packages, separated by commas */
	FORM_TIME,         /* ISO 8601 or YYYY-MM-DD HH:MM:SS */
	FORM_COUNT,
};

struct message;

struct field {
	const char *const *names; /* the first is the proper one; NULL at the end */
	enum field_type type;
	enum field_form form;
	bool required;
	bool secret;
	int64_t min, max;           /* value, length in bytes, or number of members */
	const char *const *choices; /* allowed texts (case ignored), NULL at the end; NULL: any */
	const char *refuse;         /* why it cannot be asked for; NULL: it can */
	const struct message *of;
	size_t offset; /* of the value in the struct */
	size_t extra;  /* of has_NAME or n_NAME */
};

struct message {
	const char *name;
	const struct field *fields;
	size_t n_fields;
	size_t size; /* of the struct */
};

/* The faults found so far, "FIELD: REASON" each. */
struct faults {
	struct arena *arena;
	size_t count;
	const char *field[DECODE_FAULTS_MAX];
	const char *reason[DECODE_FAULTS_MAX];
};

void faults_init(struct faults *f, struct arena *arena);
void faults_add(struct faults *f, const char *field, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* All in one sentence into E (ERR_INVALID), or ERR_OK when there are none. */
enum err_code faults_report(const struct faults *f, struct err *e);
/* [{"field", "reason"}], for programs; the caller's. */
struct json *faults_json(const struct faults *f);

/* Decode IN (anything; not an object is a fault) into the zeroed struct OUT of M's size.  PATH is
 * put in front of field names ("" for none).  CLEAN, an object or NULL, gets all of IN with
 * proper names and types.  OUT points into IN and into the arena of F. */
void decode(const struct message *m, const struct json *in, const char *path, void *out,
            struct json *clean, struct faults *f);

/* NULL when TEXT has the form, else the reason as the end of a sentence. */
const char *form_fault(enum field_form form, const char *text);
/* The form's name as used in api/ ("host"). */
const char *form_name(enum field_form form);
