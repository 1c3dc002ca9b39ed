#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/mem.h"
#include "model/live.h"
#include "model/user.h"

static struct node n1[] = {
	{ .id = 1, .hostname = "10.0.1.1", .port = 5432, .role = ROLE_MASTER },
	{ .id = 2, .hostname = "10.0.1.2", .port = 5432, .upstream_node_id = 1 },
};
static struct node n2[] = {
	{ .id = 3,
	  .hostname = "10.0.2.1",
	  .port = 5432,
	  .upstream_node_id = 1,
	  .slot_name = "s3",
	  .config_file = "/c/postgresql.conf",
	  .hba_file = "/c/pg_hba.conf" },
	{ .id = 4, .hostname = "10.0.2.2", .port = 5432, .upstream_node_id = 3 },
};
static struct cluster clusters[] = {
	{ .id = 21, .name = "pg_source", .nodes = n1, .n_nodes = 2, .type = CLUSTER_TYPE_SINGLE },
	{ .id = 22, .name = "pg_replica", .nodes = n2, .n_nodes = 2, .remote_cluster_id = 21 },
};
static const struct cluster_list all = { clusters, 2 };

/* How the nodes 1 to 4 are, one letter each: w writable, r read-only standby, s shut down,
 * l off-line, x never seen. */
static void measure(struct node_live live[4], const char *letters)
{
	for (int i = 0; i < 4; i++) {
		node_live_init(&live[i], i < 2 ? 21 : 22, i + 1);
		live[i].status = letters[i] == 'l'   ? HOST_OFFLINE
		                 : letters[i] == 's' ? HOST_SHUTDOWN
		                 : letters[i] == 'x' ? HOST_UNKNOWN
		                                     : HOST_ONLINE;
		live[i].in_recovery = live[i].readonly = letters[i] == 'r';
		live[i].role_known = true;
		live[i].role = letters[i] == 'w' ? ROLE_MASTER : ROLE_SLAVE;
	}
}

static void cluster_state_follows_from_its_nodes(void **state)
{
	static const struct {
		const char *nodes;
		int cluster;
		enum cluster_state state;
		const char *text;
	} cases[] = {
		{ "wrrr", 0, CLUSTER_STARTED, "All nodes are operational." },
		{ "wlrr", 0, CLUSTER_DEGRADED, "Node 10.0.1.2:5432 is not online." },
		{ "wxrr", 0, CLUSTER_DEGRADED, "Node 10.0.1.2:5432 is not online." },
		{ "lrrr", 0, CLUSTER_FAILURE, "No writable node." },
		{ "rrrr", 0, CLUSTER_FAILURE, "No writable node." },
		{ "llrr", 0, CLUSTER_FAILURE, "No writable node." },
		{ "xrrr", 0, CLUSTER_UNKNOWN, "Not every node has been looked at yet." },
		{ "wwrr", 0, CLUSTER_DEGRADED,
		  "More than one node is writable: 10.0.1.1:5432 and 10.0.1.2:5432." },
		{ "ssrr", 0, CLUSTER_STOPPED, "All nodes are shut down." },
		{ "xxrr", 0, CLUSTER_UNKNOWN, "The nodes have not been seen yet." },
		{ "wrrr", 1, CLUSTER_STARTED, "Cluster is a replica of cluster 21." },
		{ "llrr", 1, CLUSTER_STARTED, "Cluster is a replica of cluster 21." },
		{ "wrrl", 1, CLUSTER_DEGRADED, "Node 10.0.2.2:5432 is not online." },
		{ "wrll", 1, CLUSTER_FAILURE, "No node is online." },
		{ "wrwr", 1, CLUSTER_DEGRADED,
		  "Node 10.0.2.1:5432 is writable although the cluster is a replica of cluster "
		  "21." },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct node_live items[4];
		struct live_list live = { items, 4 };
		struct cluster_status got;

		measure(items, cases[i].nodes);
		cluster_status_of(&clusters[cases[i].cluster], &live, &got);
		assert_string_equal(got.text, cases[i].text);
		assert_int_equal(got.state, cases[i].state);
	}
}

