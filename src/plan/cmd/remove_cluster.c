/* remove_cluster: forget a cluster; its servers are left alone, stopped or removed, as asked. */
#include "base/str.h"
#include "model/cluster.h"
#include "plan/clusters.h"
#include "plan/command.h"
#include "plan/plan_create.h"
#include "plan/step.h"

#define SQL_DROP_SLOT                                                                      \
	"select json_build_object('dropped', count(pg_drop_replication_slot(slot_name))) " \
	"from pg_replication_slots where slot_name = :'slot' and not active"

/* A cluster that goes, and what it leaves in others. */
struct removal {
	struct run *run;
	struct cluster cluster, source; /* source.id 0: none */
	struct cluster_list known;
	const char *action; /* leave, stop, remove */
	int group;
};

static enum err_code refuse_if_followed(struct removal *rm, struct err *e)
{
	size_t i;

	for (i = 0; i < rm->known.count; i++)
		if (rm->known.items[i].remote_cluster_id == rm->cluster.id) {
			err_set(e, ERR_REFUSED,
			        "cluster %lld is the master cluster of cluster %lld (%s)",
			        (long long)rm->cluster.id, (long long)rm->known.items[i].id,
			        rm->known.items[i].name);
			return err_hint(e, "drop or detach the slave cluster first");
		}
	return ERR_OK;
}

static void end_server(struct removal *rm, const struct node *n, const char *kind)
{
	struct json *s = step_add(rm->run, ++rm->group, kind, n->hostname);

	step_arg(s, "sysid", rm->cluster.system_identifier);
}

static void end_servers(struct removal *rm)
{
	size_t i = rm->cluster.n_nodes;

	/* followers before those they follow */
	while (i-- > 0) {
		const struct node *n = &rm->cluster.nodes[i];

		clusters_host(rm->run, &rm->cluster, n);
		end_server(rm, n, "stop");
		if (str_eq(rm->action, "remove"))
			end_server(rm, n, "remove");
	}
}

/* The slot and the access rules that the master cluster has for this one. */
static void clean_source(struct removal *rm)
{
	const struct node *bridge = cluster_bridge(&rm->cluster);
	const char *ips[CLUSTER_NODES_MAX], *lines;
	struct json *s;
	size_t i;

	for (i = 0; i < rm->cluster.n_nodes && i < CLUSTER_NODES_MAX; i++)
		ips[i] = rm->cluster.nodes[i].ip;
	lines = plan_hba_lines(rm->run, ips, i, NULL, 0, rm->source.repl.user, NULL, NULL);
	rm->group++;
	for (i = 0; i < rm->source.n_nodes; i++) {
		const struct node *n = &rm->source.nodes[i];

		clusters_host(rm->run, &rm->source, n);
		s = step_add(rm->run, rm->group, "ungrant", n->hostname);
		step_text(s, "s_hba", lines);
		if (!bridge || str_empty(bridge->slot_name))
			continue;
		s = step_add(rm->run, rm->group + 1, "drop_slot", n->hostname);
		step_title(s, "Dropping replication slot %s.", bridge->slot_name);
		step_text(s, "s_sql", SQL_DROP_SLOT);
		step_arg(s, "v_slot", bridge->slot_name);
	}
	rm->group++;
}

static enum err_code plan(struct removal *rm, struct err *e)
{
	struct run *r = rm->run;

	TRY(clusters_get(r, r->cluster_id, &rm->cluster, e));
	TRY(clusters_list(r, &rm->known, e));
	TRY(refuse_if_followed(rm, e));
	if (rm->cluster.remote_cluster_id > 0)
		TRY(clusters_get(r, rm->cluster.remote_cluster_id, &rm->source, e));
	if (str_eq(rm->action, "leave")) {
		run_say(r, "The PostgreSQL servers are left running.");
		if (rm->source.id > 0)
			run_warn(r,
			         "The slave cluster goes on streaming: its slot and access rules "
			         "stay on "
			         "cluster %lld.",
			         (long long)rm->source.id);
	} else {
		end_servers(rm);
		if (rm->source.id > 0)
			clean_source(rm);
	}
	(void)step_add(r, rm->group + 1, "deregister", NULL);
	return ERR_OK;
}

enum err_code cmd_remove_cluster(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	struct removal rm = { .run = r, .action = str_or(run_str(r, "server_action"), "leave") };

	run_say(r, "Verifying job parameters.");
	return plan(&rm, e);
}
