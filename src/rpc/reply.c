#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "rpc/call.h"

#define REPLY_MAX (64u << 20)

int reply_http_status(const char *request_status)
{
	static const struct {
		const char *status;
		int code;
	} rows[] = {
		{ "Ok", 200 },
		{ "AuthRequired", 401 },
		{ "AccessDenied", 403 },
		{ "ObjectNotFound", 404 },
		{ "InvalidRequest", 400 },
		{ "TryAgain", 503 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (str_eq(rows[i].status, request_status))
			return rows[i].code;
	}
	return 500;
}

const char *reply_sentence(struct arena *a, const char *text)
{
	size_t len = strlen(text);
	char *s;

	if (len == 0)
		return "";
	s = arena_printf(a, "%s%s", text, strchr(".!?", text[len - 1]) ? "" : ".");
	/* a name in front ('datadir' ...) stays as it is */
	s[0] = (char)toupper((unsigned char)s[0]);
	return s;
}

static void add_error(struct rpc_call *c, const struct err *e)
{
	const char *text = c->exact_text ? e->text : reply_sentence(c->arena, e->text);

	if (str_empty(text))
		return; /* a wrong login is refused without a word */
	if (!str_empty(e->hint))
		text = arena_printf(c->arena, "%s %s", text, reply_sentence(c->arena, e->hint));
	json_set_str(c->out, "error_string", text);
}

/* Numbers and short texts come back as they were. */
static void echo(struct rpc_call *c, const char *key)
{
	struct json *v = json_get(c->in, key);

	if (json_is_int(v) || (json_is_string(v) && strlen(json_str(v)) <= 64))
		json_set(c->out, key, json_ref(v));
}

static void add_user(struct rpc_call *c)
{
	struct json *messages;

	if (c->user.id == 0)
		return;
	messages = json_array_new();
	json_append_str(messages,
	                arena_printf(c->arena, "RPC V2 authenticated user is '%s'.", c->user.name));
	json_set(c->out, "debug_messages", messages);
	json_set_int(c->out, "request_user_id", c->user.id);
}

static void add_envelope(struct rpc_call *c, const char *status)
{
	char now[CLOCK_ISO_SIZE];

	json_set_str(c->out, "request_status", status);
	json_set_str(c->out, "controller_id", c->rpc->controller_id);
	json_set_str(c->out, "request_processed", clock_iso(clock_wall_ms(), now));
	echo(c, "request_id");
	echo(c, "request_created");
	add_user(c);
}

static void log_failure(const struct rpc_call *c, const struct err *e)
{
	enum log_level level =
	        reply_http_status(err_rpc_status(e->code)) >= 500 ? LOG_WARNING : LOG_DEBUG;

	if (e->code != ERR_OK)
		log_err(level, c->op ? c->op->name : "request", e);
}

/* What the operation had put together so far does not go out with an error, but for the list of
 * faulty fields. */
static void drop_result(struct rpc_call *c)
{
	struct json *faults = json_ref(json_get(c->out, "field_errors"));

	json_free(&c->out);
	c->out = json_object_new();
	if (faults)
		json_set(c->out, "field_errors", faults);
}

void reply_send(struct rpc_call *c, const struct err *e)
{
	const char *status = err_rpc_status(e->code);
	struct rpc_reply reply = { .http_status = c->http_status };
	rpc_reply_fn fn = c->fn;
	void *ctx = c->ctx;
	struct strbuf text;

	if (!fn)
		return;
	c->fn = NULL; /* the client may go away while it is answered */
	c->ctx = NULL;
	log_failure(c, e);
	if (e->code != ERR_OK) {
		drop_result(c);
		add_error(c, e);
	}
	add_envelope(c, status);
	strbuf_init(&text, REPLY_MAX);
	json_dump(c->out, &text);
	if (text.overflow) {
		strbuf_reset(&text);
		strbuf_adds(&text, "{\"request_status\": \"UnknownError\", \"error_string\": "
		                   "\"The reply is too large: use limit and offset.\"}");
		status = "UnknownError";
	}
	if (reply.http_status == 0)
		reply.http_status = reply_http_status(status);
	reply.set_cookie = c->set_cookie[0] ? c->set_cookie : NULL;
	reply.body = strbuf_cstr(&text);
	reply.len = text.len;
	fn(ctx, &reply);
	strbuf_release(&text);
}

void call_set_list(struct rpc_call *c, const char *key, struct json *list, int64_t total)
{
	json_set(c->out, key, list);
	json_set_int(c->out, "total", total);
}
