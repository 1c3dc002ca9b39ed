#include "rpc/rpc.h"

#include <stdio.h>
#include <string.h>

#include "../test.h"
#include "base/base64.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypt/rsa.h"
#include "store/users.h"
#include "world.h"

#define PING "{'operation':'ping','request_id':7,'request_created':'2026-11-22T20:02:00.521Z'}"

static void every_reply_has_the_envelope(void **state)
{
	struct world *w = *state;

	world_ask(w, "/v2/controller/", PING);
	world_expect(w, "Ok", NULL);
	assert_int_equal(w->http_status, 200);
	assert_int_equal(json_get_int(w->reply, "request_id", 0), 7);
	assert_string_equal(json_get_str(w->reply, "request_created"), "2026-11-22T20:02:00.521Z");
	assert_string_equal(json_get_str(w->reply, "controller_id"), "the-controller");
	assert_non_null(json_get_str(w->reply, "request_processed"));
	assert_null(json_get(w->reply, "request_user_id"));
	world_login(w, "dba");
	world_ask(w, "/prefix/v2/info", PING);
	assert_int_equal(json_get_int(w->reply, "request_user_id", 0), w->admin_id);
	assert_true(json_get_bool(w->reply, "authenticated", false));
	assert_string_equal(json_str(json_at(json_get(w->reply, "debug_messages"), 0)),
	                    "RPC V2 authenticated user is 'dba'.");
}

static void refuses_with_status_and_code(void **state)
{
	static const struct {
		const char *path, *body, *status;
		int http;
		const char *error;
	} rows[] = {
		{ "/v2/auth", "{'request_id':1}", "InvalidRequest", 400,
		  "Unexpected request '' in state ''" },
		{ "/v2/jobs", "{'request_id':1}", "InvalidRequest", 400, "'operation' is missing" },
		{ "/v2/jobs", "{'operation':'fly'}", "InvalidRequest", 400,
		  "Operation 'fly' on /v2/jobs is not supported" },
		{ "/v2/jobs", "{'operation':'a\\u0007b'}", "InvalidRequest", 400, "'?'" },
		{ "/v2/jobs", "{'operation':5}", "InvalidRequest", 400, "missing" },
		{ "/v2/jobs", "{'operation':'getJobInstances'}", "AuthRequired", 401, "ogin" },
		{ "/v2/jobs", "{", "InvalidRequest", 400, "not JSON" },
		{ "/v2/jobs", "", "InvalidRequest", 400, "not JSON" },
		{ "/v2/jobs", "[1]", "InvalidRequest", 400, "object" },
		{ "/other", "{}", "ObjectNotFound", 404, "nothing at this address" },
		{ "/v2/auth", "{'operation':'authenticate'}", "InvalidRequest", 400, "user_name" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		world_ask(w, rows[i].path, rows[i].body);
		world_expect(w, rows[i].status, rows[i].error);
		assert_int_equal(w->http_status, rows[i].http);
	}
	assert_int_equal(w->calls, 0);
}

static void logs_in_with_the_password_only(void **state)
{
	static const char *const wrong[] = {
		"{'operation':'authenticateWithPassword','user_name':'dba','password':'wrong'}",
		"{'operation':'authenticateWithPassword','user_name':'nobody','password':'x'}",
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		world_ask(w, "/v2/auth", wrong[i]);
		world_expect(w, "AccessDenied", NULL);
		assert_null(json_get(w->reply, "error_string"));
		assert_null(json_get(w->reply, "request_user_id"));
		assert_int_equal(w->http_status, 403);
		assert_string_equal(w->cookie, "");
	}
	world_login(w, "dba");
	assert_true(json_get_bool(w->reply, "is_superuser", false));
	assert_string_equal(json_get_str(json_get(w->reply, "user"), "user_name"), "dba");
	world_ask(w, "/v2/users", "{'operation':'WHOAMI'}");
	world_expect(w, "Ok", NULL);
	world_ask(w, "/v2/auth", "{'operation':'logout'}");
	world_ask(w, "/v2/users", "{'operation':'whoAmI'}");
	world_expect(w, "AuthRequired", NULL);
}

static void a_login_replaces_the_session(void **state)
{
	struct world *w = *state;
	char before[256];

	world_login(w, "dba");
	(void)snprintf(before, sizeof(before), "%s", w->cookie);
	world_login(w, "viewer");
	assert_string_not_equal(before, w->cookie);
	(void)snprintf(w->cookie, sizeof(w->cookie), "%s", before);
	world_ask(w, "/v2/users", "{'operation':'whoAmI'}");
	world_expect(w, "AuthRequired", NULL);
}

static void many_wrong_logins_are_slowed_down(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 5; i++)
		world_ask(w, "/v2/auth",
		          "{'operation':'authenticateWithPassword','user_name':'dba',"
		          "'password':'x'}");
	world_expect(w, "AccessDenied", NULL);
	world_ask(w, "/v2/auth",
	          "{'operation':'authenticateWithPassword','user_name':'dba',"
	          "'password':'" WORLD_PASSWORD "'}");
	world_expect(w, "AccessDenied", "Too many wrong logins");
}