static void a_broken_link_is_told_in_the_text(void **state)
{
	struct node_live items[4];
	struct live_list live = { items, 4 };
	struct cluster_status got;

	measure(items, "llrr");
	items[2].link = LINK_BROKEN;
	cluster_status_of(&clusters[1], &live, &got);
	assert_int_equal(got.state, CLUSTER_STARTED);
	assert_string_equal(got.text, "Cluster is a replica of cluster 21. The replication link is "
	                              "broken.");
	items[2].link = LINK_PAUSED;
	cluster_status_of(&clusters[1], &live, &got);
	assert_string_equal(got.text, "Cluster is a replica of cluster 21. Replication is paused.");
	cluster_status_of(&(struct cluster){ .id = 1 }, &live, &got);
	assert_int_equal(got.state, CLUSTER_UNKNOWN);
}

static void measurements_survive_json(void **state)
{
	struct live_slot slots[] = { { "s3", true, true, "0/1000", "reserved", 4096 },
		                     { "s4", false, true, "", "", -1 } };
	struct node_live n = { .node_id = 3,
		               .cluster_id = 22,
		               .status = HOST_RECOVERY,
		               .role_known = true,
		               .role = ROLE_MASTER,
		               .in_recovery = true,
		               .readonly = true,
		               .version = "15.18",
		               .message = "Up and running.",
		               .current_lsn = "0/1",
		               .received_lsn = "0/2",
		               .flush_lsn = "0/3",
		               .replay_lsn = "0/4",
		               .timeline = 3,
		               .lag_bytes = 77,
		               .lag_seconds = 1.5,
		               .replay_paused = true,
		               .receiver_status = "streaming",
		               .sender_host = "10.0.1.1",
		               .sender_port = 5432,
		               .system_identifier = "734",
		               .slots = slots,
		               .n_slots = 2,
		               .link = LINK_CATCHING_UP,
		               .link_text = "why",
		               .tls = true,
		               .tls_known = true,
		               .last_seen = 1795379100123,
		               .pid = 12,
		               .uptime_s = 99 };
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(json_free) struct json *first = node_live_to_json(&n);
	CLEANUP(json_free) struct json *second = NULL;
	CLEANUP(json_free) struct json *nothing = json_object_new();
	struct node_live back;

	assert_int_equal(node_live_from_json(first, a, &back, NULL), ERR_OK);
	second = node_live_to_json(&back);
	assert_true(json_equal(first, second));
	assert_int_equal(back.link, LINK_CATCHING_UP);
	assert_int_equal(back.status, HOST_RECOVERY);
	assert_int_equal(back.slots[1].retained_bytes, -1);
	assert_true(back.lag_seconds == 1.5);
	assert_int_equal(node_live_from_json(nothing, a, &back, NULL), ERR_OK);
	assert_int_equal(back.lag_bytes, -1);
	assert_true(back.lag_seconds == -1);
}

static const struct json *host_at(const struct json *cluster, size_t i)
{
	return json_at(json_get(cluster, "hosts"), i);
}

/* Protocol 9.1, "minimal host map for a c2c head node", and 11.2, 11.3. */
static void the_bridge_is_a_slave_with_its_master_cluster(void **state)
{
	struct node_live items[4];
	struct live_list live = { items, 4 };
	struct wire_view v = { &all, &live, { "cc1", "10.0.0.2", "0.1.0", 9501 }, true };
	CLEANUP(json_free) struct json *j = NULL;
	const struct json *host, *link;

	measure(items, "wrrl");
	items[2].receiver_status = "streaming";
	items[2].lag_seconds = 2.6;
	items[2].replay_lsn = "0/F000148";
	items[2].link = LINK_ONLINE;
	j = cluster_wire_json(&v, &clusters[1]);
	assert_string_equal(json_get_str(j, "cluster_type"), "POSTGRESQL_SINGLE");
	assert_string_equal(json_get_str(j, "state"), "DEGRADED");
	assert_int_equal(json_get_int(j, "cluster_id", 0), 22);
	assert_string_equal(json_get_str(host_at(j, 0), "nodetype"), "controller");
	host = host_at(j, 1);
	assert_int_equal(json_get_int(host, "hostId", 0), 3);
	assert_int_equal(json_get_int(host, "clusterid", 0), 22);
	assert_string_equal(json_get_str(host, "role"), "slave");
	assert_string_equal(json_get_str(host, "hoststatus"), "CmonHostOnline");
	assert_true(json_get_bool(host, "readonly", false));
	assert_string_equal(json_str(json_at(json_get(host, "slaves"), 0)), "10.0.2.2:5432");
	assert_int_equal(json_len(json_get(host, "configfile")), 2);
	link = json_get(host, "replication_slave");
	assert_string_equal(json_get_str(link, "master_host"), "10.0.1.1");
	assert_int_equal(json_get_int(link, "master_port", 0), 5432);
	assert_int_equal(json_get_int(link, "master_cluster_id", 0), 21);
	assert_int_equal(json_get_int(link, "seconds_behind_master", 0), 3);
	assert_string_equal(json_get_str(link, "slave_io_state"), "streaming");
	assert_string_equal(json_get_str(link, "replay_location"), "0/F000148");
	host = host_at(j, 2);
	assert_string_equal(json_get_str(host, "hoststatus"), "CmonHostOffLine");
	assert_null(json_get(json_get(host, "replication_slave"), "master_cluster_id"));
	assert_null(json_get(json_get(host, "replication_slave"), "seconds_behind_master"));
}

