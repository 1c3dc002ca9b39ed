/* Formats of the user, like "%I %-20N %S\n": one letter a field, with a width before it. */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "cli/screen.h"

/* Append the field LETTER; false: there is no such letter. */
typedef bool (*format_fn)(void *ctx, char letter, struct strbuf *out);

/* Append FORMAT filled in by FN; "${path}" and "#{path}" are members of OBJECT (may be NULL).
 * \n, \t, \e and \\ are understood, since shells pass them on as they are. */
void format_print(const struct screen *screen, const char *format, format_fn fn, void *ctx,
                  const struct json *object, struct strbuf *out);
/* The value of a member as text: strings as they are, everything else in JSON; "" for none. */
void format_value(const struct json *value, struct strbuf *out);
