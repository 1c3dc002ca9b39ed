#include "cli/print.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/str.h"
#include "cli/clusters.h"
#include "cli/follow.h"
#include "cli/format.h"
#include "cli/links.h"
#include "cli/nodes.h"
#include "cli/sheet.h"
#include "cli/table.h"

void print_acl(const char *acl, struct strbuf *out)
{
	char word[64];

	for (const char *cursor = acl; cursor && str_field(&cursor, ",", word, sizeof(word));) {
		const char *rights = strrchr(word, ':');

		if (rights)
			strbuf_adds(out, rights + 1);
	}
}

static void left(struct sheet *s, const char *label, const struct json *object, const char *member)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	format_value(json_get(object, member), &text);
	sheet_left(s, label, TINT_NONE, strbuf_cstr(&text));
}

static void right(struct sheet *s, const char *label, const struct json *object, const char *member)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	format_value(json_get(object, member), &text);
	sheet_right(s, label, TINT_NONE, strbuf_cstr(&text));
}

static void quoted(struct sheet *s, const char *label, const struct json *object,
                   const char *member)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_addc(&text, '\'');
	node_join(json_get(object, member), &text);
	strbuf_addc(&text, '\'');
	sheet_left(s, label, TINT_NONE, strbuf_cstr(&text));
}

static void acl_and_tags(struct sheet *s, const struct json *object)
{
	CLEANUP(strbuf_release) struct strbuf acl = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf tags = STRBUF_INIT;
	const struct json *list = json_get(object, "tags");

	print_acl(json_get_str(object, "acl"), &acl);
	for (size_t i = 0; i < json_len(list); i++)
		strbuf_addf(&tags, "%s#%s", i ? " " : "", str_or(json_str(json_at(list, i)), ""));
	sheet_right(s, "ACL", TINT_NONE, strbuf_cstr(&acl));
	sheet_left(s, "Tags", TINT_NONE, strbuf_cstr(&tags));
}

/* ---- cluster ---- */

static void cluster_counts(struct sheet *s, const struct json *cluster)
{
	static const struct {
		const char *state, *label;
	} states[] = { { "ABORTED", "abort" }, { "DEFINED", "defnd" },  { "DEQUEUED", "dequd" },
		       { "FAILED", "faild" },  { "FINISHED", "finsd" }, { "RUNNING", "runng" } };
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct json *alarms = json_get(cluster, "alarm_statistics");
	const struct json *jobs = json_get(json_get(cluster, "job_statistics"), "by_state");

	strbuf_addf(&text, "%2lld crit  %2lld warn", (long long)json_get_int(alarms, "critical", 0),
	            (long long)json_get_int(alarms, "warning", 0));
	sheet_left(s, "Alarms", TINT_NONE, strbuf_cstr(&text));
	strbuf_reset(&text);
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		strbuf_addf(&text, "%s%2lld %s", i ? " " : "",
		            (long long)json_get_int(jobs, states[i].state, 0), states[i].label);
	sheet_left(s, "Jobs", TINT_NONE, strbuf_cstr(&text));
}

static void cluster_links(const struct screen *screen, const struct json *cluster,
                          struct strbuf *out)
{
	static const struct table_column columns[] = { { "SLAVE", false },
		                                       { "MASTER", false },
		                                       { "MASTER_CLUSTER", true },
		                                       { "STATUS", false } };
	CLEANUP(table_free)
	struct table *t = table_new(screen, columns, ARRAY_SIZE(columns));
	const struct json *hosts = json_get(cluster, "hosts");

	for (size_t i = 0; i < json_len(hosts); i++) {
		if (!link_is(json_at(hosts, i)))
			continue;
		link_slave(t, json_at(hosts, i));
		link_master(t, json_at(hosts, i));
		link_master_cluster(t, json_at(hosts, i), "-");
		link_status(t, json_at(hosts, i));
	}
	if (!table_rows(t))
		return;
	strbuf_addc(out, '\n');
	table_print(t, out);
}

