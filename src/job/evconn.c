#include "job/evconn.h"

#include <stdlib.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/mem.h"

struct evconn {
	struct ipc_conn *ipc;
	struct event *readable, *writable;
	const struct evconn_ops *ops;
	void *ctx;
};

static void deliver(void *ctx, struct ipc_conn *ipc, const struct ipc_msg *m)
{
	struct evconn *c = ctx;

	c->ops->message(c->ctx, c, m);
}

enum err_code evconn_drain(struct evconn *c, struct err *e)
{
	return ipc_serve(c->ipc, deliver, c, e);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct evconn *c = ctx;
	struct err e = { 0 };

	if (evconn_drain(c, &e) == ERR_OK)
		return;
	event_del(c->readable);
	event_del(c->writable);
	c->ops->ended(c->ctx, c, &e);
}

/* A broken connection shows itself to the reader, which then ends it in one place. */
static void give_up(struct evconn *c)
{
	(void)shutdown(ipc_fd(c->ipc), SHUT_RDWR);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct evconn *c = ctx;

	if (ipc_write(c->ipc, NULL) != ERR_OK)
		give_up(c);
	else if (ipc_wants_write(c->ipc))
		event_add(c->writable, NULL);
}

struct evconn *evconn_new(struct event_base *base, int fd, const struct evconn_ops *ops, void *ctx)
{
	struct evconn *c = xcalloc(1, sizeof(*c));

	c->ipc = ipc_new(fd);
	c->ops = ops;
	c->ctx = ctx;
	c->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(base, fd, EV_WRITE, on_writable, c);
	event_add(c->readable, NULL);
	return c;
}

void evconn_free(struct evconn **c)
{
	struct evconn *conn = *c;

	*c = NULL;
	if (!conn)
		return;
	event_free(conn->readable);
	event_free(conn->writable);
	ipc_free(&conn->ipc);
	free(conn);
}

static void posted(struct evconn *c, enum err_code rc, const struct err *e)
{
	if (rc == ERR_LIMIT)
		log_err(LOG_WARNING, "internal connection", e);
	if (rc != ERR_OK)
		give_up(c);
	else if (ipc_wants_write(c->ipc))
		event_add(c->writable, NULL);
}

void evconn_note(struct evconn *c, const char *call, struct json *args)
{
	struct err e = { 0 };

	posted(c, ipc_post_note(c->ipc, call, args, &e), &e);
}

void evconn_result(struct evconn *c, int64_t id, struct json *result)
{
	struct err e = { 0 };

	posted(c, ipc_post_result(c->ipc, id, result, &e), &e);
}

void evconn_error(struct evconn *c, int64_t id, const struct err *failure)
{
	struct err e = { 0 };

	posted(c, ipc_post_error(c->ipc, id, failure, NULL, &e), &e);
}

enum err_code evconn_request(struct evconn *c, const char *call, struct json *args,
                             ipc_answer_fn fn, void *ctx, struct err *e)
{
	TRY(ipc_request(c->ipc, call, args, fn, ctx, e));
	if (ipc_wants_write(c->ipc))
		event_add(c->writable, NULL);
	return ERR_OK;
}

void evconn_forget(struct evconn *c, const void *ctx)
{
	ipc_forget(c->ipc, ctx);
}

int evconn_fd(const struct evconn *c)
{
	return ipc_fd(c->ipc);
}
