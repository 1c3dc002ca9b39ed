#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "monitor/probe.h"

static void take(enum probe_kind k, struct node_sample *s, const char *const *names, int columns,
                 const char *const *values, int rows)
{
	struct pg_result *r = pg_result_make(names, columns, values, rows);

	probe_read(k, r, s);
	pg_result_free(&r);
}

#define TAKE(k, s, names, ...)                                        \
	do {                                                          \
		static const char *const values_[] = { __VA_ARGS__ }; \
                                                                      \
		take(k, s, names, ARRAY_SIZE(names), values_,         \
		     ARRAY_SIZE(values_) / ARRAY_SIZE(names));        \
	} while (0)

static const char *const state_names[] = { "in_recovery",        "readonly", "uptime_s",
	                                   "last_commit_age_ms", "current",  "timeline",
	                                   "received",           "replayed", "pause_state" };

static void every_probe_has_a_text_for_every_version(void **state)
{
	static const int versions[] = { 90600,  90624,  100000, 110005, 120000, 130000,
		                        140000, 150018, 160000, 170002, 180000 };

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		for (int k = 0; k < PROBE_KINDS; k++) {
			const char *sql = probe_sql((enum probe_kind)k, versions[i]);

			assert_non_null(sql);
			/* The names of 9.6 and those of 10 exclude each other. */
			assert_true((versions[i] >= 100000) || strstr(sql, "_wal_l") == NULL);
			assert_true((versions[i] < 100000) || strstr(sql, "xlog") == NULL);
		}
	}
	assert_null(probe_sql(PROBE_STATE, 90500));
	assert_non_null(strstr(probe_sql(PROBE_STATE, 140000), "pg_get_wal_replay_pause_state"));
	assert_null(strstr(probe_sql(PROBE_STATE, 130012), "pg_get_wal_replay_pause_state"));
	assert_null(strstr(probe_sql(PROBE_SLOTS, 120000), "wal_status"));
	assert_null(strstr(probe_sql(PROBE_RECEIVER, 100000), "sender_host"));
}

static void reads_a_primary(void **state)
{
	struct node_sample s = { .in_recovery = true, .receiver = { .present = true } };

	TAKE(PROBE_STATE, &s, state_names, "f", "off", "61", NULL, "0/3000148", "1", NULL, NULL,
	     NULL);
	assert_false(s.in_recovery);
	assert_false(s.readonly);
	assert_int_equal(s.uptime_s, 61);
	assert_int_equal(s.current, 0x3000148);
	assert_int_equal(s.timeline, 1);
	assert_int_equal(s.last_commit_age_ms, -1);
	assert_false(s.is_paused);
	assert_false(s.receiver.present);
	assert_int_equal(sample_timeline(&s), 1);
}

static void reads_a_paused_standby(void **state)
{
	static const char *const names[] = { "status",   "message_age_ms", "latest_end", "timeline",
		                             "received", "sender_host",    "sender_port" };
	struct node_sample s = { 0 };

	TAKE(PROBE_STATE, &s, state_names, "t", "on", "5", "6490", NULL, NULL, "0/3000200",
	     "0/3000148", "paused");
	TAKE(PROBE_RECEIVER, &s, names, "streaming", "120", "0/3000300", "2", "0/3000200",
	     "10.0.1.1", "5433");
	assert_true(s.in_recovery && s.readonly && s.is_paused && !s.pause_requested);
	assert_int_equal(s.replayed, 0x3000148);
	assert_int_equal(s.last_commit_age_ms, 6490);
	assert_true(s.receiver.present);
	assert_string_equal(s.receiver.status, "streaming");
	assert_string_equal(s.receiver.sender_host, "10.0.1.1");
	assert_int_equal(s.receiver.sender_port, 5433);
	assert_int_equal(s.receiver.message_age_ms, 120);
	assert_int_equal(sample_received(&s), 0x3000200);
	assert_int_equal(sample_timeline(&s), 2);
	/* "pause requested" is not "paused" */
	TAKE(PROBE_STATE, &s, state_names, "t", "on", "5", "6490", NULL, NULL, "0/3000200",
	     "0/3000148", "pause requested");
	assert_true(s.pause_requested && !s.is_paused);
	/* no row: the receiver is gone */
	take(PROBE_RECEIVER, &s, names, ARRAY_SIZE(names), NULL, 0);
	assert_false(s.receiver.present);
	assert_int_equal(s.receiver.message_age_ms, -1);
}

