/* pgtandem cluster */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/clusters.h"
#include "cli/format.h"
#include "cli/modes.h"
#include "cli/print.h"
#include "cli/request.h"
#include "cli/table.h"

static const char *owner_of(const struct json *cluster)
{
	return str_or(json_get_str(json_get(cluster, "owner"), "user_name"), "-");
}

static const char *group_of(const struct json *cluster)
{
	return str_or(json_get_str(json_get(cluster, "group_owner"), "group_name"), "-");
}

/* ---- --list ---- */

static bool cluster_field(void *ctx, char letter, struct strbuf *out)
{
	static const struct {
		char letter;
		const char *member;
	} members[] = { { 'I', "cluster_id" }, { 'N', "cluster_name" },
		        { 'S', "state" },      { 'T', "cluster_type" },
		        { 'P', "cdt_path" },   { 'C', "configuration_file" },
		        { 'L', "log_file" },   { 'M', "status_text" } };
	const struct json *cluster = ctx;
	const struct json *alarms = json_get(cluster, "alarm_statistics");

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (members[i].letter != letter)
			continue;
		format_value(json_get(cluster, members[i].member), out);
		return true;
	}
	if (letter == 'V')
		strbuf_addf(out, "%s %s", str_or(json_get_str(cluster, "vendor"), "-"),
		            str_or(json_get_str(cluster, "version"), "-"));
	else if (letter == 'O')
		strbuf_adds(out, owner_of(cluster));
	else if (letter == 'G')
		strbuf_adds(out, group_of(cluster));
	else if (letter == 'a')
		strbuf_addf(out, "%lld",
		            (long long)(json_get_int(alarms, "critical", 0) +
		                        json_get_int(alarms, "warning", 0)));
	else if (letter == 'h')
		strbuf_addf(out, "%zu", json_len(json_get(cluster, "hosts")));
	else
		return false;
	return true;
}

