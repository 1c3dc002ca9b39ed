/* HTTP to one controller: the only door to the HTTP library.  Cookies live as long as the
 * connection object; proxies are never used. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "cli/url.h"

#define HTTP_REPLY_MAX (64u << 20)

struct http;

/* Whom to believe: one certificate (PEM), the authorities in a file, or with neither anybody. */
struct http_conf {
	struct url url;
	const char *pem;
	const char *ca_file;
	int64_t connect_timeout_s;
	const volatile sig_atomic_t *stop; /* raised: give up with ERR_CANCELLED */
};

enum err_code http_new(const struct http_conf *conf, struct http **out, struct err *e);
void http_free(struct http **h);
/* POST a JSON text to PATH ("/v2/auth"); the body is appended whatever its HTTP status is.
 * ERR_UNREACHABLE, ERR_TIMEOUT, ERR_CANCELLED, or ERR_REFUSED when the certificate is not the
 * right one. */
enum err_code http_post(struct http *h, const char *path, const char *body, size_t len,
                        struct strbuf *reply, struct err *e);
/* The certificate (PEM) that the controller shows, believing nobody and sending nothing. */
enum err_code http_certificate(const struct http_conf *conf, struct strbuf *pem, struct err *e);
