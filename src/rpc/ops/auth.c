/* Login by password or key, logout.  A refused login says nothing about why, and takes its time. */
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "crypt/password.h"
#include "crypt/rsa.h"
#include "rpc/call.h"
#include "store/users.h"

#define SIGNATURE_MAX 2048

enum err_code op_auth_probe(struct rpc_call *c, const struct req_auth_probe *req, struct err *e)
{
	c->exact_text = true;
	return err_set(e, ERR_INVALID, "Unexpected request '' in state ''");
}

static enum err_code refuse_now(struct rpc_call *c, struct err *e)
{
	c->exact_text = true;
	return err_set(e, ERR_DENIED, "%s", "");
}

static void tell_seen(struct rpc_call *c, int64_t user_id, bool ok)
{
	struct json *args = json_object_new();

	json_set_int(args, "user_id", user_id);
	json_set_bool(args, "ok", ok);
	json_set_str(args, "ip", c->peer);
	call_tell(c, "user.seen", args);
}

/* USER_ID 0: there is no such user. */
static enum err_code refuse(struct rpc_call *c, const char *name, int64_t user_id, struct err *e)
{
	int delay = c->rpc->config.login_delay_ms;

	throttle_failed(c->rpc->throttle, name, c->peer, clock_mono_ms());
	log_warning("login of user '%s' from %s refused",
	            form_fault(FORM_USER_NAME, name) ? "?" : name, c->peer);
	if (user_id)
		tell_seen(c, user_id, false);
	return delay > 0 ? call_later(c, delay, refuse_now) : refuse_now(c, e);
}

static enum err_code check_throttle(struct rpc_call *c, const char *name, struct err *e)
{
	int64_t wait = throttle_wait(c->rpc->throttle, name, c->peer, clock_mono_ms());

	if (wait == 0)
		return ERR_OK;
	return err_set(e, ERR_DENIED, "too many wrong logins; try again in %lld seconds",
	               (long long)(wait + 999) / 1000);
}

/* A new session also when there was one: an old cookie must not become worth more. */
static enum err_code welcome(struct rpc_call *c, const struct user *user)
{
	struct session *old = call_session(c);
	struct session *s;

	if (old)
		sessions_close(c->rpc->sessions, old);
	s = sessions_open(c->rpc->sessions, user->id, c->peer, clock_mono_ms());
	memcpy(c->sid, s->id, sizeof(c->sid));
	session_cookie(s, c->set_cookie);
	c->user = *user;
	throttle_succeeded(c->rpc->throttle, user->name, c->peer);
	tell_seen(c, user->id, true);
	json_set(c->out, "user", user_wire_json(user));
	json_set_bool(c->out, "is_superuser", user_is_admin(user));
	return ERR_OK;
}

enum err_code op_auth_password(struct rpc_call *c, const struct req_auth_password *req,
                               struct err *e)
{
	struct rpc *r = c->rpc;
	struct user user = { 0 };
	const char *hash = "";
	bool found, ok;

	TRY(check_throttle(c, req->user_name, e));
	found = store_user_get(r->store, 0, req->user_name, c->arena, &user, NULL) == ERR_OK;
	if (found)
		TRY(store_user_hash(r->store, user.id, c->arena, &hash, e));
	/* the same work is done for a user that is not there */
	ok = crypt_password_verify(req->password, hash);
	if (!ok || !found || user.disabled)
		return refuse(c, req->user_name, found ? user.id : 0, e);
	return welcome(c, &user);
}

/* Everybody gets a challenge, also who does not exist. */
enum err_code op_auth_key(struct rpc_call *c, const struct req_auth_key *req, struct err *e)
{
	struct session *s;

	TRY(check_throttle(c, req->user_name, e));
	s = sessions_open_pending(c->rpc->sessions, req->user_name, c->peer, clock_mono_ms());
	session_cookie(s, c->set_cookie);
	json_set_str(c->out, "challenge", s->challenge);
	json_set_str(c->out, "user_name", req->user_name);
	return ERR_OK;
}

static bool one_key_fits(const struct user_key_list *keys, const char *challenge,
                         const struct strbuf *sig)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (crypt_rsa_verify(keys->items[i].key, challenge, strlen(challenge), sig->data,
		                     sig->len, NULL) == ERR_OK)
			return true;
	}
	return false;
}

static bool signature_ok(struct rpc_call *c, int64_t user_id, const char *challenge,
                         const char *signature)
{
	CLEANUP(strbuf_release) struct strbuf sig = STRBUF_INIT;
	struct user_key_list keys = { 0 };

	strbuf_init(&sig, SIGNATURE_MAX);
	if (base64_decode(signature, &sig, NULL) != ERR_OK || sig.overflow || sig.len == 0)
		return false;
	if (store_key_list(c->rpc->store, user_id, c->arena, &keys, NULL) != ERR_OK)
		return false;
	return one_key_fits(&keys, challenge, &sig);
}

enum err_code op_auth_response(struct rpc_call *c, const struct req_auth_response *req,
                               struct err *e)
{
	struct session *s = call_session(c);
	char challenge[SESSION_CHALLENGE_SIZE];
	const char *name;
	struct user user = { 0 };
	bool found;

	if (!s || !session_take_challenge(s, clock_mono_ms(), challenge))
		return err_set(e, ERR_DENIED, "there is no login to finish");
	name = arena_strdup(c->arena, s->user_name);
	sessions_close(c->rpc->sessions, s);
	TRY(check_throttle(c, name, e));
	found = store_user_get(c->rpc->store, 0, name, c->arena, &user, NULL) == ERR_OK;
	if (!found || user.disabled || !signature_ok(c, user.id, challenge, req->signature))
		return refuse(c, name, found ? user.id : 0, e);
	return welcome(c, &user);
}

enum err_code op_auth_logout(struct rpc_call *c, const struct req_auth_logout *req, struct err *e)
{
	struct session *s = call_session(c);

	if (s)
		sessions_close(c->rpc->sessions, s);
	return ERR_OK;
}
