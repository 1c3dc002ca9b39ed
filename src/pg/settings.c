#include "pg/settings.h"

#include "base/err.h"
#include "base/str.h"

static const struct {
	const char *name;
	int since; /* the first version whose standbys check it */
} floors[FLOOR_COUNT] = {
	[FLOOR_MAX_CONNECTIONS] = { "max_connections", 0 },
	[FLOOR_MAX_WORKER_PROCESSES] = { "max_worker_processes", 0 },
	[FLOOR_MAX_WAL_SENDERS] = { "max_wal_senders", 120000 },
	[FLOOR_MAX_PREPARED_TRANSACTIONS] = { "max_prepared_transactions", 0 },
	[FLOOR_MAX_LOCKS_PER_TRANSACTION] = { "max_locks_per_transaction", 0 },
};

const char *floor_setting_name(enum floor_setting s)
{
	return floors[s].name;
}

bool floor_settings_set(struct floor_settings *f, const char *name, const char *value)
{
	for (int i = 0; i < FLOOR_COUNT; i++) {
		if (str_eq(floors[i].name, name))
			return str_to_i64(value, 0, INT32_MAX, &f->value[i], NULL) == ERR_OK;
	}
	return false;
}

size_t floor_settings_compare(int version_num, const struct floor_settings *source,
                              const struct floor_settings *standby,
                              struct floor_gap gaps[FLOOR_COUNT])
{
	size_t n = 0;

	for (int i = 0; i < FLOOR_COUNT; i++) {
		int64_t want = source->value[i], have = standby->value[i];

		if (version_num < floors[i].since || want < 0 || have < 0 || have >= want)
			continue;
		gaps[n++] = (struct floor_gap){ (enum floor_setting)i, want, have };
	}
	return n;
}

void floor_settings_raise(const struct floor_settings *a, const struct floor_settings *b,
                          struct floor_settings *out)
{
	for (int i = 0; i < FLOOR_COUNT; i++)
		out->value[i] = a->value[i] > b->value[i] ? a->value[i] : b->value[i];
}
