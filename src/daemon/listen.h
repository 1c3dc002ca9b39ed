/* Sockets that are bound before any child starts. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "daemon/config.h"

#define LISTEN_SOCKETS_MAX 20

struct listen_sockets {
	int fds[LISTEN_SOCKETS_MAX];
	size_t len;
};

/* Bind and listen on all addresses, or on none. */
enum err_code listen_tcp(const struct config *c, struct listen_sockets *s, struct err *e);
/* The local administrator's door, mode 0600; a dead socket in its place is replaced. */
enum err_code listen_unix(const char *path, int *fd, struct err *e);
void listen_close(struct listen_sockets *s);