static void lower(char *s)
{
	for (; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

static void cluster_row(struct table *t, const struct json *cluster)
{
	const char *state = str_or(json_get_str(cluster, "state"), "UNKNOWN");
	CLEANUP(free_str) char *type = xstrdup(str_or(json_get_str(cluster, "cluster_type"), "-"));

	lower(type);
	table_int(t, TINT_NONE, json_get_int(cluster, "cluster_id", 0));
	table_cell(t, clusters_state_tint(state), state);
	table_cell(t, TINT_NONE, type);
	table_cell(t, TINT_NONE, owner_of(cluster));
	table_cell(t, TINT_NONE, group_of(cluster));
	table_cell(t, TINT_BLUE, json_get_str(cluster, "cluster_name"));
	table_cell(t, TINT_NONE, json_get_str(cluster, "status_text"));
}

static void list_long(struct cli *c, const struct json *clusters, struct strbuf *out)
{
	static const struct table_column columns[] = {
		{ "ID", true },     { "STATE", false }, { "TYPE", false },    { "OWNER", false },
		{ "GROUP", false }, { "NAME", false },  { "COMMENT", false },
	};
	CLEANUP(table_free)
	struct table *t = table_new(&c->screen, columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < json_len(clusters); i++)
		if (clusters_wanted(c, json_get_str(json_at(clusters, i), "cluster_name")))
			cluster_row(t, json_at(clusters, i));
	if (table_rows(t))
		table_print(t, out);
	clusters_total(c, table_rows(t), "", out);
}

static void list_names(struct cli *c, const struct json *clusters, struct strbuf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < json_len(clusters); i++) {
		const char *name = json_get_str(json_at(clusters, i), "cluster_name");
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

		if (!name || !clusters_wanted(c, name))
			continue;
		screen_text(&c->screen, name, &text);
		if (count++)
			strbuf_addc(out, ' ');
		screen_tint(&c->screen, TINT_BLUE, strbuf_cstr(&text), out);
	}
	if (count)
		strbuf_addc(out, '\n');
}

static void list_format(struct cli *c, const char *format, const struct json *clusters,
                        struct strbuf *out)
{
	for (size_t i = 0; i < json_len(clusters); i++) {
		struct json *cluster = json_at(clusters, i);

		if (clusters_wanted(c, json_get_str(cluster, "cluster_name")))
			format_print(&c->screen, format, cluster_field, cluster, cluster, out);
	}
}

enum err_code run_cluster_list(struct cli *c, int *status, struct err *e)
{
	CLEANUP(json_free) struct json *clusters = NULL;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const char *format = args_text(&c->args, OPT_CLUSTER_FORMAT);

	TRY(clusters_get(c, true, &clusters, e));
	if (cli_is_json(c))
		return ERR_OK;
	if (!format && cli_flag(c, OPT_LONG))
		format = json_get_str(c->config, "long_cluster_format");
	if (format)
		list_format(c, format, clusters, &out);
	else if (cli_flag(c, OPT_LONG))
		list_long(c, clusters, &out);
	else
		list_names(c, clusters, &out);
	screen_flush(&out);
	return ERR_OK;
}

/* ---- --stat, --ping ---- */

enum err_code run_cluster_stat(struct cli *c, int *status, struct err *e)
{
	CLEANUP(json_free) struct json *clusters = NULL;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	TRY(clusters_get(c, true, &clusters, e));
	for (size_t i = 0; i < json_len(clusters); i++)
		if (clusters_wanted(c, json_get_str(json_at(clusters, i), "cluster_name")))
			print_cluster_sheet(&c->screen, json_at(clusters, i), &out);
	screen_flush(&out);
	return ERR_OK;
}

enum err_code run_cluster_ping(struct cli *c, int *status, struct err *e)
{
	CLEANUP(json_free) struct json *request = request_new("ping");
	int64_t start;
	const struct json *reply;

	request_fill(request, &c->args);
	TRY(cli_need_login(c, e));
	start = clock_mono_ms();
	TRY(cli_call(c, PATH_CLUSTERS, request, &reply, e));
	if (!cli_is_json(c))
		printf("PING Ok %lld ms\n", (long long)(clock_mono_ms() - start));
	return ERR_OK;
}

/* ---- --check-hosts ---- */

/* With a type it is asked whether a cluster could be made of them, not only whether they answer. */
static void add_check_job(const struct cli_args *a, struct json *request)
{
	static const enum cli_option_id parts[] = { OPT_CLUSTER_TYPE, OPT_VENDOR,
		                                    OPT_PROVIDER_VERSION, OPT_NODES };
	static const char *const members[] = { "cluster_type", "vendor", "version", "nodes" };
	struct json *data = json_object_new();

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (args_given(a, parts[i]))
			json_set(data, members[i], json_ref(a->values[parts[i]].json));
	json_set_bool(data, "deploy_agents", true);
	json_set_bool(request, "check_job", true);
	request_set(request, "job.class_name", json_string_new("CmonJobInstance"));
	request_set(request, "job.job_spec.command", json_string_new("create_cluster"));
	request_set(request, "job.job_spec.job_data", data);
}

static void check_row(struct table *t, const struct json *host)
{
	const struct json *status = json_get(host, "status");
	const char *code = str_or(json_get_str(status, "error_code"), "HostIsOk");
	bool is_ok = str_eq(code, "HostIsOk");

	table_cell(t, TINT_BLUE, json_get_str(json_get(host, "host"), "hostname"));
	table_cell(t, is_ok ? TINT_GREEN : TINT_RED, is_ok ? "SUCCESS" : "FAILURE");
	table_cell(t, TINT_NONE, json_get_str(status, "error_message"));
}

static bool all_ok(const struct json *hosts)
{
	for (size_t i = 0; i < json_len(hosts); i++) {
		const struct json *status = json_get(json_at(hosts, i), "status");

		if (!str_eq(str_or(json_get_str(status, "error_code"), "HostIsOk"), "HostIsOk"))
			return false;
	}
	return true;
}

enum err_code run_check_hosts(struct cli *c, int *status, struct err *e)
{
	static const struct table_column columns[] = { { "HOST", false },
		                                       { "RESULT", false },
		                                       { "COMMENT", false } };
	CLEANUP(json_free) struct json *request = request_new("checkHosts");
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	CLEANUP(table_free)
	struct table *t = table_new(&c->screen, columns, ARRAY_SIZE(columns));
	const struct json *reply, *hosts;

	json_set_bool(request, "check_if_already_registered", true);
	json_set_bool(request, "check_ssh_sudo", true);
	request_set(request, "ssh_credentials.class_name", json_string_new("CmonSshCredentials"));
	request_fill(request, &c->args);
	if (args_given(&c->args, OPT_CLUSTER_TYPE))
		add_check_job(&c->args, request);
	TRY(cli_call(c, "/v2/discovery/", request, &reply, e));
	hosts = json_get(reply, "checked_hosts");
	*status = all_ok(hosts) ? CLI_EXIT_OK : CLI_EXIT_FAILED;
	if (cli_is_json(c))
		return ERR_OK;
	for (size_t i = 0; i < json_len(hosts); i++)
		check_row(t, json_at(hosts, i));
	table_print(t, &out);
	screen_flush(&out);
	return ERR_OK;
}
