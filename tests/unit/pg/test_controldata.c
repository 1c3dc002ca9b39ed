#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "pg/controldata.h"

static const char shut_down[] =
        "pg_control version number:            1300\n"
        "Catalog version number:               202209061\n"
        "Database system identifier:           18446744073709551615\n"
        "Database cluster state:               shut down in recovery\n"
        "pg_control last modified:             Sun 01 Feb 2026 10:00:00 AM UTC\n"
        "Latest checkpoint location:           0/3000028\n"
        "Latest checkpoint's REDO location:    0/3000028\n"
        "Latest checkpoint's REDO WAL file:    000000010000000000000003\n"
        "Latest checkpoint's TimeLineID:       2\n"
        "Latest checkpoint's full_page_writes: on\n"
        "Minimum recovery ending location:     0/30000A0\n"
        "Min recovery ending loc's timeline:   2\n"
        "Backup start location:                0/0\n"
        "Backup end location:                  0/0\n"
        "End-of-backup record required:        no\n"
        "wal_level setting:                    replica\n"
        "wal_log_hints setting:                on\n"
        "max_connections setting:              100\n"
        "max_worker_processes setting:         8\n"
        "max_wal_senders setting:              10\n"
        "max_prepared_xacts setting:           0\n"
        "max_locks_per_xact setting:           64\n"
        "Database block size:                  8192\n"
        "Bytes per WAL segment:                16777216\r\n"
        "Data page checksum version:           1\n"
        "Mock authentication nonce:            00\n";

static void reads_a_data_directory(void **state)
{
	struct controldata c;
	struct err e = { 0 };

	assert_int_equal(controldata_parse(shut_down, &c, &e), ERR_OK);
	assert_int_equal(c.control_version, 1300);
	assert_true(c.system_identifier == UINT64_MAX);
	assert_int_equal(c.state, CONTROL_SHUT_DOWN_IN_RECOVERY);
	assert_string_equal(control_state_text(c.state), "shut down in recovery");
	assert_int_equal(c.checkpoint, 0x3000028);
	assert_int_equal(c.redo, 0x3000028);
	assert_int_equal(c.timeline, 2);
	assert_int_equal(c.min_recovery_end, 0x30000A0);
	assert_int_equal(c.min_recovery_timeline, 2);
	assert_false(c.backup_end_required);
	assert_true(c.wal_log_hints);
	assert_string_equal(c.wal_level, "replica");
	assert_int_equal(c.floors.value[FLOOR_MAX_CONNECTIONS], 100);
	assert_int_equal(c.floors.value[FLOOR_MAX_LOCKS_PER_TRANSACTION], 64);
	assert_int_equal(c.wal_segment_size, 16777216);
	assert_int_equal(c.block_size, 8192);
	assert_int_equal(c.checksum_version, 1);
}

static void refuses_broken_values_and_missing_lines(void **state)
{
	static const char *const rows[] = {
		"",
		"Database system identifier: 5\n",
		"Database system identifier: 18446744073709551616\n"
		"Database cluster state: in production\n",
		"Database system identifier: x\nDatabase cluster state: in production\n",
		"Database system identifier: 5\nDatabase cluster state: asleep\n",
		"Database system identifier: 5\nDatabase cluster state: in production\n"
		"Latest checkpoint location: nowhere\n",
		"Database system identifier: 5\nDatabase cluster state: in production\n"
		"wal_level setting: a level with much too long a name\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct controldata c;
		struct err e = { 0 };

		assert_int_equal(controldata_parse(rows[i], &c, &e), ERR_PARSE);
	}
}

static void reads_the_labels_of_old_versions(void **state)
{
	struct controldata c;
	struct err e = { 0 };

	assert_int_equal(controldata_parse("Database system identifier: 5\n"
	                                   "Database cluster state: in production\n"
	                                   "Current wal_level setting: logical\n",
	                                   &c, &e),
	                 ERR_OK);
	assert_string_equal(c.wal_level, "logical");
	assert_int_equal(c.floors.value[FLOOR_MAX_CONNECTIONS], -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_data_directory),
		cmocka_unit_test(refuses_broken_values_and_missing_lines),
		cmocka_unit_test(reads_the_labels_of_old_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
