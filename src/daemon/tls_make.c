#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypt/cert.h"
#include "daemon/tls_files.h"

/* What clients may call us: the addresses that we listen on, those for all addresses left out. */
static size_t names_of(const struct config *c, const char *names[CONFIG_LISTEN_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < c->listen_len; i++) {
		const char *host = c->listen[i].host;

		if (!str_eq(host, "0.0.0.0") && !str_eq(host, "::"))
			names[len++] = host;
	}
	return len;
}

static enum err_code make(const struct config *c, const char *cert_path, const char *key_path,
                          struct err *e)
{
	CLEANUP(crypt_cert_release) struct crypt_cert made = { 0 };
	CLEANUP(free_str) char *dir = tls_files_path(c, "");
	const char *names[CONFIG_LISTEN_MAX];
	size_t len = names_of(c, names);

	TRY(crypt_cert_self_signed(names, len, &made, e));
	TRY(fs_mkdirs(dir, 0755, e));
	/* the certificate last: both are there when it is */
	TRY(fs_write_atomic(key_path, made.key.data, made.key.len, 0600, e));
	TRY(fs_write_atomic(cert_path, made.cert.data, made.cert.len, 0644, e));
	log_info("made a self-signed certificate: %s", cert_path);
	return ERR_OK;
}

enum err_code tls_files_ensure(const struct config *c, struct err *e)
{
	CLEANUP(free_str) char *cert = tls_files_path(c, "server.crt");
	CLEANUP(free_str) char *key = tls_files_path(c, "server.key");

	if (!str_empty(c->tls_cert) || (fs_exists(cert) && fs_exists(key)))
		return ERR_OK;
	if (make(c, cert, key, e) != ERR_OK)
		return err_wrap(e, "make a self-signed certificate");
	return ERR_OK;
}
