/* The HTTP side of the api process: TLS listeners, limits, time limits; every POST goes to the
 * RPC layer, GET / is a page for people. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct event_base;
struct http_server;
struct rpc;

/* Zero or NULL means the default.  Nothing is kept of it but the numbers. */
struct http_server_config {
	const int *listen_fds; /* bound and listening sockets; owned by the server from now on */
	size_t n_listen_fds;
	const char *cert_pem; /* certificate chain and key as texts, or ... */
	const char *key_pem;
	const char *cert_file; /* ... as files */
	const char *key_file;
	size_t body_max;             /* default 1 MiB */
	int connections_max;         /* default 256 */
	int connections_per_address; /* default 64 */
	int request_timeout_s; /* default 30: from accept (or the last reply, doubled) to request */
};

/* Start to serve on BASE.  RPC stays the caller's and must live longer. */
enum err_code http_server_new(struct event_base *base, const struct http_server_config *config,
                              struct rpc *rpc, struct http_server **out, struct err *e);
/* Close listeners and connections. */
void http_server_free(struct http_server **s);
