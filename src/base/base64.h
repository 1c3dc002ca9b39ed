/* Base64 (RFC 4648, no line breaks). */
#pragma once

#include <stddef.h>

#include "err.h"
#include "strbuf.h"

void base64_encode(const void *data, size_t len, struct strbuf *out);
enum err_code base64_decode(const char *text, struct strbuf *out, struct err *e);