static void finds_the_sender_in_the_conninfo_of_old_versions(void **state)
{
	static const char *const names[] = { "status", "conninfo" };
	struct node_sample s = { 0 };

	TAKE(PROBE_RECEIVER, &s, names, "streaming", "user=r host='10.0.1.1' port=5433");
	assert_string_equal(s.receiver.sender_host, "10.0.1.1");
	assert_int_equal(s.receiver.sender_port, 5433);
	TAKE(PROBE_RECEIVER, &s, names, NULL, NULL);
	assert_true(s.receiver.present);
	assert_string_equal(s.receiver.status, "");
}

static void reads_senders_slots_and_identity(void **state)
{
	static const char *const senders[] = { "pid", "state", "sent", "reply_age_ms" };
	static const char *const whos[] = { "pid", "application_name", "client_addr", "tls" };
	static const char *const slots[] = { "name",        "physical",   "active",
		                             "restart_lsn", "wal_status", "retained_bytes" };
	static const char *const identity[] = { "version", "system_identifier",
		                                "control_timeline" };
	struct node_sample s = { 0 };

	assert_false(probe_is_due(PROBE_NAMES, &s, 3));
	TAKE(PROBE_SENDERS, &s, senders, "10", "streaming", "0/10", "5", "11", "catchup", NULL,
	     NULL);
	assert_int_equal(s.n_senders, 2);
	assert_string_equal(s.senders[1].state, "catchup");
	assert_int_equal(s.senders[1].reply_age_ms, -1);
	assert_true(probe_is_due(PROBE_NAMES, &s, 3));
	TAKE(PROBE_NAMES, &s, whos, "10", "a", "10.0.1.2", "t", "11", "b", NULL, "f");
	assert_false(probe_is_due(PROBE_NAMES, &s, 3));
	assert_true(sample_sender_name(&s, 10)->tls);
	assert_string_equal(sample_sender_name(&s, 11)->application_name, "b");
	TAKE(PROBE_SLOTS, &s, slots, "one", "t", "t", "0/8", "reserved", "512", "two", "f", "f",
	     NULL, "lost", NULL);
	assert_int_equal(s.n_slots, 2);
	assert_int_equal(s.slots[0].retained_bytes, 512);
	assert_int_equal(s.slots[1].retained_bytes, -1);
	assert_string_equal(s.slots[1].wal_status, "lost");
	TAKE(PROBE_IDENTITY, &s, identity, "15.18 (Debian 15.18-1)", "7300000000000000001", "3");
	assert_string_equal(s.system_identifier, "7300000000000000001");
	assert_int_equal(s.control_timeline, 3);
	sample_release(&s);
}

static void asks_only_what_is_due(void **state)
{
	struct node_sample primary = { .in_recovery = false }, standby = { .in_recovery = true };

	assert_true(probe_is_due(PROBE_RECEIVER, &primary, 0));
	assert_false(probe_is_due(PROBE_RECEIVER, &primary, 1));
	assert_true(probe_is_due(PROBE_RECEIVER, &standby, 1));
	assert_true(probe_is_due(PROBE_IDENTITY, &primary, 0));
	assert_false(probe_is_due(PROBE_IDENTITY, &primary, 1));
	assert_true(probe_is_due(PROBE_STATE, &primary, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_probe_has_a_text_for_every_version),
		cmocka_unit_test(reads_a_primary),
		cmocka_unit_test(reads_a_paused_standby),
		cmocka_unit_test(finds_the_sender_in_the_conninfo_of_old_versions),
		cmocka_unit_test(reads_senders_slots_and_identity),
		cmocka_unit_test(asks_only_what_is_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
