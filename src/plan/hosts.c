#include "plan/hosts.h"

#include "base/mem.h"
#include "base/str.h"

struct run_host {
	struct run_host *next;
	const char *name;
	struct ssh *ssh;
};

struct json *hosts_row(const struct run *r, const char *name)
{
	return json_get(json_get(r->context, "hosts"), name);
}

struct json *hosts_add(struct run *r, const char *name, const struct ssh_target *target)
{
	struct json *hosts = json_get(r->context, "hosts");
	struct json *row;

	if (!hosts) {
		hosts = json_object_new();
		json_set(r->context, "hosts", hosts);
	}
	row = json_get(hosts, name);
	if (row)
		return row;
	row = json_object_new();
	json_set_str(row, "ssh_user", target->user);
	json_set_str(row, "ssh_keyfile", target->keyfile);
	json_set_int(row, "ssh_port", target->port);
	json_set_str(row, "sudo_password", target->sudo_password);
	json_set(hosts, name, row);
	return row;
}

static struct run_host *find(struct run *r, const char *name)
{
	struct run_host *h;

	for (h = r->hosts; h; h = h->next)
		if (str_eq(h->name, name))
			return h;
	return NULL;
}

static struct run_host *make(struct run *r, const char *name, const struct json *row)
{
	struct run_host *h = ARENA_NEW(r->a, struct run_host);
	struct ssh_target t = {
		.host = name,
		.port = (int)json_get_int(row, "ssh_port", 0),
		.user = json_get_str(row, "ssh_user"),
		.keyfile = json_get_str(row, "ssh_keyfile"),
		.sudo_password = json_get_str(row, "sudo_password"),
		.known_hosts = json_get_str(r->controller, "known_hosts"),
	};

	h->name = arena_strdup(r->a, name);
	h->ssh = ssh_new(&t, r->run_dir, r->n_ssh++);
	h->next = r->hosts;
	r->hosts = h;
	return h;
}

enum err_code hosts_open(struct run *r, struct err *e)
{
	const struct json *hosts = json_get(r->context, "hosts");
	struct ssh **list = ARENA_NEWN(r->a, json_len(hosts) + 1, struct ssh *);
	struct json *row;
	const char *name;
	void *iter = NULL;
	size_t n = 0;

	while (json_next(hosts, &iter, &name, &row)) {
		struct run_host *h = find(r, name);

		if (!h)
			h = make(r, name, row);
		if (ssh_error(h->ssh))
			list[n++] = h->ssh;
	}
	return n > 0 ? ssh_open_all(list, n, e) : ERR_OK;
}

struct ssh *hosts_ssh(struct run *r, const char *name)
{
	const struct json *row = hosts_row(r, name);
	struct run_host *h = find(r, name);

	if (!h && !row)
		return NULL;
	if (!h)
		h = make(r, name, row);
	if (ssh_error(h->ssh))
		(void)ssh_open_all(&h->ssh, 1, NULL);
	return h->ssh;
}

void hosts_close(struct run *r)
{
	struct run_host *h;

	for (h = r->hosts; h; h = h->next)
		ssh_free(&h->ssh);
	r->hosts = NULL;
}

void hosts_call(struct run *r, struct script_call *call, const char *host, const char *script)
{
	call->ssh = hosts_ssh(r, host);
	call->script = script;
	call->events = run_events(r);
}
