/* What pg_controldata prints (with LC_ALL=C) about a data directory, running or not. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "pg/lsn.h"
#include "pg/settings.h"

enum control_state {
	CONTROL_UNKNOWN,
	CONTROL_STARTING,
	CONTROL_SHUT_DOWN,
	CONTROL_SHUT_DOWN_IN_RECOVERY,
	CONTROL_SHUTTING_DOWN,
	CONTROL_CRASH_RECOVERY,
	CONTROL_ARCHIVE_RECOVERY,
	CONTROL_PRODUCTION,
};

struct controldata {
	int control_version, catalog_version;
	uint64_t system_identifier;
	enum control_state state;
	pg_lsn checkpoint, redo;
	uint32_t timeline;
	pg_lsn min_recovery_end;
	uint32_t min_recovery_timeline;
	pg_lsn backup_start, backup_end;
	bool backup_end_required;
	bool wal_log_hints;
	char wal_level[16];
	struct floor_settings floors;
	uint32_t wal_segment_size, block_size;
	int checksum_version; /* 0: no data checksums */
};

/* Unknown lines are skipped; ERR_PARSE when a value is malformed or there is no system
 * identifier or state. */
enum err_code controldata_parse(const char *text, struct controldata *out, struct err *e);
/* "shut down", "in production", ... */
const char *control_state_text(enum control_state s);
