/* What objects on the wire have in common.  Only for the files of this folder. */
#pragma once

#include <stdint.h>

#include "base/json.h"

#define WIRE_ACL         "user::rwx,group::rwx,other::---"
#define WIRE_SYSTEM_USER "system"

/* ISO 8601; left out when it is 0. */
void wire_set_time(struct json *j, const char *key, int64_t wall_ms);
/* Free text, escaped. */
void wire_set_text(struct json *j, const char *key, const char *text);
/* JSON kept as text; left out when there is none. */
void wire_set_parsed(struct json *j, const char *key, const char *text);
void wire_set_strings(struct json *j, const char *key, const char *const *items, size_t n);
