/* Settings that a standby must have at least as high as its source, or it stops or pauses.
 * Raise them on standbys first, lower them on the source first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum floor_setting {
	FLOOR_MAX_CONNECTIONS,
	FLOOR_MAX_WORKER_PROCESSES,
	FLOOR_MAX_WAL_SENDERS,
	FLOOR_MAX_PREPARED_TRANSACTIONS,
	FLOOR_MAX_LOCKS_PER_TRANSACTION,
	FLOOR_COUNT,
};

/* Values; -1 is not known and never counts. */
struct floor_settings {
	int64_t value[FLOOR_COUNT];
};

struct floor_gap {
	enum floor_setting setting;
	int64_t source, standby;
};

#define FLOOR_SETTINGS_UNKNOWN                  \
	{                                       \
		.value = { -1, -1, -1, -1, -1 } \
	}

/* "max_connections", ... */
const char *floor_setting_name(enum floor_setting s);
/* From the text of the setting; false for a name that is no floor or a value that is no number. */
bool floor_settings_set(struct floor_settings *f, const char *name, const char *value);
/* Which settings of STANDBY are below SOURCE; returns how many (max_wal_senders counts from
 * version 12 on). */
size_t floor_settings_compare(int version_num, const struct floor_settings *source,
                              const struct floor_settings *standby,
                              struct floor_gap gaps[FLOOR_COUNT]);
/* OUT = per setting the higher of A and B: what a standby of A that has B must get. */
void floor_settings_raise(const struct floor_settings *a, const struct floor_settings *b,
                          struct floor_settings *out);
