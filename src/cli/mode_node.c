/* pgtandem node */
#include "base/macros.h"
#include "base/str.h"
#include "cli/clusters.h"
#include "cli/format.h"
#include "cli/modes.h"
#include "cli/nodes.h"
#include "cli/print.h"
#include "cli/table.h"

/* ---- --node-format ---- */

static const struct {
	char letter;
	const char *path; /* member, or "map.member" */
} plain_fields[] = {
	{ 'N', "hostname" },
	{ 'A', "ip" },
	{ 'P', "port" },
	{ 'R', "role" },
	{ 'S', "hoststatus" },
	{ 'T', "nodetype" },
	{ 'D', "datadir" },
	{ 'd', "pidfile" },
	{ 'g', "logfile" },
	{ 'h', "cdt_path" },
	{ 'I', "hostId" },
	{ 'L', "replay_location" },
	{ 'l', "received_location" },
	{ 'M', "message" },
	{ 'O', "owner_user_name" },
	{ 'G', "owner_group_name" },
	{ 'p', "pid" },
	{ 'E', "replication_state" },
	{ 'v', "container_id" },
	{ 'z', "class_name" },
};

static bool made_field(const struct json *host, char letter, struct strbuf *out)
{
	if (letter == 'V')
		node_version(host, out);
	else if (letter == 'r')
		strbuf_adds(out,
		            json_get_bool(host, "readonly", false) ? "read-only" : "read-write");
	else if (letter == 'C')
		node_join(json_get(host, "configfile"), out);
	else if (letter == 'o')
		node_os(host, out);
	else if (letter == 's')
		node_join(json_get(host, "slaves"), out);
	else if (letter == 'b')
		format_value(json_get(json_get(host, "replication_slave"), "master_host"), out);
	else if (letter == 'a')
		strbuf_addc(out, json_get_bool(host, "maintenance_mode_active", false) ? 'M' : '-');
	else if (letter == 'U')
		node_uptime(json_get_int(host, "uptime", 0), out);
	else
		return false;
	return true;
}

static bool node_field(void *ctx, char letter, struct strbuf *out)
{
	const struct json *host = ctx;

	for (size_t i = 0; i < ARRAY_SIZE(plain_fields); i++) {
		if (plain_fields[i].letter != letter)
			continue;
		format_value(json_get(host, plain_fields[i].path), out);
		return true;
	}
	return made_field(host, letter, out);
}

/* ---- which nodes ---- */

/* "role=slave;port=5432": every one has to be so. */
static bool has_properties(const struct cli *c, const struct json *host)
{
	const char *cursor = args_text(&c->args, OPT_PROPERTIES);
	char word[256];

	while (cursor && str_field(&cursor, ";", word, sizeof(word))) {
		CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;
		const char *rest = word;
		char name[128];

		if (str_empty(word))
			continue;
		str_field(&rest, "=", name, sizeof(name));
		format_value(json_get(host, name), &value);
		if (!str_eq(strbuf_cstr(&value), str_or(rest, "")))
			return false;
	}
	return true;
}

static bool is_wanted(const struct cli *c, const struct json *host)
{
	return clusters_wanted(c, json_get_str(host, "hostname")) && has_properties(c, host);
}

/* ---- --list ---- */

static enum tint role_tint(const struct json *host)
{
	return str_eq(json_get_str(host, "role"), "controller") ? TINT_DIM : TINT_BLUE;
}

static void node_row(struct table *t, const struct json *cluster, const struct json *host)
{
	CLEANUP(strbuf_release) struct strbuf version = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf comment = STRBUF_INIT;
	char flags[5];

	node_flags(host, flags);
	node_version(host, &version);
	node_comment(host, &comment);
	table_cell(t, clusters_host_tint(json_get_str(host, "hoststatus")), flags);
	table_cell(t, TINT_NONE, strbuf_cstr(&version));
	table_int(t, TINT_NONE,
	          json_get_int(host, "clusterid", json_get_int(cluster, "cluster_id", 0)));
	table_cell(t, TINT_NONE, json_get_str(cluster, "cluster_name"));
	table_cell(t, role_tint(host), json_get_str(host, "hostname"));
	table_int(t, TINT_NONE, json_get_int(host, "port", 0));
	table_cell(t, TINT_NONE, strbuf_cstr(&comment));
}

struct node_list {
	struct cli *c;
	struct table *table; /* NULL: names in a row */
	const char *format;  /* NULL: none */
	size_t count;
	struct strbuf *out;
};

static void list_node(struct node_list *l, const struct json *cluster, struct json *host)
{
	CLEANUP(strbuf_release) struct strbuf name = STRBUF_INIT;

	l->count++;
	if (l->format) {
		format_print(&l->c->screen, l->format, node_field, host, host, l->out);
	} else if (l->table) {
		node_row(l->table, cluster, host);
	} else {
		if (l->out->len)
			strbuf_addc(l->out, ' ');
		screen_text(&l->c->screen, json_get_str(host, "hostname"), &name);
		screen_tint(&l->c->screen, role_tint(host), strbuf_cstr(&name), l->out);
	}
}

static void list_nodes(struct node_list *l, const struct json *clusters)
{
	for (size_t i = 0; i < json_len(clusters); i++) {
		const struct json *cluster = json_at(clusters, i);
		const struct json *hosts = json_get(cluster, "hosts");

		for (size_t k = 0; k < json_len(hosts); k++)
			if (is_wanted(l->c, json_at(hosts, k)))
				list_node(l, cluster, json_at(hosts, k));
	}
}

enum err_code run_node_list(struct cli *c, int *status, struct err *e)
{
	static const struct table_column columns[] = {
		{ "STAT", false }, { "VERSION", false }, { "CID", true },      { "CLUSTER", false },
		{ "HOST", false }, { "PORT", true },     { "COMMENT", false },
	};
	CLEANUP(json_free) struct json *clusters = NULL;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	CLEANUP(table_free)
	struct table *t = table_new(&c->screen, columns, ARRAY_SIZE(columns));
	bool is_long = cli_flag(c, OPT_LONG);
	const char *key = is_long ? "long_node_format" : "short_node_format";
	struct node_list l = { .c = c, .table = is_long ? t : NULL, .out = &out };

	TRY(clusters_get(c, true, &clusters, e));
	if (cli_is_json(c))
		return ERR_OK;
	l.format = str_or(args_text(&c->args, OPT_NODE_FORMAT), json_get_str(c->config, key));
	list_nodes(&l, clusters);
	if (!l.format && is_long) {
		if (l.count)
			table_print(t, &out);
		clusters_total(c, l.count, "", &out);
	} else if (!l.format && l.count) {
		strbuf_addc(&out, '\n');
	}
	screen_flush(&out);
	return ERR_OK;
}

enum err_code run_node_stat(struct cli *c, int *status, struct err *e)
{
	CLEANUP(json_free) struct json *clusters = NULL;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	TRY(clusters_get(c, true, &clusters, e));
	for (size_t i = 0; i < json_len(clusters); i++) {
		const struct json *cluster = json_at(clusters, i);
		const struct json *hosts = json_get(cluster, "hosts");

		for (size_t k = 0; k < json_len(hosts); k++)
			if (is_wanted(c, json_at(hosts, k)))
				print_node_sheet(&c->screen, cluster, json_at(hosts, k), &out);
	}
	screen_flush(&out);
	return ERR_OK;
}
