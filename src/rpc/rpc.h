/* The remote procedure calls of the controller: JSON text in, JSON text out.  Transport is not
 * its business (src/http), nor is change: whatever alters the world is asked of the engine.
 * Runs in the unprivileged api process, on its one event loop; nothing here blocks for longer
 * than one password check. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "ipc/ipc.h"

struct rpc;
struct store;

/* How a change is asked of the engine.  REQUEST follows ipc_request(): ARGS are stolen, FN gets
 * the answer later, unless REQUEST fails.  FORGET: answers for FN_CTX are dropped from now on. */
struct rpc_engine {
	void *ctx;
	enum err_code (*request)(void *ctx, const char *call, struct json *args, ipc_answer_fn fn,
	                         void *fn_ctx, struct err *e);
	void (*forget)(void *ctx, const void *fn_ctx);
};

/* Zero or NULL means the default.  Texts are copied. */
struct rpc_config {
	const char *controller_id; /* UUID of this controller */
	const char *hostname;      /* the controller as a host of each cluster */
	const char *address;
	int port;              /* of the RPC listener, as shown to clients */
	int session_idle_s;    /* default 1800 */
	int sessions_max;      /* default 2048 */
	int sessions_user_max; /* default 64; the least used gives way */
	int engine_timeout_ms; /* default 25000 */
	int poll_delay_ms;     /* default 500: asking again for an unchanged job; -1: none */
	int login_delay_ms;    /* default 1000: answer to a wrong password; -1: none */
};

/* One call; the texts need to live only until rpc_handle() returns. */
struct rpc_request {
	const char *path; /* of the URL, with or without prefix, query and trailing slash */
	const char *body;
	size_t len;
	const char *cookie; /* value of the Cookie header, may be NULL */
	const char *peer;   /* address of the client, for the audit trail and the login limits */
};

struct rpc_reply {
	int http_status;
	const char *set_cookie; /* value for a Set-Cookie header; NULL: none */
	const char *body;       /* JSON, borrowed for the time of the call */
	size_t len;
};

typedef void (*rpc_reply_fn)(void *ctx, const struct rpc_reply *reply);

/* STORE (read-only is enough) stays the caller's and must live longer. */
struct rpc *rpc_new(struct store *store, const struct rpc_engine *engine,
                    const struct rpc_config *config);
void rpc_free(struct rpc **r);

/* Serve one call.  FN is called exactly once, now or later, unless the call is abandoned. */
void rpc_handle(struct rpc *r, const struct rpc_request *req, rpc_reply_fn fn, void *ctx);
/* The client of CTX is gone: its reply is not wanted any more. */
void rpc_abandon(struct rpc *r, const void *ctx);
/* Do what is due; returns in how many milliseconds it wants to be called again. */
int64_t rpc_tick(struct rpc *r);
/* A reply for what never became a call (too large a body, a wrong method). */
void rpc_refuse(struct rpc *r, int http_status, const char *text, rpc_reply_fn fn, void *ctx);
