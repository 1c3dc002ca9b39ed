#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "rpc/call.h"

#define PENDING_MAX          256 /* logins with a key that wait for their signature */
#define PENDING_PER_PEER_MAX 32
#define CHALLENGE_MS         60000
#define TICK_MS              1000
#define PATH_SIZE            128
#define NAME_SHOWN           64

static int or_default(int value, int dflt)
{
	return value ? value : dflt;
}

static void take_config(struct rpc *r, const struct rpc_config *config)
{
	struct rpc_config *c = &r->config;

	*c = *config;
	c->controller_id = r->controller_id = xstrdup(str_or(config->controller_id, ""));
	c->hostname = r->hostname = xstrdup(str_or(config->hostname, ""));
	c->address = r->address = xstrdup(str_or(config->address, ""));
	c->session_idle_s = or_default(c->session_idle_s, 1800);
	c->sessions_max = or_default(c->sessions_max, 2048);
	c->sessions_user_max = or_default(c->sessions_user_max, 64);
	c->engine_timeout_ms = or_default(c->engine_timeout_ms, 25000);
	c->poll_delay_ms = or_default(c->poll_delay_ms, 500);
	c->login_delay_ms = or_default(c->login_delay_ms, 1000);
}

struct rpc *rpc_new(struct store *store, const struct rpc_engine *engine,
                    const struct rpc_config *config)
{
	struct rpc *r = xcalloc(1, sizeof(*r));
	struct session_limits limits;

	r->store = store;
	r->engine = *engine;
	take_config(r, config);
	limits = (struct session_limits){
		.total = r->config.sessions_max,
		.per_user = r->config.sessions_user_max,
		.pending = PENDING_MAX,
		.pending_per_peer = PENDING_PER_PEER_MAX,
		.idle_ms = (int64_t)r->config.session_idle_s * 1000,
		.challenge_ms = CHALLENGE_MS,
	};
	r->sessions = sessions_new(&limits);
	r->throttle = throttle_new();
	return r;
}

/* ---- life of a call ---- */

static struct rpc_call *call_new(struct rpc *r, rpc_reply_fn fn, void *ctx)
{
	struct rpc_call *c = xcalloc(1, sizeof(*c));

	c->rpc = r;
	c->fn = fn;
	c->ctx = ctx;
	c->arena = arena_new();
	c->out = json_object_new();
	c->begun_ms = clock_mono_ms();
	c->next = r->calls;
	if (r->calls)
		r->calls->prev = c;
	r->calls = c;
	return c;
}

