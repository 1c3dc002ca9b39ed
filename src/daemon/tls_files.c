#include "daemon/tls_files.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

#define PEM_MAX (256u << 10)

char *tls_files_path(const struct config *c, const char *name)
{
	return xasprintf("%s/tls/%s", c->data_dir, name);
}

enum err_code tls_files_read(const struct config *c, struct strbuf *cert, struct strbuf *key,
                             struct err *e)
{
	CLEANUP(free_str) char *own_cert = tls_files_path(c, "server.crt");
	CLEANUP(free_str) char *own_key = tls_files_path(c, "server.key");

	TRY(fs_read(str_or(c->tls_cert, own_cert), PEM_MAX, cert, e));
	return fs_read(str_or(c->tls_key, own_key), PEM_MAX, key, e);
}
