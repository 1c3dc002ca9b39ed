/* JSON: the only door to the JSON library.  Parsing refuses duplicate keys, NUL, depth over
 * JSON_DEPTH_MAX and input over the given size.  A struct json is reference counted:
 * functions named ..._new, _parse, _copy give the caller a reference (json_free), the
 * getters borrow, the setters take a reference over ("steal") unless they say otherwise. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "strbuf.h"

#define JSON_DEPTH_MAX 64

/* The library has functions of these names; ours must not take their place when linked. */
#define json_copy  pgtandem_json_copy
#define json_equal pgtandem_json_equal
#define json_dumps pgtandem_json_dumps

struct json;

/* Parse one document; TEXT need not be NUL-terminated.  Raw control characters inside
 * strings are accepted (public clients send them), but in names only \n \r \t. */
enum err_code json_parse(const char *text, size_t len, struct json **out, struct err *e);
void json_free(struct json **j);
struct json *json_ref(struct json *j);
struct json *json_copy(const struct json *j); /* deep */

struct json *json_object_new(void);
struct json *json_array_new(void);
struct json *json_string_new(const char *s); /* invalid UTF-8 is replaced by '?' */
struct json *json_int_new(int64_t v);
struct json *json_real_new(double v);
struct json *json_bool_new(bool v);
struct json *json_null_new(void);

bool json_is_object(const struct json *j);
bool json_is_array(const struct json *j);
bool json_is_string(const struct json *j);
bool json_is_int(const struct json *j);
bool json_is_real(const struct json *j);
bool json_is_bool(const struct json *j);
bool json_is_null(const struct json *j); /* JSON null or NULL */

/* Members; all accept a NULL or non-object J and then give NULL or the default. */
struct json *json_get(const struct json *j, const char *key);
const char *json_get_str(const struct json *j, const char *key); /* NULL when not a string */
/* Numbers also from numeric strings, booleans also from "true"/"false"/0/1, as the wire has it. */
int64_t json_get_int(const struct json *j, const char *key, int64_t dflt);
double json_get_real(const struct json *j, const char *key, double dflt);
bool json_get_bool(const struct json *j, const char *key, bool dflt);
const char *json_str(const struct json *j); /* value of a string, else NULL */
int64_t json_int(const struct json *j, int64_t dflt);
double json_double(const struct json *j, double dflt);
bool json_bool(const struct json *j, bool dflt);

size_t json_len(const struct json *j);                /* members of an array or object */
struct json *json_at(const struct json *j, size_t i); /* element of an array, borrowed */
/* Iterate an object's members: start with *iter = NULL; false at the end. */
bool json_next(const struct json *j, void **iter, const char **key, struct json **value);

void json_set(struct json *j, const char *key, struct json *value); /* steals; NULL: left out */
void json_set_str(struct json *j, const char *key, const char *s);  /* NULL: key is left out */
void json_set_int(struct json *j, const char *key, int64_t v);
void json_set_real(struct json *j, const char *key, double v);
void json_set_bool(struct json *j, const char *key, bool v);
void json_setf(struct json *j, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4);
void json_del(struct json *j, const char *key);
void json_append(struct json *j, struct json *value); /* steals VALUE */
void json_append_str(struct json *j, const char *s);
void json_set_at(struct json *j, size_t i, struct json *value); /* replace, steals VALUE */
/* Copy every member of FROM (shared references) into J, replacing. */
void json_update(struct json *j, const struct json *from);
bool json_equal(const struct json *a, const struct json *b);

/* Write compact (one line) or pretty (4 blanks) raw UTF-8, keys sorted, never \uXXXX for
 * printable characters; other control characters become blanks. */
void json_dump(const struct json *j, struct strbuf *out);
void json_dump_pretty(const struct json *j, struct strbuf *out);
char *json_dumps(const struct json *j); /* compact; caller frees */
