#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "monitor/backoff.h"
#include "monitor/lineage.h"
#include "monitor/view.h"

#define NOW 100000

/* A standby "b" that streams from a primary, both seen just now, everything replayed. */
struct world {
	struct arena *arena;
	struct node node;
	struct node_sample standby, primary;
	struct sender_sample sender;
	struct sender_name name;
	struct lag_ring ring;
	struct node_view view;
	struct node_live live;
};

static struct world *world_new(void)
{
	struct arena *a = arena_new();
	struct world *w = ARENA_NEW(a, struct world);

	w->arena = a;
	w->node = (struct node){ .id = 7,
		                 .cluster_id = 2,
		                 .hostname = "b",
		                 .role = ROLE_SLAVE,
		                 .application_name = "tandem_b" };
	w->standby = (struct node_sample){
		.at_ms = NOW,
		.in_recovery = true,
		.readonly = true,
		.received = 0x3000148,
		.replayed = 0x3000148,
		.last_commit_age_ms = 6490,
		.control_timeline = 1,
		.receiver = { .present = true,
		              .status = "streaming",
		              .received = 0x3000148,
		              .latest_end = 0x3000148,
		              .timeline = 1,
		              .message_age_ms = 20 },
	};
	w->sender = (struct sender_sample){ .pid = 5, .state = "streaming" };
	w->name = (struct sender_name){ .pid = 5, .application_name = "tandem_b", .tls = true };
	w->primary = (struct node_sample){ .at_ms = NOW,
		                           .current = 0x3000148,
		                           .senders = &w->sender,
		                           .n_senders = 1,
		                           .names = &w->name,
		                           .n_names = 1 };
	w->view = (struct node_view){ .node = &w->node,
		                      .now_ms = NOW,
		                      .seen_ms = 1,
		                      .reach = REACH_OK,
		                      .sample = &w->standby,
		                      .upstream_known = true,
		                      .upstream_seen = true,
		                      .upstream = &w->primary,
		                      .source = &w->ring,
		                      .source_ms = NOW };
	for (int64_t t = 0; t <= NOW; t += 1000)
		lag_add(&w->ring, 0x3000148, t);
	return w;
}

static void look(struct world *w)
{
	view_node(&w->view, w->arena, &w->live);
}

static void world_free(struct world *w)
{
	struct arena *a = w->arena;

	arena_free(&a);
}

/* Experiment E9. */
static void an_idle_standby_has_no_lag(void **state)
{
	struct world *w = world_new();

	look(w);
	assert_int_equal(w->live.status, HOST_ONLINE);
	assert_string_equal(w->live.message, "Up and running.");
	assert_int_equal(w->live.link, LINK_ONLINE);
	assert_int_equal(w->live.lag_bytes, 0);
	assert_true(w->live.lag_seconds == 0);
	assert_true(w->live.tls_known && w->live.tls);
	assert_true(w->live.role_known && w->live.role == ROLE_SLAVE && w->live.readonly);
	assert_string_equal(w->live.replay_lsn, "0/3000148");
	assert_int_equal(w->live.timeline, 1);
	world_free(w);
}

/* Experiment E13: status "streaming", received = replayed, and yet 1292080 bytes behind. */
static void a_black_hole_is_lag_and_a_stalled_link(void **state)
{
	struct world *w = world_new();

	for (int64_t t = NOW + 1000; t <= NOW + 10000; t += 1000)
		lag_add(&w->ring, 0x3000148 + 1292080, t);
	w->view.now_ms = w->view.source_ms = w->standby.at_ms = NOW + 10000;
	w->standby.receiver.message_age_ms = 10000;
	look(w);
	assert_int_equal(w->live.lag_bytes, 1292080);
	assert_true(w->live.lag_seconds == 10);
	assert_int_equal(w->live.link, LINK_STALLED);
	assert_int_equal(w->live.status, HOST_ONLINE);
	world_free(w);
}

