#include "cli/clusters.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"
#include "cli/request.h"

static struct json *request_for(const struct cli *c, bool with_sheet)
{
	bool one = args_given(&c->args, OPT_CLUSTER_ID) || args_given(&c->args, OPT_CLUSTER_NAME);
	struct json *request = request_new(one ? "getClusterInfo" : "getAllClusterInfo");

	json_set_bool(request, "with_hosts", true);
	if (!one) {
		json_set_bool(request, "all_pool", false);
		json_set_bool(request, "with_containers", false);
		json_set_bool(request, "with_databases", false);
		json_set_bool(request, "with_sheet_info", with_sheet);
	}
	request_fill(request, &c->args);
	return request;
}

enum err_code clusters_get(struct cli *c, bool with_sheet, struct json **out, struct err *e)
{
	CLEANUP(json_free) struct json *request = request_for(c, with_sheet);
	const struct json *reply;
	struct json *cluster;

	TRY(cli_call(c, PATH_CLUSTERS, request, &reply, e));
	cluster = json_get(reply, "cluster");
	if (!cli_is_json(c) && json_is_array(json_get(reply, "clusters"))) {
		*out = json_ref(json_get(reply, "clusters"));
		return ERR_OK;
	}
	*out = json_array_new();
	if (!cli_is_json(c) && json_is_object(cluster))
		json_append(*out, json_ref(cluster));
	return ERR_OK;
}

bool clusters_wanted(const struct cli *c, const char *name)
{
	for (size_t i = 0; i < c->args.n_operands; i++)
		if (str_ieq(c->args.operands[i], name))
			return true;
	return c->args.n_operands == 0;
}

enum tint clusters_state_tint(const char *state)
{
	if (args_one_of("STARTED|RUNNING", state))
		return TINT_GREEN;
	return args_one_of("FAILED|FAILURE", state) ? TINT_RED : TINT_YELLOW;
}

enum tint clusters_host_tint(const char *hoststatus)
{
	if (str_eq(hoststatus, "CmonHostOnline"))
		return TINT_GREEN;
	return args_one_of("CmonHostFailed|CmonHostOffLine", hoststatus) ? TINT_RED : TINT_YELLOW;
}

const char *clusters_host_status(const struct json *host)
{
	const char *status = str_or(json_get_str(host, "hoststatus"), "Unknown");

	return str_starts(status, "CmonHost") ? status + strlen("CmonHost") : status;
}

const char *clusters_place(const char *host, int64_t port, char *buf, size_t size)
{
	bool six = host && strchr(host, ':');

	snprintf(buf, size, port > 0 ? "%s%s%s:%lld" : "%s%s%s", six ? "[" : "", str_or(host, "-"),
	         six ? "]" : "", (long long)port);
	return buf;
}

void clusters_total(const struct cli *c, size_t count, const char *what, struct strbuf *out)
{
	if (!c->screen.batch)
		strbuf_addf(out, "Total: %zu%s\n", count, what);
}
