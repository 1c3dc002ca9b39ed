#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "base/mem.h"
#include "base/str.h"
#include "rpc/throttle.h"

#define KEY_SIZE 160

struct row {
	char key[KEY_SIZE];
	int failed;
	int64_t last_ms;
	int64_t until_ms;
};

struct throttle {
	struct row *rows; /* THROTTLE_ROWS_MAX */
	size_t count;
};

struct throttle *throttle_new(void)
{
	struct throttle *t = xcalloc(1, sizeof(*t));

	t->rows = xcalloc(THROTTLE_ROWS_MAX, sizeof(*t->rows));
	return t;
}

void throttle_free(struct throttle **t)
{
	if (!*t)
		return;
	free((*t)->rows);
	free(*t);
	*t = NULL;
}

/* Whoever has one IPv6 address has 2^64 of them: a /64 counts as one. */
static const char *peer_group(const char *peer, char *buf, size_t size)
{
	struct in6_addr a;

	if (inet_pton(AF_INET6, peer, &a) != 1 || IN6_IS_ADDR_V4MAPPED(&a))
		return peer;
	memset(&a.s6_addr[8], 0, 8);
	return inet_ntop(AF_INET6, &a, buf, (socklen_t)size) ? buf : peer;
}

static void make_key(char key[KEY_SIZE], const char *user, const char *peer)
{
	char group[INET6_ADDRSTRLEN];

	(void)snprintf(key, KEY_SIZE, "%.*s %.80s", 64,
	               peer_group(str_or(peer, "-"), group, sizeof(group)), user);
}

static struct row *find(struct throttle *t, const char *key)
{
	for (size_t i = 0; i < t->count; i++) {
		if (str_eq(t->rows[i].key, key))
			return &t->rows[i];
	}
	return NULL;
}

static void forget_old(struct throttle *t, int64_t now)
{
	for (size_t i = 0; i < t->count;) {
		if (now - t->rows[i].last_ms >= THROTTLE_FORGET_MS)
			t->rows[i] = t->rows[--t->count];
		else
			i++;
	}
}

static struct row *oldest(struct throttle *t)
{
	struct row *old = &t->rows[0];

	for (size_t i = 1; i < t->count; i++) {
		if (t->rows[i].last_ms < old->last_ms)
			old = &t->rows[i];
	}
	return old;
}

static struct row *need(struct throttle *t, const char *key)
{
	struct row *r = find(t, key);

	if (r)
		return r;
	r = t->count < THROTTLE_ROWS_MAX ? &t->rows[t->count++] : oldest(t);
	memset(r, 0, sizeof(*r));
	(void)snprintf(r->key, KEY_SIZE, "%s", key);
	return r;
}

static void count_failure(struct throttle *t, const char *key, int free_tries, int64_t now)
{
	struct row *r = need(t, key);
	int64_t wait = THROTTLE_WAIT_MS;

	r->failed++;
	r->last_ms = now;
	if (r->failed < free_tries)
		return;
	for (int i = free_tries; i < r->failed && wait < THROTTLE_WAIT_MAX; i++)
		wait *= 2;
	r->until_ms = now + (wait < THROTTLE_WAIT_MAX ? wait : THROTTLE_WAIT_MAX);
}

void throttle_failed(struct throttle *t, const char *user, const char *peer, int64_t now)
{
	char key[KEY_SIZE];

	forget_old(t, now);
	make_key(key, user, peer);
	count_failure(t, key, THROTTLE_USER_FREE, now);
	make_key(key, "", peer);
	count_failure(t, key, THROTTLE_PEER_FREE, now);
}

static int64_t row_wait(struct throttle *t, const char *key, int64_t now)
{
	const struct row *r = find(t, key);

	return r && r->until_ms > now ? r->until_ms - now : 0;
}

int64_t throttle_wait(struct throttle *t, const char *user, const char *peer, int64_t now)
{
	char key[KEY_SIZE];
	int64_t mine, all;

	make_key(key, user, peer);
	mine = row_wait(t, key, now);
	make_key(key, "", peer);
	all = row_wait(t, key, now);
	return mine > all ? mine : all;
}

void throttle_succeeded(struct throttle *t, const char *user, const char *peer)
{
	char key[KEY_SIZE];
	struct row *r;

	make_key(key, user, peer);
	r = find(t, key);
	if (r)
		*r = t->rows[--t->count];
}
