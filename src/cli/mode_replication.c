/* pgtandem replication --list; everything else there is a job. */
#include <stdio.h>

#include "base/macros.h"
#include "base/str.h"
#include "cli/clusters.h"
#include "cli/format.h"
#include "cli/links.h"
#include "cli/modes.h"

#define PLACE_MAX 300

static const struct json *slave_map(const struct json *host)
{
	return json_get(host, "replication_slave");
}

bool link_is(const struct json *host)
{
	return !args_one_of("master|controller", json_get_str(host, "role")) &&
	       !str_empty(json_get_str(slave_map(host), "master_host"));
}

void link_slave(struct table *t, const struct json *host)
{
	char place[PLACE_MAX];

	table_cell(t, TINT_BLUE,
	           clusters_place(json_get_str(host, "hostname"), json_get_int(host, "port", 0),
	                          place, sizeof(place)));
}

void link_master(struct table *t, const struct json *host)
{
	const struct json *map = slave_map(host);
	char place[PLACE_MAX];

	table_cell(t, TINT_BLUE,
	           clusters_place(json_get_str(map, "master_host"),
	                          json_get_int(map, "master_port", 0), place, sizeof(place)));
}

void link_master_cluster(struct table *t, const struct json *host, const char *none)
{
	int64_t cluster = json_get_int(slave_map(host), "master_cluster_id", 0);

	if (cluster > 0)
		table_int(t, TINT_NONE, cluster);
	else
		table_cell(t, TINT_NONE, none);
}

/* A slave that somebody paused is neither ill nor up to date. */
static bool is_paused(const struct json *host)
{
	return str_eq(json_get_str(host, "hoststatus"), "CmonHostOnline") &&
	       str_eq(json_get_str(slave_map(host), "link_state"), "paused");
}

static const char *status_word(const struct json *host)
{
	return is_paused(host) ? "Paused" : clusters_host_status(host);
}

void link_status(struct table *t, const struct json *host)
{
	enum tint tint = clusters_host_tint(json_get_str(host, "hoststatus"));

	table_cell(t, is_paused(host) ? TINT_YELLOW : tint, status_word(host));
}

/* ---- --link-format ---- */

struct link {
	const struct json *cluster, *host;
};

/* Where the master is, when it is in the same cluster. */
static const char *master_position(const struct link *l)
{
	const struct json *hosts = json_get(l->cluster, "hosts");
	const char *master = json_get_str(slave_map(l->host), "master_host");

	for (size_t i = 0; i < json_len(hosts); i++) {
		const struct json *host = json_at(hosts, i);

		if (str_ieq(json_get_str(host, "hostname"), master))
			return json_get_str(json_get(host, "replication_master"), "position");
	}
	return NULL;
}

static bool link_field(void *ctx, char letter, struct strbuf *out)
{
	const struct link *l = ctx;
	const struct json *map = slave_map(l->host);

	switch (letter) {
	case 'c':
		format_value(json_get(l->host, "clusterid"), out);
		return true;
	case 'C':
		strbuf_addf(out, "%lld", (long long)json_get_int(map, "master_cluster_id", -1));
		return true;
	case 'h':
		format_value(json_get(l->host, "hostname"), out);
		return true;
	case 'p':
		format_value(json_get(l->host, "port"), out);
		return true;
	case 'H':
		format_value(json_get(map, "master_host"), out);
		return true;
	case 'P':
		format_value(json_get(map, "master_port"), out);
		return true;
	default:
		break;
	}
	if (letter == 's')
		strbuf_adds(out, status_word(l->host));
	else if (letter == 'd')
		format_value(json_get(map, "seconds_behind_master"), out);
	else if (letter == 'o')
		format_value(json_get(map, "replay_location"), out);
	else if (letter == 'O')
		strbuf_adds(out, str_or(master_position(l), "-"));
	else if (letter == 'm')
		format_value(json_get(map, "slave_io_state"), out);
	else
		return false;
	return true;
}

/* ---- --list ---- */

/* Is the node the one of --slave or --master, or was none given? */
static bool is_place(const struct cli *c, enum cli_option_id id, const char *host, int64_t port)
{
	const struct json *wanted = c->args.values[id].json;

	if (!c->args.values[id].given)
		return true;
	return str_ieq(json_get_str(wanted, "hostname"), host) &&
	       (!json_get(wanted, "port") || json_get_int(wanted, "port", 0) == port);
}

static bool is_wanted(const struct cli *c, const struct json *host)
{
	const struct json *map = slave_map(host);

	return link_is(host) &&
	       is_place(c, OPT_SLAVE, json_get_str(host, "hostname"),
	                json_get_int(host, "port", 0)) &&
	       is_place(c, OPT_MASTER, json_get_str(map, "master_host"),
	                json_get_int(map, "master_port", 0));
}

static void link_row(struct table *t, const struct json *host)
{
	CLEANUP(strbuf_release) struct strbuf lag = STRBUF_INIT;

	format_value(json_get(slave_map(host), "seconds_behind_master"), &lag);
	table_int(t, TINT_NONE, json_get_int(host, "clusterid", 0));
	link_slave(t, host);
	link_master(t, host);
	link_status(t, host);
	link_master_cluster(t, host, "-");
	table_cell(t, TINT_NONE, lag.len ? strbuf_cstr(&lag) : "-");
}

static void print_links(struct cli *c, const struct json *cluster, const char *format,
                        struct table *t, struct strbuf *out)
{
	const struct json *hosts = json_get(cluster, "hosts");

	for (size_t i = 0; i < json_len(hosts); i++) {
		struct link l = { cluster, json_at(hosts, i) };

		if (!is_wanted(c, l.host))
			continue;
		if (format)
			format_print(&c->screen, format, link_field, &l, l.host, out);
		else
			link_row(t, l.host);
	}
}

enum err_code run_replication_list(struct cli *c, int *status, struct err *e)
{
	static const struct table_column columns[] = {
		{ "CID", true },     { "SLAVE", false },          { "MASTER", false },
		{ "STATUS", false }, { "MASTER_CLUSTER", false }, { "LAG", true },
	};
	CLEANUP(json_free) struct json *clusters = NULL;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	CLEANUP(table_free)
	struct table *t = table_new(&c->screen, columns, ARRAY_SIZE(columns));
	const char *format = args_text(&c->args, OPT_LINK_FORMAT);

	TRY(clusters_get(c, false, &clusters, e));
	if (cli_is_json(c))
		return ERR_OK;
	for (size_t i = 0; i < json_len(clusters); i++)
		print_links(c, json_at(clusters, i), format, t, &out);
	if (table_rows(t))
		table_print(t, &out);
	if (!format)
		clusters_total(c, table_rows(t), " replication link(s)", &out);
	screen_flush(&out);
	return ERR_OK;
}