static void a_wrong_login_is_answered_late(void **state)
{
	struct world *w = *state;

	world_configure(w, &(struct rpc_config){ .login_delay_ms = 50 });
	assert_null(world_ask(w, "/v2/auth",
	                      "{'operation':'authenticateWithPassword','user_name':'dba',"
	                      "'password':'x'}"));
	world_wait(w);
	world_expect(w, "AccessDenied", NULL);
}

/* ---- keys ---- */

struct key {
	struct strbuf private, public;
};

static void key_make(struct key *k)
{
	memset(k, 0, sizeof(*k));
	assert_int_equal(crypt_rsa_generate(&k->private, &k->public, NULL), ERR_OK);
}

static void key_release(struct key *k)
{
	strbuf_release(&k->private);
	strbuf_release(&k->public);
}

static void send_signature(struct world *w, const struct key *k, const char *challenge)
{
	struct strbuf sig = STRBUF_INIT, body = STRBUF_INIT;

	assert_int_equal(
	        crypt_rsa_sign(strbuf_cstr(&k->private), challenge, strlen(challenge), &sig, NULL),
	        ERR_OK);
	strbuf_adds(&body, "{'operation':'authenticateResponse','signature':'");
	base64_encode(sig.data, sig.len, &body);
	strbuf_adds(&body, "'}");
	world_ask(w, "/v2/auth", strbuf_cstr(&body));
	strbuf_release(&sig);
	strbuf_release(&body);
}

static char *challenge_for(struct world *w, const char *user)
{
	char body[128];

	(void)snprintf(body, sizeof(body), "{'operation':'authenticate','username':'%s'}", user);
	world_ask(w, "/v2/auth", body);
	world_expect(w, "Ok", NULL);
	return xstrdup(json_get_str(w->reply, "challenge"));
}

static void logs_in_with_a_key_once_for_each_challenge(void **state)
{
	struct world *w = *state;
	CLEANUP(free_str) char *challenge = NULL;
	struct key k;

	key_make(&k);
	assert_int_equal(
	        store_key_add(w->store, w->admin_id, "k", strbuf_cstr(&k.public), NULL, NULL),
	        ERR_OK);
	challenge = challenge_for(w, "dba");
	world_ask(w, "/v2/users", "{'operation':'whoAmI'}");
	world_expect(w, "AuthRequired", NULL); /* not yet */
	send_signature(w, &k, challenge);
	world_expect(w, "Ok", NULL);
	assert_true(json_get_bool(w->reply, "is_superuser", false));
	world_ask(w, "/v2/users", "{'operation':'whoAmI'}");
	world_expect(w, "Ok", NULL);
	send_signature(w, &k, challenge);
	world_expect(w, "AccessDenied", NULL);
	key_release(&k);
}

static void refuses_keys_of_others_and_signatures_of_nothing(void **state)
{
	struct world *w = *state;
	CLEANUP(free_str) char *challenge = NULL, *none = NULL;
	struct key k;

	key_make(&k);
	assert_int_equal(
	        store_key_add(w->store, w->user_id, "k", strbuf_cstr(&k.public), NULL, NULL),
	        ERR_OK);
	challenge = challenge_for(w, "dba");
	send_signature(w, &k, challenge);
	world_expect(w, "AccessDenied", NULL);
	none = challenge_for(w, "nobody"); /* does not tell that there is none */
	assert_int_equal(strlen(none), strlen(challenge));
	send_signature(w, &k, none);
	world_expect(w, "AccessDenied", NULL);
	w->cookie[0] = '\0';
	send_signature(w, &k, "");
	world_expect(w, "AccessDenied", NULL);
	key_release(&k);
}