void print_cluster_sheet(const struct screen *s, const struct json *cluster, struct strbuf *out)
{
	struct sheet sheet = { s, out, 0 };
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const char *state = str_or(json_get_str(cluster, "state"), "UNKNOWN");

	sheet_title(&sheet, str_or(json_get_str(cluster, "cluster_name"), "-"));
	left(&sheet, "Name", cluster, "cluster_name");
	left(&sheet, "CDT path", cluster, "cdt_path");
	left(&sheet, "Class", cluster, "class_name");
	strbuf_addf(&text, "%s/%s",
	            str_or(json_get_str(json_get(cluster, "owner"), "user_name"), "-"),
	            str_or(json_get_str(json_get(cluster, "group_owner"), "group_name"), "-"));
	sheet_right(&sheet, "Owner", TINT_NONE, strbuf_cstr(&text));
	left(&sheet, "ID", cluster, "cluster_id");
	acl_and_tags(&sheet, cluster);
	sheet_left(&sheet, "Status", clusters_state_tint(state), state);
	left(&sheet, "Type", cluster, "cluster_type");
	strbuf_reset(&text);
	strbuf_addf(&text, "%s %s", str_or(json_get_str(cluster, "vendor"), "-"),
	            str_or(json_get_str(cluster, "version"), ""));
	sheet_right(&sheet, "Vendor", TINT_NONE, strbuf_cstr(&text));
	left(&sheet, "Status", cluster, "status_text");
	cluster_counts(&sheet, cluster);
	quoted(&sheet, "Config", cluster, "configuration_file");
	quoted(&sheet, "LogFile", cluster, "log_file");
	sheet_end(&sheet);
	cluster_links(s, cluster, out);
	strbuf_addc(out, '\n');
}

/* ---- node ---- */

static void node_flags_line(struct sheet *s, const struct json *host)
{
	static const struct {
		const char *member, *label;
	} flags[] = { { "connected", "" },
		      { "maintenance_mode_active", "Maintenance" },
		      { "managed", "Managed" },
		      { "node_auto_recovery", "Recovery" },
		      { "skip_name_resolve", "Skip DNS" },
		      { "super_read_only", "SuperReadOnly" } };
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (i)
			strbuf_addf(&text, " %s: ", flags[i].label);
		strbuf_addc(&text, json_get_bool(host, flags[i].member, false) ? 'y' : 'n');
	}
	sheet_left(s, "Connect", TINT_NONE, strbuf_cstr(&text));
}

static void node_seen(struct sheet *s, const struct json *host)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	int64_t seen = json_get_int(host, "lastseen", 0);
	int64_t ago = clock_wall_ms() / 1000 - seen;

	if (seen > 0)
		strbuf_addf(&text, "%lld second%s ago", (long long)(ago < 0 ? 0 : ago),
		            ago == 1 ? "" : "s");
	sheet_left(s, "LastSeen", TINT_NONE, strbuf_cstr(&text));
	strbuf_reset(&text);
	strbuf_addf(&text, "%lld fail(s)", (long long)json_get_int(host, "sshfailcount", 0));
	sheet_right(s, "SSH", TINT_NONE, strbuf_cstr(&text));
}

static void node_process(struct sheet *s, const struct json *host)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%lld  Uptime: ", (long long)json_get_int(host, "pid", 0));
	node_uptime(json_get_int(host, "uptime", 0), &text);
	sheet_left(s, "Pid", TINT_NONE, strbuf_cstr(&text));
	quoted(s, "Config", host, "configfile");
	quoted(s, "LogFile", host, "logfile");
	quoted(s, "PidFile", host, "pidfile");
	quoted(s, "DataDir", host, "datadir");
}