static void the_master_lists_followers_in_all_clusters(void **state)
{
	struct node_live items[4];
	struct live_list live = { items, 4 };
	struct wire_view v = { .clusters = &all, .live = &live, .with_hosts = true };
	CLEANUP(json_free) struct json *j = NULL;
	const struct json *slaves;

	measure(items, "wrrr");
	items[0].current_lsn = "0/ABC";
	j = cluster_wire_json(&v, &clusters[0]);
	slaves = json_get(host_at(j, 0), "slaves");
	assert_int_equal(json_len(slaves), 2);
	assert_string_equal(json_str(json_at(slaves, 1)), "10.0.2.1:5432");
	assert_string_equal(json_get_str(host_at(j, 0), "role"), "master");
	assert_null(json_get(host_at(j, 0), "replication_slave"));
	assert_string_equal(json_get_str(json_get(host_at(j, 0), "replication_master"), "position"),
	                    "0/ABC");
}

static void a_promoted_bridge_is_shown_as_it_is(void **state)
{
	struct node_live items[4];
	struct live_list live = { items, 4 };
	struct wire_view v = { .clusters = &all, .live = &live };
	CLEANUP(json_free) struct json *seen = NULL;
	CLEANUP(json_free) struct json *lost = NULL;

	measure(items, "wrwr");
	seen = host_wire_json(&v, &clusters[1], &n2[0]);
	assert_string_equal(json_get_str(seen, "role"), "master");
	items[2].status = HOST_OFFLINE;
	lost = host_wire_json(&v, &clusters[1], &n2[0]);
	assert_string_equal(json_get_str(lost, "role"), "slave");
	assert_null(json_get(lost, "readonly"));
}

static void users_look_as_the_protocol_wants_it(void **state)
{
	struct group groups[] = { { 1, "admins" }, { 2, "users" } };
	struct user u = { .id = 4,
		          .name = "dba",
		          .first_name = "D",
		          .email = "dba@example.com",
		          .groups = groups,
		          .n_groups = 2,
		          .last_login = 1795377720525 };
	CLEANUP(json_free) struct json *j = user_wire_json(&u);

	assert_string_equal(json_get_str(j, "class_name"), "CmonUser");
	assert_int_equal(json_get_int(j, "user_id", 0), 4);
	assert_string_equal(json_get_str(json_at(json_get(j, "groups"), 0), "group_name"),
	                    "admins");
	assert_string_equal(json_get_str(j, "last_login"), "2026-11-22T20:02:00.525Z");
	assert_null(json_get(j, "last_failed_login"));
	assert_true(user_is_admin(&u));
	u.groups++;
	u.n_groups--;
	assert_false(user_is_admin(&u));
}

static void checks_user_names(void **state)
{
	static const char *const bad[] = { NULL, "", "-x", "@x", "a b", "a:b", "a'b", "x\n" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = { 0 };

		assert_int_equal(user_check_name("user", bad[i], &e), ERR_INVALID);
	}
	assert_int_equal(user_check_name("user", "dba.o_brien-2@example.com", NULL), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cluster_state_follows_from_its_nodes),
		cmocka_unit_test(a_broken_link_is_told_in_the_text),
		cmocka_unit_test(measurements_survive_json),
		cmocka_unit_test(the_bridge_is_a_slave_with_its_master_cluster),
		cmocka_unit_test(the_master_lists_followers_in_all_clusters),
		cmocka_unit_test(a_promoted_bridge_is_shown_as_it_is),
		cmocka_unit_test(users_look_as_the_protocol_wants_it),
		cmocka_unit_test(checks_user_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
