#include "base/str.h"
#include "rpc/call.h"

static struct json *ssh_args(const struct obj_ssh_credentials *s)
{
	struct json *ssh = json_object_new();

	if (!s)
		return ssh;
	json_set_str(ssh, "user", s->user_name);
	json_set_str(ssh, "keyfile", s->public_key_file);
	json_set_str(ssh, "password", s->password);
	json_set_str(ssh, "sudo_password", s->sudo_password);
	if (s->has_port)
		json_set_int(ssh, "port", s->port);
	return ssh;
}

static struct json *node_args(const struct req_check_hosts *req)
{
	struct json *nodes = json_array_new();

	for (size_t i = 0; i < req->n_nodes; i++) {
		struct json *node = json_object_new();

		json_set_str(node, "hostname", req->nodes[i].hostname);
		if (req->nodes[i].has_port)
			json_set_int(node, "port", req->nodes[i].port);
		json_append(nodes, node);
	}
	return nodes;
}

static enum err_code checked(struct rpc_call *c, const struct json *result, struct err *e)
{
	struct json *hosts = json_get(result, "checked_hosts");

	if (!json_is_array(hosts))
		return err_set(e, ERR_INTERNAL, "the engine's answer has no checked_hosts");
	json_set(c->out, "checked_hosts", json_ref(hosts));
	json_set_int(c->out, "total", (int64_t)json_len(hosts));
	return ERR_OK;
}

enum err_code op_check_hosts(struct rpc_call *c, const struct req_check_hosts *req, struct err *e)
{
	struct json *args = json_object_new();
	struct json *data = req->job ? json_get(req->job->job_spec, "job_data") : NULL;

	json_set(args, "who", call_who(c));
	json_set(args, "nodes", node_args(req));
	json_set(args, "ssh", ssh_args(req->ssh_credentials));
	json_set_bool(args, "check_if_already_registered",
	              !req->has_check_if_already_registered || req->check_if_already_registered);
	json_set_bool(args, "check_ssh_sudo", !req->has_check_ssh_sudo || req->check_ssh_sudo);
	if (json_is_object(data))
		json_set(args, "job_data", json_ref(data));
	return call_ask(c, "hosts.check", args, checked, e);
}
