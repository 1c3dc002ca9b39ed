/* Settings of pgtandemd: an ini file, checked as a whole, every option a row of one table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/strbuf.h"

#define CONFIG_FILE_DEFAULT "/etc/pgtandem/pgtandemd.conf"
#define CONFIG_LISTEN_MAX   16
#define CONFIG_ERRORS_MAX   100

struct config_addr {
	char host[256]; /* name or number; IPv6 without brackets */
	char port[8];
};

struct config {
	struct config_addr listen[CONFIG_LISTEN_MAX];
	size_t listen_len;
	char *api_user; /* "": pgtandem if that user exists, else nobody */
	char *tls_cert; /* "": self-signed, made at the first start */
	char *tls_key;
	int64_t session_timeout_s;
	char *data_dir;
	char *run_dir;
	char *libexec_dir; /* "": the daemon's own directory */
	enum log_level log_level;
	int64_t max_jobs;
	int64_t monitor_interval_ms;
};

/* Everything at its default. */
void config_init(struct config *c);
void config_release(struct config *c);
/* Read TEXT over C.  Every mistake becomes a line "NAME:LINE: sentence" in ERRORS; gives their
 * number. */
size_t config_parse(struct config *c, const char *name, const char *text, struct strbuf *errors);
/* One value from the command line, by its key ("data_dir"). */
enum err_code config_set(struct config *c, const char *key, const char *value, struct err *e);
/* What concerns several settings together. */
size_t config_check(const struct config *c, const char *name, struct strbuf *errors);
/* Write C so that config_parse() gives the same again. */
void config_dump(const struct config *c, struct strbuf *out);
/* The port of the first listener. */
int config_port(const struct config *c);
/* "127.0.0.1:9501", "[::1]:9501" or "name:9501" into A. */
enum err_code config_addr_parse(const char *text, struct config_addr *a, struct err *e);