static void a_paused_standby_has_the_age_of_what_it_shows(void **state)
{
	struct world *w = world_new();

	w->standby.is_paused = true;
	look(w);
	assert_int_equal(w->live.link, LINK_PAUSED);
	assert_true(w->live.lag_seconds == 0);
	lag_add(&w->ring, 0x3000148 + 500, NOW + 1000);
	lag_add(&w->ring, 0x3000148 + 500, NOW + 60000);
	w->standby.received = w->standby.receiver.received = 0x3000148 + 500;
	w->view.now_ms = w->view.source_ms = NOW + 60000;
	look(w);
	assert_int_equal(w->live.link, LINK_PAUSED);
	assert_int_equal(w->live.lag_bytes, 500);
	assert_true(w->live.lag_seconds == 60);
	assert_string_equal(w->live.message, "Replay is paused; WAL still arrives.");
	assert_true(w->live.replay_paused);
	world_free(w);
}

static void a_restarted_controller_does_not_call_an_old_pause_fresh(void **state)
{
	struct world *w = world_new();

	w->ring.count = 0;
	lag_add(&w->ring, 0x4000000, NOW - 6000);
	lag_add(&w->ring, 0x4000000, NOW);
	w->standby.is_paused = true;
	w->standby.last_commit_age_ms = 3600000;
	look(w);
	assert_true(w->live.lag_seconds == 3600);
	world_free(w);
}

static void a_source_out_of_sight_makes_lag_unknown_unless_messages_come(void **state)
{
	struct world *w = world_new();

	w->view.upstream_seen = false;
	w->view.now_ms = NOW + 30000;
	w->standby.receiver.message_age_ms = 29000;
	look(w);
	assert_true(w->live.lag_seconds == -1);
	w->standby.receiver.message_age_ms = 10;
	look(w);
	assert_true(w->live.lag_seconds == 0);
	/* and the upstream's word about its position counts */
	w->standby.receiver.latest_end += 100;
	look(w);
	assert_int_equal(w->live.lag_bytes, 100);
	world_free(w);
}

static void failures_have_a_status_and_a_sentence(void **state)
{
	static const struct {
		enum pg_fail fail;
		const char *error;
		bool was_shut_down, peers_see_it;
		enum host_status status;
		const char *message;
	} rows[] = {
		{ PG_FAIL_REFUSED, "Connection refused", false, false, HOST_OFFLINE,
		  "Connection refused." },
		{ PG_FAIL_REFUSED, "Connection refused", true, false, HOST_SHUTDOWN,
		  "The server was shut down." },
		{ PG_FAIL_TIMEOUT, "no answer within 3.0 s", false, false, HOST_OFFLINE,
		  "No answer within 3.0 s." },
		{ PG_FAIL_TIMEOUT, "no connection within 3.0 s", false, true, HOST_OFFLINE,
		  "No connection within 3.0 s. Its replication still runs: only the controller "
		  "cannot reach it." },
		{ PG_FAIL_AUTH, "password authentication failed for user \"m\"", false, false,
		  HOST_FAILED,
		  "The monitoring role cannot log in: Password authentication failed for user "
		  "\"m\"." },
		{ PG_FAIL_STARTING, "the database system is starting up", false, false,
		  HOST_RECOVERY, "Not ready yet: The database system is starting up." },
		{ PG_FAIL_STARTING, "the database system is shutting down", false, false,
		  HOST_SHUTDOWN, "The database system is shutting down." },
		{ PG_FAIL_CLOSED, "", false, false, HOST_OFFLINE, "Server closed the connection." },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_new();

		w->view.reach = REACH_FAILED;
		w->view.fail = rows[i].fail;
		w->view.error = rows[i].error;
		w->view.was_shut_down = rows[i].was_shut_down;
		w->view.peers_see_it = rows[i].peers_see_it;
		look(w);
		assert_int_equal(w->live.status, rows[i].status);
		assert_string_equal(w->live.message, rows[i].message);
		assert_int_equal(w->live.link, LINK_DOWN);
		assert_int_equal(w->live.lag_bytes, -1);
		world_free(w);
	}
}

