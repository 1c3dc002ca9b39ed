/* SQL texts by version.  Functions are used instead of the statistics views where the view joins
 * more than is asked for: pg_stat_get_wal_senders() costs a busy server a fiftieth of
 * pg_stat_replication. */
#include "base/macros.h"
#include "monitor/probe.h"

#define STATE_COMMON                                                                               \
	"SELECT pg_is_in_recovery() AS in_recovery, "                                              \
	"current_setting('transaction_read_only') AS readonly, "                                   \
	"extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::bigint AS uptime_s, " \
	"(1000 * extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()))::bigint" \
	" AS last_commit_age_ms, "

#define STATE_WAL                                                                         \
	"CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END AS current, "    \
	"CASE WHEN NOT pg_is_in_recovery() THEN "                                         \
	"('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END " \
	"AS timeline, "                                                                   \
	"pg_last_wal_receive_lsn() AS received, pg_last_wal_replay_lsn() AS replayed, "

#define STATE_XLOG                                                                               \
	"CASE WHEN NOT pg_is_in_recovery() THEN pg_current_xlog_location() END AS current, "     \
	"CASE WHEN NOT pg_is_in_recovery() THEN "                                                \
	"('x' || substr(pg_xlogfile_name(pg_current_xlog_location()), 1, 8))::bit(32)::int END " \
	"AS timeline, "                                                                          \
	"pg_last_xlog_receive_location() AS received, "                                          \
	"pg_last_xlog_replay_location() AS replayed, "

#define PAUSE_BY(function)                                           \
	"CASE WHEN NOT pg_is_in_recovery() THEN NULL WHEN " function \
	" THEN 'paused' ELSE 'not paused' END AS pause_state"

#define RECEIVER_AGE                                                                      \
	"(1000 * extract(epoch FROM clock_timestamp() - last_msg_receipt_time))::bigint " \
	"AS message_age_ms, latest_end_lsn AS latest_end, received_tli AS timeline, status"

#define SLOT_COMMON \
	"SELECT slot_name AS name, slot_type = 'physical' AS physical, active, restart_lsn, "

#define NAMES                                                                             \
	"SELECT r.pid, application_name, host(client_addr) AS client_addr, s.ssl AS tls " \
	"FROM pg_stat_replication r LEFT JOIN pg_stat_ssl s ON s.pid = r.pid"

#define IDENTITY                                                                   \
	"SELECT current_setting('server_version') AS version, system_identifier, " \
	"(SELECT timeline_id FROM pg_control_checkpoint()) AS control_timeline "   \
	"FROM pg_control_system()"

/* Newest first: the first row whose version is not above the server's is taken. */
static const struct {
	enum probe_kind kind;
	int since;
	const char *sql;
} texts[] = {
	{ PROBE_STATE, 140000,
	  STATE_COMMON STATE_WAL "CASE WHEN pg_is_in_recovery() THEN "
	                         "pg_get_wal_replay_pause_state() END AS pause_state" },
	{ PROBE_STATE, 100000, STATE_COMMON STATE_WAL PAUSE_BY("pg_is_wal_replay_paused()") },
	{ PROBE_STATE, 90600, STATE_COMMON STATE_XLOG PAUSE_BY("pg_is_xlog_replay_paused()") },

	{ PROBE_RECEIVER, 130000,
	  "SELECT " RECEIVER_AGE ", flushed_lsn AS received, sender_host, sender_port "
	  "FROM pg_stat_wal_receiver" },
	{ PROBE_RECEIVER, 110000,
	  "SELECT " RECEIVER_AGE ", received_lsn AS received, sender_host, sender_port "
	  "FROM pg_stat_wal_receiver" },
	{ PROBE_RECEIVER, 90600,
	  "SELECT " RECEIVER_AGE ", received_lsn AS received, conninfo "
	  "FROM pg_stat_wal_receiver" },

	{ PROBE_SENDERS, 120000,
	  "SELECT pid, state, sent_lsn AS sent, flush_lsn AS flushed, replay_lsn AS replayed, "
	  "(1000 * extract(epoch FROM clock_timestamp() - reply_time))::bigint AS reply_age_ms "
	  "FROM pg_stat_get_wal_senders() ORDER BY pid" },
	{ PROBE_SENDERS, 100000,
	  "SELECT pid, state, sent_lsn AS sent, flush_lsn AS flushed, replay_lsn AS replayed "
	  "FROM pg_stat_get_wal_senders() ORDER BY pid" },
	{ PROBE_SENDERS, 90600,
	  "SELECT pid, state, sent_location AS sent, flush_location AS flushed, "
	  "replay_location AS replayed FROM pg_stat_get_wal_senders() ORDER BY pid" },

	{ PROBE_SLOTS, 130000,
	  SLOT_COMMON "wal_status, safe_wal_size AS safe_bytes, "
	              "pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
	              "ELSE pg_current_wal_lsn() END, restart_lsn)::bigint AS retained_bytes "
	              "FROM pg_get_replication_slots() ORDER BY 1" },
	{ PROBE_SLOTS, 100000,
	  SLOT_COMMON "pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
	              "ELSE pg_current_wal_lsn() END, restart_lsn)::bigint AS retained_bytes "
	              "FROM pg_get_replication_slots() ORDER BY 1" },
	{ PROBE_SLOTS, 90600,
	  SLOT_COMMON "pg_xlog_location_diff(CASE WHEN pg_is_in_recovery() THEN "
	              "pg_last_xlog_replay_location() ELSE pg_current_xlog_location() END, "
	              "restart_lsn)::bigint AS retained_bytes "
	              "FROM pg_get_replication_slots() ORDER BY 1" },

	{ PROBE_NAMES, 90600, NAMES },
	{ PROBE_IDENTITY, 90600, IDENTITY },
};

const char *probe_sql(enum probe_kind k, int version_num)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i].kind == k && version_num >= texts[i].since)
			return texts[i].sql;
	}
	return NULL;
}
