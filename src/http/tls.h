/* The TLS side of the listeners: one context for all connections. */
#pragma once

#include <openssl/ssl.h>

#include "base/err.h"
#include "http/server.h"

/* TLS 1.2 or newer, certificate chain and key from texts or files. */
enum err_code tls_context_new(const struct http_server_config *config, SSL_CTX **out,
                              struct err *e);
