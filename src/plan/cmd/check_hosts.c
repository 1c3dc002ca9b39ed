/* check_hosts: can these hosts be used?  Nothing is changed. */
#include "base/str.h"
#include "plan/check.h"
#include "plan/command.h"
#include "plan/doc.h"

static struct json *host_result(const struct json *node, const struct json *all)
{
	struct json *h = json_object_new(), *mine = json_array_new();
	const char *host = json_get_str(node, "hostname");
	const struct json *first = NULL;
	size_t i;

	for (i = 0; i < json_len(all); i++) {
		struct json *x = json_at(all, i);

		if (!str_eq(json_get_str(x, "host"), host))
			continue;
		if (!first && str_eq(json_get_str(x, "severity"), "error"))
			first = x;
		json_append(mine, json_ref(x));
	}
	json_set_str(h, "class_name", "CmonHost");
	json_set_str(h, "hostname", host);
	json_set_int(h, "port", json_get_int(node, "port", 5432));
	json_set_str(h, "ip", json_get_str(node, "ip"));
	json_set_bool(h, "ok", first == NULL);
	json_set_str(h, "status", first ? "failed" : "ok");
	json_set_str(h, "message", first ? json_get_str(first, "text") : "The host can be used.");
	json_set_str(h, "os", json_get_str(json_get(node, "facts"), "os_pretty"));
	json_set(h, "findings", mine);
	return h;
}

enum err_code cmd_check_hosts(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	struct cluster_job j;
	struct findings f;
	struct json *all, *list;
	const struct json *nodes;
	size_t i;

	*is_done = true;
	TRY(cluster_job_init(&j, r, e));
	TRY(cluster_job_gather(&j, false, e));
	findings_init(&f, r->a);
	nodes = json_get(j.doc, "nodes");
	for (i = 0; i < json_len(nodes); i++)
		check_host(j.doc, json_at(nodes, i), &f);
	all = findings_json(&f);
	list = json_array_new();
	for (i = 0; i < json_len(nodes); i++)
		json_append(list, host_result(json_at(nodes, i), all));
	*result = json_object_new();
	json_set(*result, "checked_hosts", list);
	json_free(&all);
	cluster_job_release(&j);
	return ERR_OK;
}
