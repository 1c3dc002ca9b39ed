#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../test.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "crypt/password.h"
#include "crypt/seal.h"
#include "model/cluster.h"
#include "model/job.h"
#include "store/clusters.h"
#include "store/jobs.h"
#include "store/users.h"

#define WAIT_MAX_MS 5000

#define OK(expr)                                                                  \
	do {                                                                      \
		struct err err_ = { 0 };                                          \
		struct err *e = &err_;                                            \
		if ((expr) != ERR_OK)                                             \
			fail_msg("%s: %s %s", #expr, err_name(e->code), e->text); \
	} while (0)

/* ---- the engine ---- */

static void result_of_job(struct world *w, const struct json *args, struct json *result)
{
	struct job job = { .command = json_get_str(args, "command"),
		           .title = json_get_str(args, "title"),
		           .cluster_id = json_get_int(args, "cluster_id", 0),
		           .user_id = w->admin_id,
		           .user_name = "dba",
		           .dedup_key = json_get_str(args, "dedup_key") };
	struct err e = { 0 };
	int64_t id = 0;
	enum err_code code = store_job_create(w->store, &job, json_get(args, "job_data"), &id, &e);

	assert_true(code == ERR_OK || code == ERR_CONFLICT);
	json_set_int(result, "job_id", id);
}

static void result_of_user(struct world *w, const struct json *args, struct json *result)
{
	const struct json *u = json_get(args, "user");
	struct user user = { .name = json_get_str(u, "user_name") };
	int64_t id = 0;

	OK(store_user_create(w->store, &user, NULL, false, &id, e));
	json_set_int(result, "user_id", id);
}

/* The first host is good, the others are not. */
static void result_of_check(const struct json *args, struct json *result)
{
	const struct json *nodes = json_get(args, "nodes");
	struct json *rows = json_array_new();

	for (size_t i = 0; i < json_len(nodes); i++) {
		struct json *row = json_copy(json_at(nodes, i));

		json_set_bool(row, "ok", i == 0);
		json_set_str(row, "message", i == 0 ? "The host can be used." : "No sudo.");
		json_append(rows, row);
	}
	json_set(result, "checked_hosts", rows);
}

static void carry_out(struct world *w, const char *call, const struct json *args,
                      struct json *result)
{
	if (str_eq(call, "job.create"))
		result_of_job(w, args, result);
	else if (str_eq(call, "user.create"))
		result_of_user(w, args, result);
	else if (str_eq(call, "hosts.check"))
		result_of_check(args, result);
}

static void remember(struct world *w, const char *call, struct json *args, ipc_answer_fn fn,
                     void *fn_ctx)
{
	(void)snprintf(w->call, sizeof(w->call), "%s", call);
	json_free(&w->args);
	w->args = args;
	w->calls++;
	w->answer = fn;
	w->answer_ctx = fn_ctx;
}

static enum err_code engine_request(void *ctx, const char *call, struct json *args,
                                    ipc_answer_fn fn, void *fn_ctx, struct err *e)
{
	struct world *w = ctx;

	if (w->engine == ENGINE_GONE || str_eq(call, "user.seen")) {
		json_free(&args);
		return w->engine == ENGINE_GONE
		               ? err_set(e, ERR_UNREACHABLE, "the connection is closed")
		               : ERR_OK;
	}
	remember(w, call, args, fn, fn_ctx);
	return ERR_OK;
}

static void engine_forget(void *ctx, const void *fn_ctx)
{
	struct world *w = ctx;

	if (w->answer_ctx == fn_ctx)
		w->answer = NULL;
}

void world_answer(struct world *w, enum err_code code, const char *text)
{
	struct json *result = json_object_new();
	struct err failure = { 0 };
	ipc_answer_fn fn = w->answer;

	w->answer = NULL;
	if (code != ERR_OK)
		err_set(&failure, code, "%s", text);
	else
		carry_out(w, w->call, w->args, result);
	if (fn)
		fn(w->answer_ctx, &failure, result);
	json_free(&result);
}

/* The connection never answers out of the request itself: neither does this. */
static void engine_turn(struct world *w)
{
	if (!w->answer || w->engine == ENGINE_SILENT)
		return;
	if (w->engine == ENGINE_FAILS)
		world_answer(w, ERR_REFUSED, "the engine does not want to");
	else
		world_answer(w, ERR_OK, NULL);
}

/* ---- set up ---- */

static int64_t make_user(struct world *w, const char *name, const char *group)
{
	struct group groups[] = { { .name = group } };
	struct user user = { .name = name, .groups = groups, .n_groups = 1 };
	char hash[CRYPT_HASH_SIZE];
	int64_t id = 0;

	OK(crypt_password_hash(WORLD_PASSWORD, hash, e));
	OK(store_user_create(w->store, &user, hash, false, &id, e));
	return id;
}

static void make_cluster(struct world *w)
{
	struct node node = { .hostname = "10.0.1.1", .port = 5432, .role = ROLE_MASTER };
	struct cluster cluster = { .name = "source",
		                   .type = CLUSTER_TYPE_SINGLE,
		                   .version = "15",
		                   .nodes = &node,
		                   .n_nodes = 1 };

	OK(store_cluster_save(w->store, &cluster, &w->cluster_id, e));
}

void world_configure(struct world *w, const struct rpc_config *config)
{
	const struct rpc_engine engine = { w, engine_request, engine_forget };

	rpc_free(&w->rpc);
	w->rpc = rpc_new(w->store, &engine, config);
}

int world_setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	const unsigned char key[32] = "0123456789abcdef0123456789abcde";
	const struct rpc_config config = { .controller_id = "the-controller",
		                           .login_delay_ms = -1,
		                           .poll_delay_ms = 200 };

	*state = w;
	(void)snprintf(w->dir, sizeof(w->dir), "/dev/shm/pgtandem-rpc-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->key = crypt_key_new(key);
	OK(store_open(&(struct store_options){ .dir = w->dir,
	                                       .mode = STORE_READ_WRITE,
	                                       .key = w->key,
	                                       .group = (gid_t)-1 },
	              &w->store, e));
	w->admin_id = make_user(w, "dba", GROUP_ADMINS);
	w->user_id = make_user(w, "viewer", GROUP_USERS);
	make_cluster(w);
	world_configure(w, &config);
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;
	struct proc_run rm = { .argv = (const char *const[]){ "rm", "-r", "--", w->dir, NULL } };

	rpc_free(&w->rpc);
	store_close(&w->store);
	crypt_key_free(&w->key);
	json_free(&w->args);
	json_free(&w->reply);
	(void)proc_run_one(&rm, NULL);
	proc_run_release(&rm);
	free(w);
	return 0;
}

/* ---- calls ---- */

static void take_reply(void *ctx, const struct rpc_reply *reply)
{
	struct world *w = ctx;

	w->replies++;
	w->http_status = reply->http_status;
	json_free(&w->reply);
	OK(json_parse(reply->body, reply->len, &w->reply, e));
	if (reply->set_cookie)
		(void)snprintf(w->cookie, sizeof(w->cookie), "%s", reply->set_cookie);
}

struct json *world_ask(struct world *w, const char *path, const char *body)
{
	char *text = xstrdup(body);
	struct rpc_request req = { .path = path,
		                   .body = text,
		                   .len = strlen(text),
		                   .cookie = w->cookie,
		                   .peer = "127.0.0.1" };

	for (char *p = text; *p; p++) {
		if (*p == '\'')
			*p = '"';
	}
	json_free(&w->reply);
	rpc_handle(w->rpc, &req, take_reply, w);
	free(text);
	engine_turn(w);
	return w->reply;
}

void world_login(struct world *w, const char *user)
{
	char body[256];

	(void)snprintf(body, sizeof(body),
	               "{'operation':'authenticateWithPassword','user_name':'%s',"
	               "'password':'" WORLD_PASSWORD "'}",
	               user);
	world_ask(w, "/v2/auth", body);
	world_expect(w, "Ok", NULL);
}

void world_expect(const struct world *w, const char *status, const char *error)
{
	const char *got = json_get_str(w->reply, "request_status");
	const char *text = str_or(json_get_str(w->reply, "error_string"), "");

	if (!str_eq(got, status) || (error && !strstr(text, error)))
		fail_msg("got %s \"%s\", expected %s \"%s\"", str_or(got, "nothing"), text, status,
		         str_or(error, ""));
}

void world_wait(struct world *w)
{
	int64_t end = clock_mono_ms() + WAIT_MAX_MS;
	int before = w->replies;

	while (w->replies == before) {
		assert_true(clock_mono_ms() < end);
		clock_sleep_ms(5);
		rpc_tick(w->rpc);
	}
}

int64_t world_job(struct world *w, const char *command)
{
	struct job job = { .command = command, .title = "A job", .user_name = "dba" };
	struct json *data = json_object_new();
	int64_t id = 0;

	json_set_str(data, "postgre_password", "topsecret");
	OK(store_job_create(w->store, &job, data, &id, e));
	OK(store_job_set_state(w->store, id, JOB_DEQUEUED, NULL, 0, e));
	OK(store_job_set_state(w->store, id, JOB_RUNNING, NULL, 0, e));
	json_free(&data);
	return id;
}

void world_message(struct world *w, int64_t job_id, int level, const char *text)
{
	struct job_message m = { .job_id = job_id, .level = (enum job_level)level, .text = text };

	OK(store_message_append(w->store, &m, NULL, e));
}
