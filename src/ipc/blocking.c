#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ipc/conn.h"
#include "ipc/ipc.h"

static enum err_code wait_for(struct ipc_conn *c, short events, int64_t deadline_ms, struct err *e)
{
	struct pollfd p = { .fd = c->fd, .events = events };

	for (;;) {
		int64_t left = deadline_ms < 0 ? -1 : deadline_ms - clock_mono_ms();
		int n;

		if (deadline_ms >= 0 && left < 0)
			left = 0;
		n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
		if (n > 0)
			return ERR_OK;
		if (n < 0 && errno != EINTR)
			return err_errno(e, ERR_IO, "poll");
		if (n == 0)
			return err_set(e, ERR_TIMEOUT, "nothing received in time");
	}
}

/* The next frame of whatever kind. */
static enum err_code next_blocking(struct ipc_conn *c, struct ipc_msg *m, int64_t deadline_ms,
                                   struct err *e)
{
	for (;;) {
		TRY(ipc_next(c, m, e));
		if (m->frame)
			return ERR_OK;
		TRY(wait_for(c, POLLIN, deadline_ms, e));
		TRY(ipc_read(c, e));
	}
}

static enum err_code inbox_put(struct ipc_conn *c, struct ipc_msg *m, struct err *e)
{
	if (c->inbox_first == c->inbox_len)
		c->inbox_first = c->inbox_len = 0;
	if (c->inbox_len >= IPC_INBOX_MAX) {
		ipc_msg_release(m);
		return err_set(e, ERR_LIMIT, "more than %d unread messages", IPC_INBOX_MAX);
	}
	c->inbox = xrealloc(c->inbox, c->inbox_len + 1, sizeof(struct json *));
	c->inbox[c->inbox_len++] = m->frame;
	return ERR_OK;
}

static bool inbox_take(struct ipc_conn *c, struct ipc_msg *m)
{
	struct json *frame;

	if (c->inbox_first == c->inbox_len)
		return false;
	frame = c->inbox[c->inbox_first++];
	*m = (struct ipc_msg){ frame, json_get_int(frame, "id", 0), json_get_str(frame, "call"),
		               json_get(frame, "args") };
	return true;
}

static enum err_code send_blocking(struct ipc_conn *c, struct json *frame, struct err *e)
{
	TRY(ipc_queue(c, frame, e));
	for (;;) {
		TRY(ipc_write(c, e));
		if (!ipc_wants_write(c))
			return ERR_OK;
		TRY(wait_for(c, POLLOUT, -1, e));
	}
}

static enum err_code take_answer(struct ipc_msg *m, struct json **result, struct err *e)
{
	struct err failure;

	ipc_answer_status(m->frame, &failure);
	if (failure.code == ERR_OK && result)
		*result = json_ref(json_get(m->frame, "result"));
	ipc_msg_release(m);
	if (failure.code != ERR_OK && e)
		*e = failure;
	return failure.code;
}

enum err_code ipc_call(struct ipc_conn *c, const char *call, struct json *args,
                       struct json **result, struct err *e)
{
	int64_t id = c->next_id++;
	struct ipc_msg m;

	TRY(send_blocking(c, ipc_envelope_call(id, call, args), e));
	for (;;) {
		TRY(next_blocking(c, &m, -1, e));
		if (!m.call && m.id == id)
			return take_answer(&m, result, e);
		if (m.call)
			TRY(inbox_put(c, &m, e));
		else
			ipc_msg_release(&m);
	}
}

enum err_code ipc_note(struct ipc_conn *c, const char *call, struct json *args, struct err *e)
{
	return send_blocking(c, ipc_envelope_call(0, call, args), e);
}

enum err_code ipc_recv(struct ipc_conn *c, struct ipc_msg *m, int64_t timeout_ms, struct err *e)
{
	int64_t deadline_ms = timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;

	if (inbox_take(c, m))
		return ERR_OK;
	for (;;) {
		struct ipc_msg got;

		TRY(next_blocking(c, &got, deadline_ms, e));
		if (got.call) {
			*m = got;
			return ERR_OK;
		}
		ipc_msg_release(&got);
	}
}
