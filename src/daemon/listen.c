#include "daemon/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

#define BACKLOG 512

static void set_on(int fd, int level, int name)
{
	int on = 1;

	(void)setsockopt(fd, level, name, &on, sizeof(on));
}

static enum err_code bind_one(const struct addrinfo *a, int *out, struct err *e)
{
	CLEANUP(close_fd)
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_errno(e, ERR_IO, "socket");
	set_on(fd, SOL_SOCKET, SO_REUSEADDR);
	/* inherited by accepted sockets; without it a TLS reply waits for a delayed ACK */
	set_on(fd, IPPROTO_TCP, TCP_NODELAY);
	if (a->ai_family == AF_INET6)
		set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (bind(fd, a->ai_addr, a->ai_addrlen) != 0)
		return err_errno(e, ERR_IO, "bind");
	if (listen(fd, BACKLOG) != 0)
		return err_errno(e, ERR_IO, "listen");
	*out = fd;
	fd = -1;
	return ERR_OK;
}

static enum err_code bind_all(const struct addrinfo *list, struct listen_sockets *s, struct err *e)
{
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		if (s->len == LISTEN_SOCKETS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d sockets", LISTEN_SOCKETS_MAX);
		TRY(bind_one(a, &s->fds[s->len], e));
		s->len++;
	}
	return ERR_OK;
}

static enum err_code bind_addr(const struct config_addr *addr, struct listen_sockets *s,
                               struct err *e)
{
	static const struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	enum err_code rc;
	int failure = getaddrinfo(addr->host, addr->port, &hints, &list);

	if (failure)
		return err_set(e, ERR_IO, "listen on %s: %s", addr->host, gai_strerror(failure));
	rc = bind_all(list, s, e);
	freeaddrinfo(list);
	return rc == ERR_OK ? rc : err_wrap(e, "listen on %s port %s", addr->host, addr->port);
}

enum err_code listen_tcp(const struct config *c, struct listen_sockets *s, struct err *e)
{
	s->len = 0;
	for (size_t i = 0; i < c->listen_len; i++) {
		enum err_code rc = bind_addr(&c->listen[i], s, e);

		if (rc != ERR_OK) {
			listen_close(s);
			return rc;
		}
	}
	return ERR_OK;
}

enum err_code listen_unix(const char *path, int *out, struct err *e)
{
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	mode_t mask;
	int rc;

	if (fd < 0)
		return err_errno(e, ERR_IO, "socket");
	if (strlen(path) >= sizeof(a.sun_path))
		return err_set(e, ERR_LIMIT, "path \"%s\" is too long for a socket", path);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	/* the caller holds the lock of the data directory: nobody else listens here */
	if (unlink(path) != 0 && errno != ENOENT)
		return err_errno(e, ERR_IO, "remove \"%s\"", path);
	mask = umask(0177);
	rc = bind(fd, (struct sockaddr *)&a, sizeof(a));
	umask(mask);
	if (rc != 0 || listen(fd, BACKLOG) != 0)
		return err_errno(e, ERR_IO, "listen on \"%s\"", path);
	*out = fd;
	fd = -1;
	return ERR_OK;
}

void listen_close(struct listen_sockets *s)
{
	for (size_t i = 0; i < s->len; i++)
		close_fd(&s->fds[i]);
	s->len = 0;
}