/* ---- users ---- */

static void users_may_look_but_not_touch(void **state)
{
	static const struct {
		const char *path, *body, *status;
	} rows[] = {
		{ "/v2/clusters", "{'operation':'getAllClusterInfo'}", "Ok" },
		{ "/v2/jobs", "{'operation':'getJobInstances'}", "Ok" },
		{ "/v2/users", "{'operation':'createUser','user':{'user_name':'x'}}",
		  "AccessDenied" },
		{ "/v2/jobs",
		  "{'operation':'createJobInstance','job':{'job_spec':{'command':'success'}}}",
		  "AccessDenied" },
		{ "/v2/jobs", "{'operation':'killJobInstance','job_id':1}", "AccessDenied" },
		{ "/v2/jobs", "{'operation':'deleteJobInstance','job_id':1}", "AccessDenied" },
		{ "/v2/discovery", "{'operation':'checkHosts','nodes':[{'hostname':'a'}]}",
		  "AccessDenied" },
	};
	struct world *w = *state;

	world_login(w, "viewer");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		world_ask(w, rows[i].path, rows[i].body);
		world_expect(w, rows[i].status, NULL);
	}
	world_expect(w, "AccessDenied", "User 'viewer' may not use 'checkHosts'");
	assert_int_equal(w->calls, 0);
	world_ask(w, "/v2/users", "{'operation':'getUsers'}");
	assert_int_equal(json_get_int(w->reply, "total", 0), 1);
}

static void a_disabled_user_is_out_at_once(void **state)
{
	struct world *w = *state;

	world_login(w, "viewer");
	assert_int_equal(store_user_set_disabled(w->store, w->user_id, true, NULL), ERR_OK);
	world_ask(w, "/v2/users", "{'operation':'whoAmI'}");
	world_expect(w, "AuthRequired", NULL);
	world_ask(w, "/v2/auth",
	          "{'operation':'authenticateWithPassword','user_name':'viewer',"
	          "'password':'" WORLD_PASSWORD "'}");
	world_expect(w, "AccessDenied", NULL);
}

static void makes_users_through_the_engine(void **state)
{
	struct world *w = *state;

	world_login(w, "dba");
	world_ask(w, "/v2/users",
	          "{'operation':'createUser','new_password':'p2','create_group':false,"
	          "'user':{'user_name':'jane','groups':[{'group_name':'users'}],"
	          "'public_keys':[{'key':'','name':'No Name'}]}}");
	world_expect(w, "Ok", NULL);
	assert_string_equal(w->call, "user.create");
	assert_string_equal(json_get_str(json_get(w->args, "who"), "user_name"), "dba");
	assert_int_equal(json_len(json_get(json_get(w->args, "user"), "public_keys")), 0);
	assert_string_equal(json_get_str(json_get(w->reply, "user"), "user_name"), "jane");
	world_ask(w, "/v2/users", "{'operation':'getUsers','limit':1,'offset':1}");
	assert_int_equal(json_len(json_get(w->reply, "users")), 1);
	assert_true(json_get_int(w->reply, "total", 0) >= 3);
	world_ask(w, "/v2/users",
	          "{'operation':'createUser','user':{'user_name':'-x','public_keys':"
	          "[{'key':'ssh-dss AAAA'}]}}");
	world_expect(w, "InvalidRequest", "'user.user_name'");
	world_ask(w, "/v2/users",
	          "{'operation':'createUser','user':{'user_name':'x','public_keys':"
	          "[{'key':'ssh-dss AAAA'}]}}");
	world_expect(w, "InvalidRequest", "'user.public_keys[0].key'");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_reply_has_the_envelope),
		TEST(refuses_with_status_and_code),
		TEST(logs_in_with_the_password_only),
		TEST(a_login_replaces_the_session),
		TEST(many_wrong_logins_are_slowed_down),
		TEST(a_wrong_login_is_answered_late),
		TEST(logs_in_with_a_key_once_for_each_challenge),
		TEST(refuses_keys_of_others_and_signatures_of_nothing),
		TEST(users_may_look_but_not_touch),
		TEST(a_disabled_user_is_out_at_once),
		TEST(makes_users_through_the_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
