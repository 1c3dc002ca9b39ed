#include <string.h>

#include "base/clock.h"
#include "rpc/call.h"
#include "store/users.h"

/* The user is read anew for each call: one who is disabled or was demoted is so at once. */
void access_identify(struct rpc_call *c, const char *cookie)
{
	struct session *s = sessions_find(c->rpc->sessions, cookie, clock_mono_ms());

	if (!s)
		return;
	memcpy(c->sid, s->id, sizeof(c->sid));
	if (s->user_id == 0)
		return;
	if (store_user_get(c->rpc->store, s->user_id, NULL, c->arena, &c->user, NULL) != ERR_OK ||
	    c->user.disabled) {
		memset(&c->user, 0, sizeof(c->user));
		c->sid[0] = '\0';
		sessions_close(c->rpc->sessions, s);
	}
}

/* Administrators may do everything, others may look. */
enum err_code access_check(const struct rpc_call *c, struct err *e)
{
	if (!c->op->login)
		return ERR_OK;
	if (c->user.id == 0)
		return err_set(e, ERR_AUTH, "login needed");
	if (c->op->admin && !user_is_admin(&c->user))
		return err_set(e, ERR_DENIED, "user '%s' may not use '%s': it needs group '%s'",
		               c->user.name, c->op->name, GROUP_ADMINS);
	return ERR_OK;
}

struct session *call_session(struct rpc_call *c)
{
	return c->sid[0] ? sessions_by_id(c->rpc->sessions, c->sid) : NULL;
}

struct json *call_who(const struct rpc_call *c)
{
	struct json *who = json_object_new();

	json_set_int(who, "user_id", c->user.id);
	json_set_str(who, "user_name", c->user.name);
	json_set_str(who, "ip", c->peer);
	if (c->user.n_groups > 0) {
		json_set_int(who, "group_id", c->user.groups[0].id);
		json_set_str(who, "group_name", c->user.groups[0].name);
	}
	return who;
}
