/* A small world for tests of the RPC layer: a real store on /dev/shm, an engine that does what it
 * is told to, calls as texts. */
#pragma once

#include "base/json.h"
#include "rpc/rpc.h"
#include "store/store.h"

#define WORLD_PASSWORD "correct horse"

enum world_engine {
	ENGINE_WORKS, /* carries the call out on the store at once */
	ENGINE_GONE,
	ENGINE_SILENT, /* takes the call and does not answer until world_answer() */
	ENGINE_FAILS,  /* answers with an error */
};

struct world {
	char dir[64];
	struct crypt_key *key;
	struct store *store;
	struct rpc *rpc;
	enum world_engine engine;
	/* the last call of the engine, but for user.seen */
	char call[32];
	struct json *args;
	int calls;
	ipc_answer_fn answer;
	void *answer_ctx;
	/* the last reply */
	int replies;
	int http_status;
	struct json *reply;
	char cookie[256]; /* of the last Set-Cookie; sent with each call */
	int64_t admin_id, user_id, cluster_id;
};

/* cmocka's setup and teardown.  Users "dba" (admins) and "viewer", both with WORLD_PASSWORD. */
int world_setup(void **state);
int world_teardown(void **state);
/* Make the RPC layer anew with this configuration. */
void world_configure(struct world *w, const struct rpc_config *config);

/* Send BODY ('\'' stands for '"'); the reply, NULL when it is not there yet, is in w->reply. */
struct json *world_ask(struct world *w, const char *path, const char *body);
/* Log in; asserts that it works. */
void world_login(struct world *w, const char *user);
/* Assert request_status and, unless NULL, a part of error_string of the last reply. */
void world_expect(const struct world *w, const char *status, const char *error);
/* Call rpc_tick() until there is a new reply. */
void world_wait(struct world *w);
/* The silent engine answers now. */
void world_answer(struct world *w, enum err_code code, const char *text);
/* A stored job of the command; state RUNNING. */
int64_t world_job(struct world *w, const char *command);
void world_message(struct world *w, int64_t job_id, int level, const char *text);
