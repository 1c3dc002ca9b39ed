#include "store/users.h"
#include "base/str.h"
#include "crypt/rsa.h"
#include "rpc/call.h"

enum err_code op_user_whoami(struct rpc_call *c, const struct req_user_whoami *req, struct err *e)
{
	json_set(c->out, "user", user_wire_json(&c->user));
	return ERR_OK;
}

/* Who is no administrator sees himself. */
static enum err_code visible_users(struct rpc_call *c, struct user_list *out, struct err *e)
{
	if (user_is_admin(&c->user))
		return store_user_list(c->rpc->store, c->arena, out, e);
	*out = (struct user_list){ .items = &c->user, .count = 1 };
	return ERR_OK;
}

enum err_code op_user_list(struct rpc_call *c, const struct req_user_list *req, struct err *e)
{
	size_t skip = req->offset > 0 ? (size_t)req->offset : 0;
	size_t left = req->has_limit && req->limit >= 0 ? (size_t)req->limit : SIZE_MAX;
	struct user_list users = { 0 };
	struct json *list;

	TRY(visible_users(c, &users, e));
	list = json_array_new();
	for (size_t i = skip; i < users.count && left > 0; i++, left--)
		json_append(list, user_wire_json(&users.items[i]));
	call_set_list(c, "users", list, (int64_t)users.count);
	return ERR_OK;
}

static struct json *group_names(const struct obj_new_user *u)
{
	struct json *names = json_array_new();

	for (size_t i = 0; i < u->n_groups; i++) {
		if (u->groups[i].group_name)
			json_append_str(names, u->groups[i].group_name);
	}
	return names;
}

/* s9s sends an empty key when it has none. */
static struct json *keys(struct rpc_call *c, const struct obj_new_user *u, struct faults *f)
{
	struct json *list = json_array_new();

	for (size_t i = 0; i < u->n_public_keys; i++) {
		const struct obj_public_key *k = &u->public_keys[i];
		struct json *row;

		if (!k->key)
			continue;
		if (crypt_rsa_check_public(k->key, NULL) != ERR_OK)
			faults_add(f, arena_printf(c->arena, "user.public_keys[%zu].key", i),
			           "must be an RSA public key of 2048 to 8192 bits "
			           "(PEM or ssh-rsa)");
		row = json_object_new();
		json_set_str(row, "name", str_or(k->name, "No Name"));
		json_set_str(row, "key", k->key);
		json_append(list, row);
	}
	return list;
}

static struct json *user_args(struct rpc_call *c, const struct req_user_create *req,
                              struct faults *f)
{
	const struct obj_new_user *u = req->user;
	struct json *args = json_object_new(), *user = json_object_new();

	json_set_str(user, "user_name", u->user_name);
	json_set_str(user, "first_name", u->first_name);
	json_set_str(user, "last_name", u->last_name);
	json_set_str(user, "title", u->title);
	json_set_str(user, "email_address", u->email_address);
	json_set(user, "groups", group_names(u));
	json_set(user, "public_keys", keys(c, u, f));
	json_set(args, "who", call_who(c));
	json_set(args, "user", user);
	json_set_str(args, "password", req->new_password);
	json_set_bool(args, "create_group", req->create_group);
	return args;
}

static enum err_code user_created(struct rpc_call *c, const struct json *result, struct err *e)
{
	int64_t id = json_get_int(result, "user_id", 0);
	struct user user = { 0 };

	TRY(store_user_get(c->rpc->store, id, NULL, c->arena, &user, e));
	json_set(c->out, "user", user_wire_json(&user));
	return ERR_OK;
}

enum err_code op_user_create(struct rpc_call *c, const struct req_user_create *req, struct err *e)
{
	struct faults faults;
	struct json *args;

	faults_init(&faults, c->arena);
	args = user_args(c, req, &faults);
	if (faults_report(&faults, e) != ERR_OK) {
		json_set(c->out, "field_errors", faults_json(&faults));
		json_free(&args);
		return ERR_INVALID;
	}
	return call_ask(c, "user.create", args, user_created, e);
}
