#include "monitor/resolve.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"

struct resolve {
	resolve_done done;
	void *ctx;
	pid_t pid;
	int fd;
	struct event *event;
	char text[RESOLVE_ADDRESSES_MAX * (INET6_ADDRSTRLEN + 20)];
	size_t len;
};

/* What the child needs. */
struct question {
	const char *host;
	int fd;
};

bool resolve_is_address(const char *host)
{
	unsigned char raw[sizeof(struct in6_addr)];

	return *host == '/' || inet_pton(AF_INET, host, raw) == 1 ||
	       inet_pton(AF_INET6, host, raw) == 1;
}

static bool write_address(int fd, const struct addrinfo *ai, const char *before)
{
	char text[NI_MAXHOST];

	return getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text), NULL, 0,
	                   NI_NUMERICHOST) == 0 &&
	       fd_write_all(fd, before, strlen(before)) && fd_write_all(fd, text, strlen(text));
}

/* In the child: the addresses as text into the pipe, separated by commas. */
static int answer(void *ctx)
{
	const struct question *q = ctx;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *list = NULL, *ai;
	int n = 0;

	if (getaddrinfo(q->host, NULL, &hints, &list) != 0)
		return 1;
	for (ai = list; ai != NULL && n < RESOLVE_ADDRESSES_MAX; ai = ai->ai_next, n++) {
		if (!write_address(q->fd, ai, n == 0 ? "" : ","))
			return 1;
	}
	freeaddrinfo(list);
	return 0;
}

/* Until the child closes its end. */
static void on_answer(evutil_socket_t fd, short what, void *ctx)
{
	struct resolve *r = ctx;
	ssize_t n = read(fd, r->text + r->len, sizeof(r->text) - 1 - r->len);

	if (n > 0) {
		r->len += (size_t)n;
		return;
	}
	r->done(r->ctx, r->len > 0 ? r->text : NULL);
}

enum err_code resolve_start(struct event_base *base, const char *host, resolve_done done, void *ctx,
                            struct resolve **out, struct err *e)
{
	int fds[2];
	struct question q = { .host = host };
	struct resolve *r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_errno(e, ERR_IO, "pipe");
	q.fd = fds[1];
	if (proc_fork(answer, &q, false, &pid, e) != ERR_OK) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return err_wrap(e, "look up \"%s\"", host);
	}
	(void)close(fds[1]);
	r = xcalloc(1, sizeof(*r));
	*r = (struct resolve){ .done = done, .ctx = ctx, .pid = pid, .fd = fds[0] };
	r->event = event_new(base, r->fd, EV_READ | EV_PERSIST, on_answer, r);
	(void)event_add(r->event, NULL);
	*out = r;
	return ERR_OK;
}

void resolve_free(struct resolve **r)
{
	if (*r == NULL)
		return;
	event_free((*r)->event);
	(void)close((*r)->fd);
	proc_kill((*r)->pid, SIGKILL, false);
	(void)proc_reap((*r)->pid, true);
	free(*r);
	*r = NULL;
}
