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

static void copy(struct json *to, const struct json *from, const char *key)
{
	struct json *value = json_get(from, key);

	if (!json_is_null(value))
		json_set(to, key, json_ref(value));
}

/* What the check found of one host, in the shape of the public clients; what they do not know
 * (findings, os) comes beside. */
static struct json *host_wire(const struct json *row)
{
	bool ok = json_get_bool(row, "ok", false);
	struct json *wire = json_object_new();
	struct json *host = json_object_new(), *status = json_object_new();

	json_set_str(host, "class_name", "CmonHost");
	copy(host, row, "hostname");
	copy(host, row, "port");
	copy(host, row, "ip");
	json_set_str(status, "error_code", ok ? "HostIsOk" : "HostCheckFailed");
	json_set_str(status, "error_message", json_get_str(row, "message"));
	json_set(wire, "host", host);
	json_set(wire, "status", status);
	copy(wire, row, "os");
	copy(wire, row, "findings");
	return wire;
}

static enum err_code checked(struct rpc_call *c, const struct json *result, struct err *e)
{
	const struct json *rows = json_get(result, "checked_hosts");
	struct json *hosts;

	if (!json_is_array(rows))
		return err_set(e, ERR_INTERNAL, "the engine's answer has no checked_hosts");
	hosts = json_array_new();
	for (size_t i = 0; i < json_len(rows); i++)
		json_append(hosts, host_wire(json_at(rows, i)));
	call_set_list(c, "checked_hosts", hosts, (int64_t)json_len(rows));
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