static void a_node_not_looked_at_is_unknown(void **state)
{
	struct world *w = world_new();

	w->view.reach = REACH_UNKNOWN;
	w->view.sample = NULL;
	look(w);
	assert_int_equal(w->live.status, HOST_UNKNOWN);
	assert_false(w->live.role_known);
	world_free(w);
}

static void only_what_people_see_makes_a_difference(void **state)
{
	struct world *w = world_new();
	struct node_live before;

	look(w);
	before = w->live;
	w->view.seen_ms = 99;
	w->standby.uptime_s = 99;
	look(w);
	assert_true(view_equal(&before, &w->live));
	w->standby.is_paused = true;
	look(w);
	assert_false(view_equal(&before, &w->live));
	world_free(w);
}

static void two_writable_nodes_of_one_lineage_are_found(void **state)
{
	struct node first[] = {
		{ .id = 1, .cluster_id = 1, .hostname = "a", .port = 5432, .role = ROLE_MASTER }
	};
	struct node second[] = {
		{ .id = 2, .cluster_id = 2, .hostname = "b", .port = 5432, .role = ROLE_SLAVE }
	};
	struct node third[] = {
		{ .id = 3, .cluster_id = 3, .hostname = "c", .port = 5432, .role = ROLE_MASTER }
	};
	struct cluster clusters[] = {
		{ .id = 1, .name = "pg", .nodes = first, .n_nodes = 1 },
		{ .id = 2, .name = "dr", .remote_cluster_id = 1, .nodes = second, .n_nodes = 1 },
		{ .id = 3, .name = "other", .nodes = third, .n_nodes = 1 },
	};
	struct cluster_list list = { clusters, 3 };
	struct node_live items[3];
	struct live_list live = { items, 3 };
	struct arena *a = arena_new();

	for (int i = 0; i < 3; i++) {
		node_live_init(&items[i], i + 1, i + 1);
		items[i].status = HOST_ONLINE;
		items[i].role_known = true;
		items[i].role = i == 1 ? ROLE_SLAVE : ROLE_MASTER;
	}
	assert_string_equal(lineage_conflicts(&list, &live, a), "");
	items[1].role = ROLE_MASTER;
	assert_string_equal(
	        lineage_conflicts(&list, &live, a),
	        "cluster 1 and its replicas have 2 writable nodes: a:5432 of cluster 1, "
	        "b:5432 of cluster 2\n");
	items[0].status = HOST_OFFLINE;
	assert_string_equal(lineage_conflicts(&list, &live, a), "");
	arena_free(&a);
}

static void attempts_become_rarer_up_to_a_cap(void **state)
{
	for (int i = 0; i < 100; i++) {
		assert_in_range(backoff_ms(0, true), 375, 625);
		assert_in_range(backoff_ms(50, true), 1500, 2500);
		assert_in_range(backoff_ms(3, false), 3000, 5000);
		assert_in_range(backoff_ms(4000000000u, false), 6000, 10000);
		assert_in_range(backoff_jitter(10), 0, 10);
	}
	assert_int_equal(backoff_jitter(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_standby_has_no_lag),
		cmocka_unit_test(a_black_hole_is_lag_and_a_stalled_link),
		cmocka_unit_test(a_paused_standby_has_the_age_of_what_it_shows),
		cmocka_unit_test(a_restarted_controller_does_not_call_an_old_pause_fresh),
		cmocka_unit_test(a_source_out_of_sight_makes_lag_unknown_unless_messages_come),
		cmocka_unit_test(failures_have_a_status_and_a_sentence),
		cmocka_unit_test(a_node_not_looked_at_is_unknown),
		cmocka_unit_test(only_what_people_see_makes_a_difference),
		cmocka_unit_test(two_writable_nodes_of_one_lineage_are_found),
		cmocka_unit_test(attempts_become_rarer_up_to_a_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
