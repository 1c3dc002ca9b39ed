#include "daemon/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int) * CHANNEL_FDS_MAX)];
};

enum err_code channel_pair(int fds[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return err_errno(e, ERR_IO, "socketpair");
	return ERR_OK;
}

static enum err_code send_packet(int fd, struct msghdr *h, struct err *e)
{
	ssize_t n;

	do
		n = sendmsg(fd, h, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_errno(e, ERR_IO, "send to child") : ERR_OK;
}

static void put_fds(struct msghdr *h, union control *control, const int *fds, size_t fds_len)
{
	struct cmsghdr *c;

	if (fds_len == 0)
		return;
	memset(control, 0, sizeof(*control));
	h->msg_control = control->space;
	h->msg_controllen = CMSG_SPACE(sizeof(int) * fds_len);
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * fds_len);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * fds_len);
}

enum err_code channel_send(int fd, const char *what, struct json *body, const char *const *names,
                           const int *fds, size_t fds_len, struct err *e)
{
	struct json *list = json_array_new();
	struct msghdr h = { 0 };
	union control control;
	struct iovec text;
	enum err_code rc;

	if (!body)
		body = json_object_new();
	for (size_t i = 0; i < fds_len; i++)
		json_append_str(list, names[i]);
	json_set(body, "fds", list);
	json_set_str(body, "what", what);
	text.iov_base = json_dumps(body);
	text.iov_len = strlen(text.iov_base);
	h.msg_iov = &text;
	h.msg_iovlen = 1;
	put_fds(&h, &control, fds, fds_len);
	if (text.iov_len > CHANNEL_TEXT_MAX || fds_len > CHANNEL_FDS_MAX)
		rc = err_set(e, ERR_LIMIT, "message to child is too long");
	else
		rc = send_packet(fd, &h, e);
	free(text.iov_base);
	json_free(&body);
	return rc;
}

static void get_fds(struct msghdr *h, struct channel_msg *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return;
	m->fds_len = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(m->fds, CMSG_DATA(c), m->fds_len * sizeof(int));
}

enum err_code channel_recv(int fd, struct channel_msg *m, struct err *e)
{
	CLEANUP(free_str) char *buf = xcalloc(1, CHANNEL_TEXT_MAX);
	struct iovec text = { .iov_base = buf, .iov_len = CHANNEL_TEXT_MAX };
	struct channel_msg got = { 0 };
	union control control;
	struct msghdr h = { .msg_iov = &text,
		            .msg_iovlen = 1,
		            .msg_control = control.space,
		            .msg_controllen = sizeof(control.space) };
	ssize_t n;

	do
		n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return err_set(e, ERR_IO, "the other end has closed");
	get_fds(&h, &got);
	if (json_parse(buf, (size_t)n, &got.body, e) != ERR_OK ||
	    json_len(json_get(got.body, "fds")) != got.fds_len) {
		channel_msg_release(&got);
		return err_set(e, ERR_PARSE, "malformed message");
	}
	*m = got;
	return ERR_OK;
}

int channel_take_fd(struct channel_msg *m, const char *name)
{
	const struct json *names = json_get(m->body, "fds");

	for (size_t i = 0; i < m->fds_len; i++) {
		int fd = m->fds[i];

		if (fd < 0 || !str_eq(json_str(json_at(names, i)), name))
			continue;
		m->fds[i] = -1;
		return fd;
	}
	return -1;
}

void channel_msg_release(struct channel_msg *m)
{
	for (size_t i = 0; i < m->fds_len; i++)
		close_fd(&m->fds[i]);
	json_free(&m->body);
	*m = (struct channel_msg){ 0 };
}