static void call_free(struct rpc_call *c)
{
	if (c->asked)
		c->rpc->engine.forget(c->rpc->engine.ctx, c);
	if (c->prev)
		c->prev->next = c->next;
	else
		c->rpc->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	json_free(&c->in);
	json_free(&c->out);
	arena_free(&c->arena);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

/* Either the call waits for something, or it is answered and gone. */
static void call_settle(struct rpc_call *c, enum err_code code, struct err *e)
{
	if (code == ERR_OK && (c->asked || c->on_due))
		return;
	e->code = code;
	reply_send(c, e);
	call_free(c);
}

void rpc_free(struct rpc **r)
{
	if (!*r)
		return;
	while ((*r)->calls)
		call_free((*r)->calls);
	(*r)->engine.forget((*r)->engine.ctx, *r);
	sessions_free(&(*r)->sessions);
	throttle_free(&(*r)->throttle);
	free_str(&(*r)->controller_id);
	free_str(&(*r)->hostname);
	free_str(&(*r)->address);
	free(*r);
	*r = NULL;
}

/* ---- waiting ---- */

enum err_code call_later(struct rpc_call *c, int64_t ms, call_due_fn fn)
{
	c->due_ms = clock_mono_ms() + ms;
	c->on_due = fn;
	return ERR_OK;
}

static enum err_code engine_is_late(struct rpc_call *c, struct err *e)
{
	c->rpc->engine.forget(c->rpc->engine.ctx, c);
	c->asked = false;
	return err_set(e, ERR_TIMEOUT, "the engine has not answered in time");
}

/* An engine that went away is started again: the same request in the same session, sent again,
 * is carried out once. */
static enum err_code engine_failure(const struct err *failure, struct err *e)
{
	if (failure->code != ERR_UNREACHABLE) {
		*e = *failure;
		return failure->code;
	}
	err_set(e, ERR_BUSY, "the engine went away before it answered");
	return err_hint(e, "it may have done what was asked; look, or send the same again");
}

static void engine_answered(void *ctx, const struct err *failure, const struct json *result)
{
	struct rpc_call *c = ctx;
	struct err e = { 0 };
	enum err_code code = failure->code;

	c->asked = false;
	c->on_due = NULL;
	if (code == ERR_OK)
		code = c->on_answer(c, result, &e);
	else
		code = engine_failure(failure, &e);
	call_settle(c, code, &e);
}

enum err_code call_ask(struct rpc_call *c, const char *name, struct json *args, call_answer_fn fn,
                       struct err *e)
{
	struct rpc_engine *engine = &c->rpc->engine;

	c->on_answer = fn;
	if (engine->request(engine->ctx, name, args, engine_answered, c, e) != ERR_OK) {
		if (e->code == ERR_LIMIT)
			return ERR_LIMIT;
		e->code = ERR_BUSY;
		return err_hint(e, "the engine is not there; try again in a moment");
	}
	c->asked = true;
	return call_later(c, c->rpc->config.engine_timeout_ms, engine_is_late);
}

static void ignore_answer(void *ctx, const struct err *failure, const struct json *result)
{
}

void call_tell(struct rpc_call *c, const char *name, struct json *args)
{
	struct rpc_engine *engine = &c->rpc->engine;
	struct err e = { 0 };

	(void)engine->request(engine->ctx, name, args, ignore_answer, c->rpc, &e);
}

void rpc_abandon(struct rpc *r, const void *ctx)
{
	for (struct rpc_call *c = r->calls, *next; c; c = next) {
		next = c->next;
		if (c->ctx != ctx)
			continue;
		c->fn = NULL; /* what the engine was asked for happens all the same */
		if (!c->asked)
			call_free(c);
	}
}

static void call_due(struct rpc_call *c)
{
	call_due_fn fn = c->on_due;
	struct err e = { 0 };

	c->on_due = NULL;
	call_settle(c, fn(c, &e), &e);
}

int64_t rpc_tick(struct rpc *r)
{
	int64_t now = clock_mono_ms(), next_ms = TICK_MS;

	sessions_expire(r->sessions, now);
	for (struct rpc_call *c = r->calls, *next; c; c = next) {
		next = c->next;
		if (c->on_due && c->due_ms <= now)
			call_due(c);
	}
	for (struct rpc_call *c = r->calls; c; c = c->next) {
		int64_t left = c->due_ms > now ? c->due_ms - now : 1;

		if (c->on_due && left < next_ms)
			next_ms = left;
	}
	return next_ms;
}

/* ---- one request ---- */

/* Only what can be shown goes back into an error text. */
static const char *shown(struct rpc_call *c, const char *name)
{
	char *s = arena_strndup(c->arena, name, NAME_SHOWN);

	return form_fault(FORM_LINE, s) || !str_is_utf8(s, strlen(s)) ? "?" : s;
}

static enum err_code find_op(struct rpc_call *c, const char *path, struct err *e)
{
	const char *name = str_or(json_get_str(c->in, "operation"), "");

	c->op = rpc_op_find(path, name);
	if (c->op)
		return ERR_OK;
	if (!name[0])
		return err_set(e, ERR_INVALID, "the field 'operation' is missing");
	return err_set(e, ERR_UNSUPPORTED,
	               "operation '%s' on %s is not supported by this controller", shown(c, name),
	               shown(c, path));
}

static enum err_code run_op(struct rpc_call *c, struct err *e)
{
	const struct message *m = c->op->message;
	void *req = arena_alloc(c->arena, m->size);
	struct faults faults;

	faults_init(&faults, c->arena);
	decode(m, c->in, "", req, NULL, &faults);
	if (faults_report(&faults, e) != ERR_OK) {
		json_set(c->out, "field_errors", faults_json(&faults));
		return ERR_INVALID;
	}
	return c->op->run(c, req, e);
}

static enum err_code serve(struct rpc_call *c, const struct rpc_request *req, struct err *e)
{
	char path[PATH_SIZE];

	if (!rpc_path_clean(req->path, path, sizeof(path))) {
		c->http_status = 404;
		return err_set(e, ERR_NOT_FOUND, "there is nothing at this address");
	}
	if (json_parse(req->body, req->len, &c->in, e) != ERR_OK)
		return err_wrap(e, "the request is not JSON");
	if (!json_is_object(c->in))
		return err_set(e, ERR_INVALID, "the request must be a JSON object");
	access_identify(c, req->cookie);
	TRY(find_op(c, path, e));
	TRY(access_check(c, e));
	return run_op(c, e);
}

void rpc_handle(struct rpc *r, const struct rpc_request *req, rpc_reply_fn fn, void *ctx)
{
	struct rpc_call *c = call_new(r, fn, ctx);
	struct err e = { 0 };

	c->peer = arena_strdup(c->arena, str_or(req->peer, ""));
	call_settle(c, serve(c, req, &e), &e);
}

void rpc_refuse(struct rpc *r, int http_status, const char *text, rpc_reply_fn fn, void *ctx)
{
	struct rpc_call *c = call_new(r, fn, ctx);
	struct err e = { 0 };

	c->http_status = http_status;
	call_settle(c, err_set(&e, ERR_INVALID, "%s", text), &e);
}