static void node_identity(struct sheet *s, const struct json *cluster, const struct json *host)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	left(s, "Name", host, "hostname");
	left(s, "CDT path", host, "cdt_path");
	left(s, "Class", host, "class_name");
	strbuf_addf(&text, "%s/%s", str_or(json_get_str(host, "owner_user_name"), "-"),
	            str_or(json_get_str(host, "owner_group_name"), "-"));
	sheet_right(s, "Owner", TINT_NONE, strbuf_cstr(&text));
	left(s, "ID", host, "hostId");
	acl_and_tags(s, host);
	left(s, "IP", host, "ip");
	right(s, "Port", host, "port");
	left(s, "Alias", host, "alias");
	strbuf_reset(&text);
	strbuf_addf(&text, "%s (%lld)", str_or(json_get_str(cluster, "cluster_name"), "-"),
	            (long long)json_get_int(cluster, "cluster_id", 0));
	sheet_right(s, "Cluster", TINT_NONE, strbuf_cstr(&text));
}

void print_node_sheet(const struct screen *s, const struct json *cluster, const struct json *host,
                      struct strbuf *out)
{
	struct sheet sheet = { s, out, 0 };
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const char *status = str_or(json_get_str(host, "hoststatus"), "CmonHostUnknown");
	char place[300];

	sheet_title(&sheet, clusters_place(json_get_str(host, "hostname"),
	                                   json_get_int(host, "port", 0), place, sizeof(place)));
	node_identity(&sheet, cluster, host);
	sheet_left(&sheet, "Status", clusters_host_tint(status), status);
	right(&sheet, "Role", host, "role");
	node_os(host, &text);
	sheet_left(&sheet, "OS", TINT_NONE, strbuf_cstr(&text));
	sheet_right(&sheet, "Access", TINT_NONE,
	            json_get_bool(host, "readonly", false) ? "read-only" : "read-write");
	left(&sheet, "VM ID", host, "container_id");
	strbuf_reset(&text);
	node_version(host, &text);
	sheet_left(&sheet, "Version", TINT_NONE, strbuf_cstr(&text));
	strbuf_reset(&text);
	node_comment(host, &text);
	sheet_left(&sheet, "Message", TINT_NONE, strbuf_cstr(&text));
	strbuf_reset(&text);
	node_join(json_get(host, "slaves"), &text);
	sheet_left(&sheet, "Slaves", TINT_NONE, strbuf_cstr(&text));
	node_seen(&sheet, host);
	node_flags_line(&sheet, host);
	node_process(&sheet, host);
	sheet_end(&sheet);
	strbuf_addc(out, '\n');
}

/* ---- job ---- */

static void job_sheet(const struct screen *s, const struct json *job, struct strbuf *out)
{
	static const struct {
		const char *label, *member;
	} times[] = { { "Created", "created" }, { "Started", "started" }, { "Ended", "ended" } };
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct sheet sheet = { s, out, 0 };
	char when[32];

	follow_progress(s, job, out);
	strbuf_addc(out, '\n');
	left(&sheet, "Title", job, "title");
	sheet_left(&sheet, "Command", TINT_NONE,
	           str_or(json_get_str(json_get(job, "job_spec"), "command"), "-"));
	right(&sheet, "Cluster", job, "cluster_id");
	strbuf_addf(&text, "%s/%s", str_or(json_get_str(job, "user_name"), "-"),
	            str_or(json_get_str(job, "group_name"), "-"));
	sheet_left(&sheet, "Owner", TINT_NONE, strbuf_cstr(&text));
	right(&sheet, "From", job, "ip_address");
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		sheet_left(&sheet, times[i].label, TINT_NONE,
		           screen_time(json_get_str(job, times[i].member), when));
	sheet_end(&sheet);
	strbuf_addc(out, '\n');
}

void print_job_sheets(const struct screen *s, const struct json *jobs, struct strbuf *out)
{
	for (size_t i = json_len(jobs); i--;)
		job_sheet(s, json_at(jobs, i), out);
}

/* ---- short answers ---- */

void print_done(const struct cli *c, const struct json *reply, const char *done)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const struct json *messages = json_get(reply, "messages");

	if (cli_is_json(c) || c->screen.batch)
		return;
	for (size_t i = 0; i < json_len(messages); i++) {
		screen_text(&c->screen, json_str(json_at(messages, i)), &out);
		strbuf_addc(&out, '\n');
	}
	strbuf_addf(&out, "%s\n", str_or(json_get_str(reply, "error_string"), done));
	screen_flush(&out);
}
