#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "ipc/conn.h"
#include "ipc/ipc.h"

struct json *ipc_envelope_call(int64_t id, const char *call, struct json *args)
{
	struct json *j = json_object_new();

	if (id > 0)
		json_set_int(j, "id", id);
	json_set_str(j, "call", call);
	json_set(j, "args", args ? args : json_object_new());
	return j;
}

static enum err_code post(struct ipc_conn *c, struct json *frame, struct err *e)
{
	TRY(ipc_queue(c, frame, e));
	return ipc_write(c, e);
}

enum err_code ipc_post_note(struct ipc_conn *c, const char *call, struct json *args, struct err *e)
{
	return post(c, ipc_envelope_call(0, call, args), e);
}

static struct json *envelope_answer(int64_t id, enum err_code status, struct json *result)
{
	struct json *j = json_object_new();

	json_set_int(j, "id", id);
	json_set_str(j, "status", err_name(status));
	if (result)
		json_set(j, "result", result);
	return j;
}

enum err_code ipc_post_result(struct ipc_conn *c, int64_t id, struct json *result, struct err *e)
{
	return post(c, envelope_answer(id, ERR_OK, result), e);
}

enum err_code ipc_post_error(struct ipc_conn *c, int64_t id, const struct err *failure,
                             struct json *result, struct err *e)
{
	struct json *j = envelope_answer(id, failure->code, result);

	json_set_str(j, "error", str_or(failure->text, err_code_text(failure->code)));
	if (!str_empty(failure->hint))
		json_set_str(j, "hint", failure->hint);
	return post(c, j, e);
}

void ipc_answer_status(const struct json *frame, struct err *failure)
{
	const char *status = json_get_str(frame, "status");
	const char *hint = json_get_str(frame, "hint");

	err_clear(failure);
	if (str_eq(status, err_name(ERR_OK)))
		return;
	err_set(failure, status ? err_code_of(status) : ERR_INTERNAL, "%s",
	        str_or(json_get_str(frame, "error"), "answer without a reason"));
	if (hint)
		err_hint(failure, "%s", hint);
}

/* ---- requests ---- */

static void pending_add(struct ipc_conn *c, int64_t id, ipc_answer_fn fn, void *ctx)
{
	if (c->pending_len == c->pending_cap) {
		c->pending_cap = c->pending_cap ? c->pending_cap * 2 : 8;
		c->pending = xrealloc(c->pending, c->pending_cap, sizeof(*c->pending));
	}
	c->pending[c->pending_len++] = (struct ipc_pending){ id, fn, ctx };
}

static bool pending_take(struct ipc_conn *c, int64_t id, struct ipc_pending *out)
{
	for (size_t i = 0; i < c->pending_len; i++) {
		if (c->pending[i].id != id)
			continue;
		*out = c->pending[i];
		c->pending[i] = c->pending[--c->pending_len];
		return true;
	}
	return false;
}

enum err_code ipc_request(struct ipc_conn *c, const char *call, struct json *args, ipc_answer_fn fn,
                          void *ctx, struct err *e)
{
	int64_t id = c->next_id;
	enum err_code rc;

	if (c->pending_len >= IPC_PENDING_MAX) {
		json_free(&args);
		return err_set(e, ERR_BUSY, "%d requests wait for an answer", IPC_PENDING_MAX);
	}
	rc = ipc_queue(c, ipc_envelope_call(id, call, args), e);
	if (rc != ERR_OK)
		return rc;
	c->next_id++;
	pending_add(c, id, fn, ctx);
	/* a broken connection shows itself to ipc_serve() or ipc_free(), which fail the request */
	(void)ipc_write(c, NULL);
	return ERR_OK;
}

void ipc_forget(struct ipc_conn *c, const void *ctx)
{
	for (size_t i = 0; i < c->pending_len; i++) {
		if (c->pending[i].ctx == ctx)
			c->pending[i].fn = NULL;
	}
}

void ipc_fail_pending(struct ipc_conn *c)
{
	struct err failure = { 0 };

	err_set(&failure, ERR_UNREACHABLE, "the other process has ended");
	err_hint(&failure, "try again");
	while (c->pending_len > 0) {
		struct ipc_pending p = c->pending[--c->pending_len];

		if (p.fn)
			p.fn(p.ctx, &failure, NULL);
	}
}

static void answer(struct ipc_conn *c, const struct ipc_msg *m)
{
	struct ipc_pending p;
	struct err failure;

	if (!pending_take(c, m->id, &p) || !p.fn)
		return;
	ipc_answer_status(m->frame, &failure);
	p.fn(p.ctx, &failure, json_get(m->frame, "result"));
}

enum err_code ipc_serve(struct ipc_conn *c, ipc_handler_fn fn, void *ctx, struct err *e)
{
	struct ipc_msg m;

	TRY(ipc_read(c, e));
	for (;;) {
		TRY(ipc_next(c, &m, e));
		if (!m.frame)
			return ERR_OK;
		if (m.call)
			fn(ctx, c, &m);
		else
			answer(c, &m);
		ipc_msg_release(&m);
	}
}
