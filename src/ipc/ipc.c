#include "ipc/ipc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "ipc/conn.h"

#define HEADER_LEN 4

enum err_code ipc_pair(int fds[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return err_errno(e, ERR_IO, "socketpair");
	return ERR_OK;
}

struct ipc_conn *ipc_new(int fd)
{
	struct ipc_conn *c = xcalloc(1, sizeof(*c));

	c->fd = fd;
	c->next_id = 1;
	strbuf_init(&c->in, IPC_FRAME_MAX + HEADER_LEN + IPC_READ_CHUNK);
	strbuf_init(&c->out, IPC_QUEUE_MAX);
	return c;
}

void ipc_free(struct ipc_conn **c)
{
	struct ipc_conn *conn = *c;

	*c = NULL;
	if (!conn)
		return;
	ipc_fail_pending(conn);
	for (size_t i = conn->inbox_first; i < conn->inbox_len; i++)
		json_free(&conn->inbox[i]);
	free(conn->inbox);
	free(conn->pending);
	strbuf_release_secret(&conn->in);
	strbuf_release_secret(&conn->out);
	close_fd(&conn->fd);
	free(conn);
}

int ipc_fd(const struct ipc_conn *c)
{
	return c->fd;
}

void ipc_msg_release(struct ipc_msg *m)
{
	json_free(&m->frame);
	*m = (struct ipc_msg){ 0 };
}

/* ---- in ---- */

static size_t frame_len(const char *header)
{
	const unsigned char *h = (const unsigned char *)header;

	return (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
}

/* Bytes of the first frame's JSON; false: not complete yet. */
static bool first_frame(const struct ipc_conn *c, size_t *len)
{
	if (c->in.len - c->in_pos < HEADER_LEN)
		return false;
	*len = frame_len(c->in.data + c->in_pos);
	return c->in.len - c->in_pos - HEADER_LEN >= *len;
}

static bool frame_too_long(const struct ipc_conn *c)
{
	return c->in.len - c->in_pos >= HEADER_LEN &&
	       frame_len(c->in.data + c->in_pos) > IPC_FRAME_MAX;
}

static void drop_read(struct ipc_conn *c)
{
	strbuf_consume(&c->in, c->in_pos);
	c->in_pos = 0;
}

enum err_code ipc_read(struct ipc_conn *c, struct err *e)
{
	char chunk[IPC_READ_CHUNK];

	/* a complete frame is taken out by ipc_next() before more is read: the buffer is bounded */
	for (;;) {
		size_t len;
		ssize_t n;

		if (frame_too_long(c))
			return err_set(e, ERR_LIMIT, "frame is longer than %u bytes",
			               IPC_FRAME_MAX);
		if (first_frame(c, &len))
			return ERR_OK;
		n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return ERR_OK;
		if (n < 0)
			return err_errno(e, ERR_IO, "connection broke");
		if (n == 0)
			return err_set(e, ERR_IO, "connection closed%s",
			               c->in.len > c->in_pos ? " within a frame" : "");
		drop_read(c);
		strbuf_add(&c->in, chunk, (size_t)n);
	}
}

static enum err_code msg_from_frame(struct json *frame, struct ipc_msg *m, struct err *e)
{
	struct ipc_msg msg = { .frame = frame };

	msg.id = json_get_int(frame, "id", 0);
	msg.call = json_get_str(frame, "call");
	msg.args = json_get(frame, "args");
	if (!json_is_object(frame) || msg.id < 0 || (!msg.call && msg.id == 0)) {
		json_free(&msg.frame);
		return err_set(e, ERR_PARSE, "frame is neither call, answer nor note");
	}
	*m = msg;
	return ERR_OK;
}

enum err_code ipc_next(struct ipc_conn *c, struct ipc_msg *m, struct err *e)
{
	struct json *frame = NULL;
	enum err_code rc;
	size_t len;

	*m = (struct ipc_msg){ 0 };
	if (frame_too_long(c))
		return err_set(e, ERR_LIMIT, "frame is longer than %u bytes", IPC_FRAME_MAX);
	if (!first_frame(c, &len))
		return ERR_OK;
	rc = json_parse(c->in.data + c->in_pos + HEADER_LEN, len, &frame, e);
	c->in_pos += HEADER_LEN + len;
	if (c->in_pos == c->in.len)
		drop_read(c);
	if (rc != ERR_OK)
		return err_wrap(e, "frame");
	return msg_from_frame(frame, m, e);
}

/* ---- out ---- */

bool ipc_wants_write(const struct ipc_conn *c)
{
	return c->out.len > c->out_pos;
}

enum err_code ipc_write(struct ipc_conn *c, struct err *e)
{
	while (ipc_wants_write(c)) {
		ssize_t n = send(c->fd, c->out.data + c->out_pos, c->out.len - c->out_pos,
		                 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return ERR_OK;
		if (n < 0)
			return err_errno(e, ERR_IO, "connection broke");
		c->out_pos += (size_t)n;
	}
	strbuf_reset(&c->out);
	c->out_pos = 0;
	return ERR_OK;
}

static void put_header(char *header, size_t len)
{
	for (int i = 0; i < HEADER_LEN; i++)
		header[i] = (char)(len >> (8 * (HEADER_LEN - 1 - i)));
}

static enum err_code dump_frame(const struct json *j, struct strbuf *b, struct err *e)
{
	strbuf_init(b, IPC_FRAME_MAX + HEADER_LEN);
	strbuf_add(b, "\0\0\0", HEADER_LEN);
	json_dump(j, b);
	if (b->overflow) {
		strbuf_release_secret(b);
		return err_set(e, ERR_LIMIT, "message is longer than %u bytes", IPC_FRAME_MAX);
	}
	put_header(b->data, b->len - HEADER_LEN);
	return ERR_OK;
}

enum err_code ipc_frame_bytes(const struct json *j, char **out, size_t *len, struct err *e)
{
	struct strbuf b;

	TRY(dump_frame(j, &b, e));
	*len = b.len;
	*out = strbuf_take(&b);
	return ERR_OK;
}

enum err_code ipc_queue(struct ipc_conn *c, struct json *frame, struct err *e)
{
	struct strbuf b;
	enum err_code rc = dump_frame(frame, &b, e);

	json_free(&frame);
	if (rc != ERR_OK)
		return rc;
	if (c->out_pos > 0) {
		strbuf_consume(&c->out, c->out_pos);
		c->out_pos = 0;
	}
	if (c->out.len + b.len > IPC_QUEUE_MAX)
		rc = err_set(e, ERR_LIMIT, "more than %u bytes wait to be sent", IPC_QUEUE_MAX);
	else
		strbuf_add(&c->out, b.data, b.len);
	strbuf_release_secret(&b);
	return rc;
}
