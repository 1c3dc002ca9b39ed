/* Lines of a libpq password file: host:port:database:user:password. */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"

/* One line with newline; NULL is "*", ":" and "\" are escaped.  Write it to a buffer released with
 * strbuf_release_secret().  ERR_INVALID for a newline, which the format cannot hold. */
enum err_code passfile_line(struct strbuf *out, const char *host, const char *port,
                            const char *database, const char *user, const char *password,
                            struct err *e);
