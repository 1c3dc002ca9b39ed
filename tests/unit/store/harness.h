/* A store in a directory of its own for each test. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypt/seal.h"
#include "store/clusters.h"
#include "store/jobs.h"
#include "store/live.h"
#include "store/store.h"
#include "store/users.h"

struct harness {
	char dir[64];
	struct crypt_key *key;
	struct store *s;
	struct arena *a;
	struct err e;
};

static inline struct store_options harness_options(const struct harness *h, enum store_mode mode)
{
	return (struct store_options){
		.dir = h->dir, .mode = mode, .key = h->key, .group = (gid_t)-1
	};
}

#define assert_ok(h, expr)                                      \
	do {                                                    \
		err_clear(&(h)->e);                             \
		if ((expr) != ERR_OK)                           \
			fail_msg("%s: %s", #expr, (h)->e.text); \
	} while (0)

static inline void harness_open(struct harness *h)
{
	struct store_options o = harness_options(h, STORE_READ_WRITE);

	assert_ok(h, store_open(&o, &h->s, &h->e));
}

static inline int harness_start(void **state)
{
	static const unsigned char bytes[32] = { 7, 7, 7 };
	struct harness *h = xcalloc(1, sizeof(*h));

	snprintf(h->dir, sizeof(h->dir), "/dev/shm/store-XXXXXX");
	if (mkdtemp(h->dir) == NULL)
		return -1;
	h->key = crypt_key_new(bytes);
	h->a = arena_new();
	*state = h;
	harness_open(h);
	return 0;
}

static inline int harness_end(void **state)
{
	static const char *const files[] = { "pgtandem.db",   "pgtandem.db-wal", "pgtandem.db-shm",
		                             "live.db",       "live.db-wal",     "live.db-shm",
		                             "pgtandem.lock", "copy.db" };
	struct harness *h = *state;

	store_close(&h->s);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP(free_str) char *path = xasprintf("%s/%s", h->dir, files[i]);

		unlink(path);
	}
	rmdir(h->dir);
	crypt_key_free(&h->key);
	arena_free(&h->a);
	free(h);
	return 0;
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, harness_start, harness_end)

/* Behind the store's back. */
static inline void harness_sql(const struct harness *h, const char *sql)
{
	CLEANUP(free_str) char *path = xasprintf("%s/pgtandem.db", h->dir);
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static inline struct json *harness_json(const char *text)
{
	struct json *j = NULL;

	assert_int_equal(json_parse(text, strlen(text), &j, NULL), ERR_OK);
	return j;
}

static inline int64_t harness_job(struct harness *h)
{
	struct job j = { .command = "create_cluster", .title = "Create" };
	int64_t id = 0;

	assert_ok(h, store_job_create(h->s, &j, NULL, &id, &h->e));
	return id;
}
