#include "rpc/rpc.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "fuzz.h"

/* Input: the path, a newline, the cookie, a newline, the body.  Nobody is logged in. */
static char *next_line(const char **p, const char *end)
{
	const char *nl = memchr(*p, '\n', (size_t)(end - *p));
	char *line = xstrndup(*p, (size_t)((nl ? nl : end) - *p));

	*p = nl ? nl + 1 : end;
	return line;
}

static enum err_code no_engine(void *ctx, const char *call, struct json *args, ipc_answer_fn fn,
                               void *fn_ctx, struct err *e)
{
	FUZZ_CHECK(str_eq(call, "user.seen")); /* nothing else without a login */
	json_free(&args);
	return err_set(e, ERR_UNREACHABLE, "there is no engine");
}

static void no_forget(void *ctx, const void *fn_ctx)
{
}

/* The clients cannot read the escape "u"; two backslashes are one that is escaped. */
static bool has_unicode_escape(const char *text)
{
	for (; (text = strchr(text, '\\')) != NULL; text += 2) {
		if (text[1] == 'u')
			return true;
	}
	return false;
}

/* Whatever came: one reply, which is JSON and has a status. */
static void check_reply(void *ctx, const struct rpc_reply *reply)
{
	CLEANUP(json_free) struct json *j = NULL;

	++*(int *)ctx;
	FUZZ_CHECK(json_parse(reply->body, reply->len, &j, NULL) == ERR_OK);
	FUZZ_CHECK(!str_empty(json_get_str(j, "request_status")));
	FUZZ_CHECK(reply->http_status >= 200 && reply->http_status < 600);
	FUZZ_CHECK(!has_unicode_escape(reply->body));
}

/* A password is looked up in the store, which is not here. */
static bool needs_store(const char *body, size_t len)
{
	CLEANUP(json_free) struct json *j = NULL;

	return json_parse(body, len, &j, NULL) == ERR_OK &&
	       str_ieq(json_get_str(j, "operation"), "authenticateWithPassword");
}

static void handle(const struct rpc_request *req)
{
	const struct rpc_engine engine = { NULL, no_engine, no_forget };
	const struct rpc_config config = { .controller_id = "fuzz", .login_delay_ms = -1 };
	struct rpc *r = rpc_new(NULL, &engine, &config);
	int replies = 0;

	rpc_handle(r, req, check_reply, &replies);
	FUZZ_CHECK(replies == 1);
	rpc_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = (const char *)data, *end = p + len;
	CLEANUP(free_str) char *path = next_line(&p, end);
	CLEANUP(free_str) char *cookie = next_line(&p, end);
	CLEANUP(free_str) char *body = xstrndup(p, (size_t)(end - p));
	struct rpc_request req = {
		.path = path, .cookie = cookie, .body = body, .len = strlen(body), .peer = "::1"
	};

	if (!needs_store(req.body, req.len))
		handle(&req);
	return 0;
}
