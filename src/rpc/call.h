/* One call on its way from request to reply; what the operations in ops/ work with.
 *
 * An operation fills call->out and returns ERR_OK, or fails with a sentence for the user; or it
 * asks the engine (call_ask) or waits (call_later) and goes on in the function named there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/rpc_ops.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "model/user.h"
#include "rpc/rpc.h"
#include "rpc/session.h"
#include "rpc/table.h"
#include "rpc/throttle.h"

#define RPC_PACKAGE_NAME    "cmon" /* what the public clients look for */
#define RPC_PACKAGE_VERSION "2.1.0"
#define RPC_VERSION         "2.0"

struct rpc_call;

/* Goes on with the engine's answer (may be NULL); like an operation. */
typedef enum err_code (*call_answer_fn)(struct rpc_call *c, const struct json *result,
                                        struct err *e);
/* Goes on after a time; may wait again. */
typedef enum err_code (*call_due_fn)(struct rpc_call *c, struct err *e);

struct rpc {
	struct store *store;
	struct rpc_engine engine;
	struct rpc_config config; /* numbers with defaults filled in; texts owned below */
	char *controller_id, *hostname, *address;
	struct sessions *sessions;
	struct throttle *throttle;
	struct rpc_call *calls; /* that wait */
};

struct rpc_call {
	struct rpc *rpc;
	struct rpc_call *prev, *next;
	struct arena *arena;
	struct json *in;  /* the request; NULL when it is not JSON */
	struct json *out; /* the reply without envelope */
	const struct rpc_op *op;
	struct user user; /* id 0: not logged in */
	char sid[SESSION_ID_SIZE];
	char set_cookie[SESSION_COOKIE_SIZE];
	const char *peer;
	int64_t begun_ms;
	bool exact_text; /* error_string as it is, without capital and full stop */
	int http_status; /* 0: as the request_status has it */
	/* while it waits */
	bool asked; /* the engine */
	int64_t due_ms;
	call_answer_fn on_answer;
	call_due_fn on_due;
	const void *state; /* the operation's own, in the arena */
	rpc_reply_fn fn;   /* NULL: nobody wants the reply any more */
	void *ctx;
};

/* Ask the engine; ARGS are stolen.  The reply is made by FN. */
enum err_code call_ask(struct rpc_call *c, const char *name, struct json *args, call_answer_fn fn,
                       struct err *e);
/* Tell the engine something whose answer does not matter. */
void call_tell(struct rpc_call *c, const char *name, struct json *args);
/* Go on with FN in MS milliseconds. */
enum err_code call_later(struct rpc_call *c, int64_t ms, call_due_fn fn);
/* {"user_id", "user_name", "ip" ...} for the audit trail; the caller's. */
struct json *call_who(const struct rpc_call *c);
/* The call's session, which may be gone meanwhile: NULL. */
struct session *call_session(struct rpc_call *c);
/* "total" and the LIST (stolen) under KEY. */
void call_set_list(struct rpc_call *c, const char *key, struct json *list, int64_t total);

/* reply.c: envelope and sentence of a finished call as text for the client. */
void reply_send(struct rpc_call *c, const struct err *e);
/* HTTP status for a request_status. */
int reply_http_status(const char *request_status);
/* TEXT as a sentence: capital and full stop; in the arena. */
const char *reply_sentence(struct arena *a, const char *text);

/* access.c: session and user of the call, and what they may. */
void access_identify(struct rpc_call *c, const char *cookie);
enum err_code access_check(const struct rpc_call *c, struct err *e);
