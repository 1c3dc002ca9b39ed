/* The certificate that the API shows: the operator's, or a self-signed one of our own. */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"
#include "daemon/config.h"

/* Of our own pair: "server.crt", "server.key"; the caller frees it. */
char *tls_files_path(const struct config *c, const char *name);
/* Make the self-signed pair DATA_DIR/tls/server.{crt,key} unless it is there or not needed. */
enum err_code tls_files_ensure(const struct config *c, struct err *e);
/* Certificate chain and key as PEM texts; wipe KEY afterwards. */
enum err_code tls_files_read(const struct config *c, struct strbuf *cert, struct strbuf *key,
                             struct err *e);
